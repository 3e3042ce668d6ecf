// A worker as the protocol wants it, with made-up builds and runs, and a spool that survives it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/model_peer.h"

namespace tenon::sim {

// What the disk of all tracker lives and the farm know: uploaded artifacts, and every run that was
// ever reported.
struct Farm {
  std::set<rpc::Digest> blobs;
  std::map<std::uint64_t, rpc::Fence> runs;  // first sample, unique -> the attempt that took it
  std::uint64_t next_sample = 1000;
};

class ModelWorker : public ModelPeer {
 public:
  ModelWorker(Clockwork& clockwork, Network& network, Rng& rng, Farm& farm, std::string name)
      : ModelPeer(clockwork, network), rng_(rng), farm_(farm), name_(std::move(name)) {}

  std::string key_name() const override { return name_; }
  std::vector<rpc::Role> roles() const override { return {rpc::Role::kBuild, rpc::Role::kRun}; }
  std::size_t num_spooled() const { return spool_.size(); }

 private:
  static constexpr std::int64_t kResendMs = 2000;
  struct Spooled {
    rpc::Result result;
    std::int64_t sent_ms = 0;
  };

  void fill(rpc::Hello& hello) override;
  void session_opened(const rpc::Welcome& welcome) override;
  void received(const Envelope& envelope) override;
  void forget() override { held_.clear(); }
  void look_around() override;
  void take(const rpc::LeasedTask& task);
  void finish(const rpc::LeasedTask& task);
  rpc::Result build(const rpc::LeasedTask& task);
  rpc::Result run(const rpc::LeasedTask& task);

  Rng& rng_;
  Farm& farm_;
  std::string name_;
  std::map<rpc::Fence, rpc::HeldLease> held_;
  std::map<rpc::Fence, Spooled> spool_;
  std::uint64_t num_beats_ = 0;
};

}  // namespace tenon::sim
