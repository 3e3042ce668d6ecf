// Workloads with real spaces, and a device that is a formula: what it takes is the draft estimate
// times effects the draft does not know, with a little noise that is the same for the same
// candidate.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tuner/search/portfolio.h"
#include "tuner/session/session.h"

namespace tenon {

TuningTask matmul_task(int rows, int columns, int depth);
TuningTask conv_task(int channels, int size);
Target synthetic_target();
TaskSetup setup_of(TuningTask task, std::uint64_t seed);

// 0: the candidate fails.
double synthetic_seconds(const Space& space, const SpacePoint& point);

// A tracker in memory with the synthetic device behind it. Results of a batch come in reverse order
// when `is_reversed`.
class SyntheticTracker final : public Measurer {
 public:
  explicit SyntheticTracker(const std::vector<TuningTask>& tasks, bool is_reversed = false);

  rpc::Accepted submit(const rpc::Submit& request) override;
  void add(const rpc::Add& request) override;
  void subscribe(const rpc::Hash& job, std::uint64_t from_rseq, bool with_traces) override;
  std::optional<rpc::CandidateResult> next_result(int timeout_ms) override;

  // Everything ever added, in order: workload hash and trace.
  std::vector<std::pair<std::string, std::string>> added;
  std::vector<std::uint64_t> limits;  // stop_above_ns of each
  // Results are only given while this is above 0; each takes one.
  std::uint64_t num_allowed = 1u << 30;

 private:
  rpc::CandidateResult measure(const rpc::Add& request, std::size_t index);

  std::map<std::string, std::unique_ptr<TaskSearch>> tasks_;
  bool is_reversed_;
  std::vector<rpc::CandidateResult> results_;
  std::uint64_t next_batch_ = 0;
  std::size_t next_ = 0;
};

}  // namespace tenon
