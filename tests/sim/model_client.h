// A tuner as the protocol wants it: submits one job, adds its batches one after the other, follows
// the results, and starts all over, with the same ids, when it was killed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/model_peer.h"

namespace tenon::sim {

using CandidateName = std::pair<std::uint64_t, std::uint32_t>;  // batch, index

class ModelClient : public ModelPeer {
 public:
  ModelClient(Clockwork& clockwork, Network& network, const Scenario& scenario)
      : ModelPeer(clockwork, network), scenario_(scenario) {}

  std::string key_name() const override { return "tuner"; }
  std::vector<rpc::Role> roles() const override { return {rpc::Role::kSubmitter}; }
  static rpc::Hash job();
  bool is_done() const;
  // By rseq, over all lives.
  const std::map<std::uint64_t, CandidateName>& results() const { return results_; }
  // The first thing that a client must never see, or "".
  const std::string& violation() const { return violation_; }

 private:
  static constexpr std::int64_t kAskAgainMs = 2000;

  void fill(rpc::Hello&) override {}
  void session_opened(const rpc::Welcome& welcome) override;
  void received(const Envelope& envelope) override;
  void forget() override;
  void look_around() override;
  void ask();
  void take(const rpc::Events& events);
  rpc::Add batch(int number) const;

  const Scenario& scenario_;
  bool is_submitted_ = false;
  int num_added_ = 0;
  std::int64_t asked_ms_ = 0;
  std::uint64_t next_rseq_ = 1;
  std::map<std::uint64_t, CandidateName> results_;
  std::string violation_;
};

}  // namespace tenon::sim
