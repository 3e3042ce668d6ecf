#include "tuner/session/measurer.h"

#include "rpc/net/client.h"

namespace tenon {

rpc::Accepted TrackerMeasurer::submit(const rpc::Submit& request) {
  return client_.submit(request);
}

void TrackerMeasurer::add(const rpc::Add& request) { client_.add(request); }

void TrackerMeasurer::subscribe(const rpc::Hash& job, std::uint64_t from_rseq, bool with_traces) {
  client_.subscribe(job, from_rseq, with_traces);
}

std::optional<rpc::CandidateResult> TrackerMeasurer::next_result(int timeout_ms) {
  return client_.next_result(timeout_ms);
}

}  // namespace tenon
