// One tuning session: proposes candidates of a model's workloads, has them measured, learns, and
// ends with the best trace of each workload. What it decides is in tuner/search (pure); this is the
// shell around it: job, batches, clock, stop.
//
// The job's identity is the hash of what proposals depend on, so running the same session again
// first takes over every earlier result and repeats no measurement.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/support/clock.h"
#include "tuner/session/measurer.h"

namespace tenon {

struct SessionOptions {
  std::vector<TuningTask> tasks;  // static shapes or not; each workload once
  Target target;
  std::uint32_t threads = 1;
  std::uint64_t trials = 0;  // total of the job, earlier sessions included; 0: no limit
  double time_limit_s = 0;   // of this session; 0: no limit
  std::uint64_t seed = 0;
  std::string label;       // of the job, for people
  std::string model_hash;  // identity of the model
  // Of all else that makes it another job: options of the compiler, a fresh job's nonce.
  std::string identity;
  std::vector<std::string> needs;  // labels that a worker must have
  rpc::Protocol protocol;
  std::uint32_t batch_size = 8;
  std::uint32_t batches_in_flight = 2;  // one to build, one to run
  std::string quiet_lock;               // file whose lock is shared while searching; "": none
};

// What a job is, as canonical JSON, and its identity: the hash of that. Limits (trials, time) are
// no part of it.
std::string manifest(const SessionOptions& options);
rpc::Hash job_id(const SessionOptions& options);

enum class StopReason : std::uint8_t { kTrials, kTimeLimit, kConverged, kStopped };
std::string_view name_of(StopReason reason);

struct TaskProgress {
  std::string name;
  std::string workload_hash;
  int num_calls = 1;
  std::int64_t flops = 0;
  std::uint64_t num_trials = 0;
  std::uint64_t num_valid = 0;
  std::uint64_t default_ns = 0;  // of the first seed, which is the untuned schedule; 0: not known
  std::uint64_t best_ns = 0;     // 0: nothing valid yet
  std::string best_trace;        // MetaSchedule JSON; empty: nothing valid yet
  bool is_converged = false;

  double gflops() const {
    return best_ns == 0 ? 0 : static_cast<double>(flops) / static_cast<double>(best_ns);
  }
  double speedup() const {
    if (best_ns == 0 || default_ns == 0) return 0;
    return static_cast<double>(default_ns) / static_cast<double>(best_ns);
  }
};

// Seconds of this session's own time.
struct PhaseSeconds {
  double search = 0;  // proposing: enumeration, draft, ranking
  double learn = 0;   // training the cost model
  double send = 0;    // handing batches to the tracker
  double wait = 0;    // for results
};

struct SessionProgress {
  std::vector<TaskProgress> tasks;  // in the order of the options
  std::uint64_t num_trials = 0;     // results so far, earlier sessions included
  std::uint64_t num_resumed = 0;    // of these, from earlier sessions
  std::uint64_t num_in_flight = 0;
  std::map<std::string, std::uint64_t> outcomes;  // by rpc::name_of(Outcome)
  std::string last_failure;                       // "OUTCOME: what was said", "": there was none
  double elapsed_s = 0;
  double trials_per_second = 0;  // of this session
  double time_left_s = -1;       // the nearer of trials and time limit; -1: not known
  PhaseSeconds phases;
  std::string device_class;  // of the last result
};

struct SessionResult {
  SessionProgress progress;
  StopReason reason = StopReason::kTrials;
  rpc::Hash job;
  bool is_resumed = false;
};

// Called in run()'s thread, after every result and at least every 250 ms.
using ProgressFunction = std::function<void(const SessionProgress&)>;

class Session {
 public:
  // `measurer` and `clock` must outlive it.
  Session(SessionOptions options, Measurer& measurer, const Clock& clock);

  // Runs to the end. When `stop` becomes true it proposes no more, takes what arrives within 5 s
  // and returns with kStopped. Throws what the measurer throws.
  SessionResult run(const std::atomic<bool>& stop, const ProgressFunction& on_progress = {});

 private:
  SessionOptions options_;
  Measurer& measurer_;
  const Clock& clock_;
};

}  // namespace tenon
