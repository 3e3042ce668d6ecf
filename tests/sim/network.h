// Connections between peers and the one tracker: in order within a connection, but late, lossy and
// repetitive while the scenario says so. A killed end loses what is on the way to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "compiler/support/hash.h"
#include "compiler/support/rng.h"
#include "rpc/wire/frame.h"
#include "tests/sim/clockwork.h"
#include "tests/sim/scenario.h"

namespace tenon::sim {

struct Envelope {
  std::string peer;
  rpc::Header header;
  rpc::Message message;
};

class Network {
 public:
  using Deliver = std::function<void(const Envelope&)>;
  Network(Clockwork& clockwork, const Scenario& scenario, Rng& rng)
      : clockwork_(clockwork), scenario_(scenario), rng_(rng) {}

  std::string connect(const std::string& owner, Deliver to_peer);
  void disconnect(const std::string& peer) { peers_.erase(peer); }
  void set_tracker(Deliver to_tracker) { to_tracker_ = std::move(to_tracker); }  // null: dead
  void send_to_tracker(const Envelope& envelope) { transport(envelope, true); }
  // False when the connection is gone.
  bool send_to_peer(const Envelope& envelope);
  // Nothing gets through between this owner and the tracker until then, whatever it connects.
  void cut(const std::string& owner, std::int64_t until_ms) { cut_until_ms_[owner] = until_ms; }
  // Of everything delivered so far, with its time.
  std::uint64_t history() const { return history_; }
  bool is_faulty() const { return clockwork_.now_ms() < scenario_.fault_ms; }

 private:
  void transport(const Envelope& envelope, bool is_to_tracker);
  void deliver(const Envelope& envelope, bool is_to_tracker);

  Clockwork& clockwork_;
  const Scenario& scenario_;
  Rng& rng_;
  std::uint64_t next_peer_ = 1;
  std::uint64_t history_ = 0;
  std::map<std::string, Deliver> peers_;
  std::map<std::string, std::string> owners_;
  std::map<std::string, std::int64_t> cut_until_ms_;
  std::map<std::pair<std::string, bool>, std::int64_t> last_arrival_ms_;
  Deliver to_tracker_;
};

}  // namespace tenon::sim
