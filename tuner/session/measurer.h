// What a tuning session asks of the service, as an interface, so that recorded results and
// synthetic devices can stand in for a tracker.
#pragma once
#include <cstdint>
#include <optional>

#include "rpc/wire/messages.h"

namespace tenon {

namespace rpc {
class Client;
}

// Contracts are those of rpc::Client's methods of the same names.
class Measurer {
 public:
  virtual ~Measurer() = default;
  virtual rpc::Accepted submit(const rpc::Submit& request) = 0;
  virtual void add(const rpc::Add& request) = 0;
  virtual void subscribe(const rpc::Hash& job, std::uint64_t from_rseq, bool with_traces) = 0;
  // The next result in order of rseq; nullopt after timeout_ms.
  virtual std::optional<rpc::CandidateResult> next_result(int timeout_ms) = 0;
};

// Forwards to a tracker; the client must outlive it.
class TrackerMeasurer final : public Measurer {
 public:
  explicit TrackerMeasurer(rpc::Client& client) : client_(client) {}
  rpc::Accepted submit(const rpc::Submit& request) override;
  void add(const rpc::Add& request) override;
  void subscribe(const rpc::Hash& job, std::uint64_t from_rseq, bool with_traces) override;
  std::optional<rpc::CandidateResult> next_result(int timeout_ms) override;

 private:
  rpc::Client& client_;
};

}  // namespace tenon
