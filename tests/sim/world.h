// The whole service in one thread on virtual time: the real core and the real database, model
// workers and a model client, and a scenario's faults, all decided by one seed. Invariants are
// checked at every step and at the end.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/support/files.h"
#include "database/store.h"
#include "tests/sim/model_client.h"
#include "tests/sim/model_worker.h"
#include "tracker/core.h"

namespace tenon::sim {

class World {
 public:
  World(const Scenario& scenario, std::uint64_t seed);

  // "" when every invariant held and the job was finished, else what broke, in one line.
  std::string run();
  std::uint64_t history() const { return network_.history(); }
  std::int64_t now_ms() const { return clockwork_.now_ms(); }

 private:
  void plan_faults();
  void start_tracker();
  void kill_tracker();
  void tick();
  void feed(tracker::Event event);
  void carry_out(const tracker::Effect& effect);
  void persist(const tracker::Persist& effect);
  void commit(const tracker::Persist& effect);
  std::optional<tracker::Stored> early_answer(const tracker::Persist& effect);
  void send(const tracker::Send& effect);
  void check_sent(const rpc::Message& message);
  void check_acknowledged(const rpc::ResultAck& ack);
  void check_end();
  bool is_quiet() const;
  tracker::Now now() const { return {clockwork_.now_ms(), 1700000000000 + clockwork_.now_ms()}; }
  void violate(const std::string& what);

  Scenario scenario_;
  Rng rng_;
  Clockwork clockwork_;
  Network network_;
  Farm farm_;
  TempDir dir_;
  std::vector<std::unique_ptr<ModelWorker>> workers_;
  ModelClient client_;
  std::unique_ptr<database::Store> store_;
  std::unique_ptr<tracker::State> state_;
  std::uint64_t tracker_life_ = 0;
  std::uint64_t num_early_ = 0;
  std::int64_t disk_full_until_ms_ = 0;
  std::int64_t last_commit_ms_ = 0;
  std::int64_t last_told_ms_ = 0;
  std::set<rpc::Fence> granted_;
  std::string violation_;
};

}  // namespace tenon::sim
