#include "tuner/session/session.h"

#include <nlohmann/json.hpp>
#include <set>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "tuner/session/session_run.h"
#include "tuner/space/space.h"

namespace tenon {

std::string manifest(const SessionOptions& options) {
  nlohmann::ordered_json text;
  text["version"] = 1;
  text["model"] = options.model_hash;
  text["target"] = to_string(options.target);
  text["threads"] = options.threads;
  text["seed"] = options.seed;
  text["space"] = kSpaceVersion;
  text["options"] = options.identity;
  text["batch"] = {options.batch_size, options.batches_in_flight};
  for (const TuningTask& task : options.tasks) {
    text["tasks"].push_back({task.workload_hash, task.num_calls});
  }
  return text.dump();
}

rpc::Hash job_id(const SessionOptions& options) { return rpc::sha256(manifest(options)); }

std::string_view name_of(StopReason reason) {
  switch (reason) {
    case StopReason::kTrials:
      return "trials";
    case StopReason::kTimeLimit:
      return "time limit";
    case StopReason::kConverged:
      return "converged";
    case StopReason::kStopped:
      return "stopped";
  }
  CHECK(false) << "no name for stop reason " << static_cast<int>(reason);
  return "";
}

Session::Session(SessionOptions options, Measurer& measurer, const Clock& clock)
    : options_(std::move(options)), measurer_(measurer), clock_(clock) {
  CHECK(options_.batch_size > 0 && options_.batches_in_flight > 0) << "batches of nothing";
  std::set<std::string> known;
  for (const TuningTask& task : options_.tasks) {
    CHECK(known.insert(task.workload_hash).second) << task.workload_hash << " is there twice";
  }
}

SessionResult Session::run(const std::atomic<bool>& stop, const ProgressFunction& on_progress) {
  return SessionRun(options_, measurer_, clock_, stop, on_progress).run();
}

}  // namespace tenon
