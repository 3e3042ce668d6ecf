#include "tuner/session/session_run.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr std::int64_t kNs = 1'000'000'000;
constexpr std::int64_t kDrainNs = 5 * kNs;
constexpr std::int64_t kHistoryPatienceNs = 30 * kNs;
constexpr std::int64_t kPatienceNs = 600 * kNs;
constexpr int kTickMs = 250;
const std::vector<std::uint64_t> kInputSeeds = {1, 2};

// Shares the worker's quiet lock: searching waits while measuring needs all cores.
class Quiet {
 public:
  explicit Quiet(const std::string& path) {
    if (path.empty()) return;
    file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file_.is_open()) throw_io_error("open the quiet lock " + path, errno);
    while (::flock(file_.get(), LOCK_SH) != 0) {
      if (errno != EINTR) throw_io_error("share the quiet lock " + path, errno);
    }
  }

 private:
  Descriptor file_;
};

Verdict verdict_of(rpc::Outcome outcome) {
  if (outcome == rpc::Outcome::kOk) return Verdict::kValid;
  return rpc::blame_of(outcome) == rpc::Blame::kCandidate ? Verdict::kInvalid : Verdict::kUnknown;
}

double seconds_of(const rpc::CandidateResult& result) {
  return static_cast<double>(result.rank_ns) * 1e-9;
}

}  // namespace

SessionRun::SessionRun(const SessionOptions& options, Measurer& measurer, const Clock& clock,
                       const std::atomic<bool>& stop, const ProgressFunction& on_progress)
    : options_(options),
      measurer_(measurer),
      clock_(clock),
      stop_(stop),
      on_progress_(on_progress),
      start_ns_(clock.monotonic_ns()),
      job_(job_id(options)) {
  for (std::size_t i = 0; i < options_.tasks.size(); ++i) {
    const TuningTask& task = options_.tasks[i];
    task_of_[task.workload_hash] = i;
    TaskProgress progress;
    progress.name = task.name;
    progress.workload_hash = task.workload_hash;
    progress.num_calls = task.num_calls;
    progress.flops = task.flops;
    progress_.tasks.push_back(std::move(progress));
  }
}

SessionResult SessionRun::run() {
  open();
  const StopReason reason = tune();
  drain(reason);
  report();
  return {progress_, reason, job_, is_resumed_};
}

void SessionRun::open() {
  const std::int64_t start = clock_.monotonic_ns();
  std::vector<TaskSetup> setups;
  for (const TuningTask& task : options_.tasks) {
    setups.push_back({task, options_.target, static_cast<int>(options_.threads), options_.seed});
  }
  portfolio_ = std::make_unique<Portfolio>(setups);
  progress_.phases.search += seconds_since(start);
  rpc::Submit submit;
  submit.job = job_;
  submit.label = options_.label;
  submit.manifest = manifest(options_);
  submit.needs = options_.needs;
  submit.max_trials = static_cast<std::uint32_t>(options_.trials);
  submit.seeds = kInputSeeds;
  submit.protocol = options_.protocol;
  const rpc::Accepted accepted = measurer_.submit(submit);
  measurer_.subscribe(job_, 1, true);
  is_resumed_ = accepted.num_candidates > 0;
  next_batch_ = accepted.next_batch;
  num_sent_ = accepted.num_candidates;
  last_result_ns_ = clock_.monotonic_ns();
  take_history(accepted);
}

// Everything that the job was ever given, what is still queued included: a candidate is never sent
// twice. What does not come in time (nobody measures) is left; its result still counts when it
// comes.
void SessionRun::take_history(const rpc::Accepted& accepted) {
  std::uint64_t last = 0;
  std::int64_t heard_ns = clock_.monotonic_ns();
  std::vector<rpc::CandidateResult> history;
  while (history.size() < accepted.num_candidates && !stop_) {
    const std::int64_t start = clock_.monotonic_ns();
    auto result = measurer_.next_result(kTickMs);
    progress_.phases.wait += seconds_since(start);
    if (!result) {
      const bool has_all_finished = last >= accepted.last_rseq;
      if (has_all_finished && clock_.monotonic_ns() - heard_ns > kHistoryPatienceNs) break;
      report();
      continue;
    }
    last = result->rseq;
    heard_ns = clock_.monotonic_ns();
    history.push_back(std::move(*result));
  }
  std::stable_sort(history.begin(), history.end(), [](const auto& a, const auto& b) {
    return std::pair{a.batch, a.index} < std::pair{b.batch, b.index};
  });
  for (const rpc::CandidateResult& result : history) consume_history(result);
  last_result_ns_ = clock_.monotonic_ns();
}

void SessionRun::consume_history(const rpc::CandidateResult& result) {
  const auto found = task_of_.find(rpc::to_hex(result.workload));
  ++progress_.num_resumed;
  if (found == task_of_.end()) {
    ++progress_.num_trials;
    return;
  }
  const std::size_t task = found->second;
  const TaskSearch& search = portfolio_->task(task);
  const auto point = search.find(parse_trace(result.trace));
  count(task, result, point && search.is_default(*point));
  if (point) portfolio_->consume(task, *point, verdict_of(result.outcome), seconds_of(result));
}

void SessionRun::count(std::size_t task, const rpc::CandidateResult& result, bool is_default) {
  TaskProgress& progress = progress_.tasks[task];
  ++progress_.num_trials;
  ++progress.num_trials;
  ++progress_.outcomes[std::string(rpc::name_of(result.outcome))];
  if (!result.device_class.empty()) progress_.device_class = result.device_class;
  if (result.outcome != rpc::Outcome::kOk) {
    progress_.last_failure = str_cat(rpc::name_of(result.outcome), ": ", result.detail);
    return;
  }
  ++progress.num_valid;
  if (is_default) progress.default_ns = result.rank_ns;
  if (progress.best_ns == 0 || result.rank_ns < progress.best_ns) {
    progress.best_ns = result.rank_ns;
    progress.best_trace = result.trace;
  }
}

std::optional<StopReason> SessionRun::why_stop() const {
  if (stop_) return StopReason::kStopped;
  if (options_.time_limit_s > 0 && seconds_since(start_ns_) >= options_.time_limit_s) {
    return StopReason::kTimeLimit;
  }
  if (options_.trials > 0 && num_sent_ >= options_.trials) return StopReason::kTrials;
  return std::nullopt;
}

StopReason SessionRun::tune() {
  for (;;) {
    while (in_flight_.size() < options_.batches_in_flight) {
      if (const auto reason = why_stop()) return *reason;
      if (!send_batch()) break;
    }
    if (in_flight_.empty()) return StopReason::kConverged;
    while (!in_flight_.front().is_consumed()) {
      if (const auto reason = why_stop(); reason && *reason != StopReason::kTrials) return *reason;
      receive(clock_.monotonic_ns() + kTickMs * (kNs / 1000));
      consume_ready();
    }
    in_flight_.pop_front();
  }
}

bool SessionRun::send_batch() {
  std::uint64_t count = options_.batch_size;
  if (options_.trials > 0) count = std::min(count, options_.trials - num_sent_);
  Batch batch;
  {
    const Quiet quiet(options_.quiet_lock);
    const std::int64_t start = clock_.monotonic_ns();
    portfolio_->learn();
    progress_.phases.learn += seconds_since(start);
    const std::int64_t trained = clock_.monotonic_ns();
    batch.proposals = portfolio_->propose(count);
    progress_.phases.search += seconds_since(trained);
  }
  if (batch.proposals.empty()) return false;
  batch.number = next_batch_++;
  batch.results.resize(batch.proposals.size());
  send(batch);
  num_sent_ += batch.proposals.size();
  in_flight_.push_back(std::move(batch));
  return true;
}

void SessionRun::send(const Batch& batch) {
  const std::int64_t start = clock_.monotonic_ns();
  rpc::Add add;
  add.job = job_;
  add.batch = batch.number;
  std::unordered_map<std::size_t, std::uint32_t> place_of;
  for (const Proposal& proposal : batch.proposals) {
    const auto [place, is_new] =
        place_of.emplace(proposal.task, static_cast<std::uint32_t>(add.workloads.size()));
    if (is_new) {
      const TuningTask& task = options_.tasks[proposal.task];
      add.workloads.push_back({rpc::hash_from_hex(task.workload_hash), task.workload,
                               to_string(options_.target), options_.threads});
    }
    add.candidates.push_back(
        {place->second, to_json(portfolio_->trace(proposal)), proposal.stop_above_ns});
  }
  measurer_.add(add);
  progress_.phases.send += seconds_since(start);
}

bool SessionRun::receive(std::int64_t deadline_ns) {
  const std::int64_t start = clock_.monotonic_ns();
  const std::int64_t left_ms = std::max<std::int64_t>((deadline_ns - start) / 1'000'000, 0);
  auto result = measurer_.next_result(static_cast<int>(std::min<std::int64_t>(left_ms, kTickMs)));
  progress_.phases.wait += seconds_since(start);
  if (!result) {
    if (clock_.monotonic_ns() - last_result_ns_ > kPatienceNs) {
      throw IoError(str_cat("no result for ", kPatienceNs / kNs, " s: no worker measures for job ",
                            rpc::to_hex(job_)));
    }
    report();
    return false;
  }
  last_result_ns_ = clock_.monotonic_ns();
  const auto batch = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const Batch& known) {
    return known.number == result->batch;
  });
  if (batch == in_flight_.end()) {
    consume_history(*result);  // of an earlier session, late
  } else {
    CHECK(result->index < batch->results.size()) << "a result of candidate " << result->index;
    batch->results[result->index] = std::move(*result);
  }
  return true;
}

void SessionRun::consume_ready() {
  if (in_flight_.empty()) return;
  Batch& batch = in_flight_.front();
  bool is_changed = false;
  while (!batch.is_consumed() && batch.results[batch.num_consumed]) {
    const Proposal& proposal = batch.proposals[batch.num_consumed];
    const rpc::CandidateResult& result = *batch.results[batch.num_consumed];
    count(proposal.task, result, portfolio_->task(proposal.task).is_default(proposal.point));
    portfolio_->consume(proposal.task, proposal.point, verdict_of(result.outcome),
                        seconds_of(result));
    ++batch.num_consumed;
    is_changed = true;
  }
  if (is_changed) report();
}

// Takes what is in flight: all of it after the last trial, as far as the time limit allows, else
// what comes within the grace.
void SessionRun::drain(StopReason reason) {
  std::int64_t deadline_ns = clock_.monotonic_ns() + kDrainNs;
  if (reason == StopReason::kTrials) {
    const double left_s = options_.time_limit_s - seconds_since(start_ns_);
    deadline_ns += options_.time_limit_s > 0
                       ? static_cast<std::int64_t>(std::max(left_s, 0.0) * 1e9)
                       : kPatienceNs;
  }
  while (!in_flight_.empty()) {
    consume_ready();
    if (in_flight_.front().is_consumed()) {
      in_flight_.pop_front();
      continue;
    }
    if (clock_.monotonic_ns() >= deadline_ns) break;
    if (stop_) deadline_ns = std::min(deadline_ns, clock_.monotonic_ns() + kDrainNs);
    receive(deadline_ns);
  }
  // What arrived behind one that did not still counts.
  for (Batch& batch : in_flight_) {
    for (; !batch.is_consumed(); ++batch.num_consumed) {
      const auto& result = batch.results[batch.num_consumed];
      const Proposal& proposal = batch.proposals[batch.num_consumed];
      if (!result) continue;
      count(proposal.task, *result, portfolio_->task(proposal.task).is_default(proposal.point));
    }
  }
}

void SessionRun::report() {
  std::uint64_t in_flight = 0;
  for (const Batch& batch : in_flight_) in_flight += batch.proposals.size() - batch.num_consumed;
  progress_.num_in_flight = in_flight;
  for (std::size_t i = 0; i < progress_.tasks.size(); ++i) {
    progress_.tasks[i].is_converged = portfolio_->task(i).is_done();
  }
  progress_.elapsed_s = seconds_since(start_ns_);
  const auto own = static_cast<double>(progress_.num_trials - progress_.num_resumed);
  progress_.trials_per_second = progress_.elapsed_s > 0 ? own / progress_.elapsed_s : 0;
  progress_.time_left_s = -1;
  if (options_.time_limit_s > 0) {
    progress_.time_left_s = std::max(0.0, options_.time_limit_s - progress_.elapsed_s);
  }
  if (options_.trials > 0 && progress_.trials_per_second > 0) {
    const auto left =
        static_cast<double>(options_.trials) -
        std::min(static_cast<double>(progress_.num_trials), static_cast<double>(options_.trials));
    const double seconds = left / progress_.trials_per_second;
    if (progress_.time_left_s < 0 || seconds < progress_.time_left_s) {
      progress_.time_left_s = seconds;
    }
  }
  if (on_progress_) on_progress_(progress_);
}

}  // namespace tenon
