// The inside of Session::run(): what one run knows. Batches are numbered 0, 1, 2 ... in the job;
// batch n is proposed when every batch up to n - batches_in_flight is consumed, and no result
// beyond that, so proposals depend on results alone, never on when they arrive.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tuner/search/portfolio.h"
#include "tuner/session/session.h"

namespace tenon {

class SessionRun {
 public:
  SessionRun(const SessionOptions& options, Measurer& measurer, const Clock& clock,
             const std::atomic<bool>& stop, const ProgressFunction& on_progress);
  SessionResult run();

 private:
  struct Batch {
    std::uint64_t number = 0;
    std::vector<Proposal> proposals;
    std::vector<std::optional<rpc::CandidateResult>> results;
    std::size_t num_consumed = 0;
    bool is_consumed() const { return num_consumed == proposals.size(); }
  };

  void open();
  void take_history(const rpc::Accepted& accepted);
  void consume_history(const rpc::CandidateResult& result);
  StopReason tune();
  // False when there is nothing to propose, now or ever.
  bool send_batch();
  void send(const Batch& batch);
  // Waits for one result, at most until `deadline_ns`; false when none came.
  bool receive(std::int64_t deadline_ns);
  // Consumes results in trial order, up to the end of the oldest batch.
  void consume_ready();
  void count(std::size_t task, const rpc::CandidateResult& result, bool is_default);
  std::optional<StopReason> why_stop() const;
  void drain(StopReason reason);
  void report();

  double seconds_since(std::int64_t start_ns) const {
    return static_cast<double>(clock_.monotonic_ns() - start_ns) * 1e-9;
  }

  const SessionOptions& options_;
  Measurer& measurer_;
  const Clock& clock_;
  const std::atomic<bool>& stop_;
  const ProgressFunction& on_progress_;
  const std::int64_t start_ns_;
  rpc::Hash job_;
  std::unique_ptr<Portfolio> portfolio_;
  std::unordered_map<std::string, std::size_t> task_of_;  // by workload hash
  std::deque<Batch> in_flight_;
  std::uint64_t next_batch_ = 0;
  std::uint64_t num_sent_ = 0;  // trials of the job, those in flight included
  std::int64_t last_result_ns_ = 0;
  SessionProgress progress_;
  bool is_resumed_ = false;
};

}  // namespace tenon
