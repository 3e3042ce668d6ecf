#include "tuner/cli/worker_time.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "database/store.h"

namespace tenon::cli {
namespace {

using Interval = std::pair<std::int64_t, std::int64_t>;  // [begin, end) in ms

// The length of the union.
double seconds_covered(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end());
  std::int64_t total_ms = 0, covered_ms = 0;
  for (const auto& [begin, end] : intervals) {
    const std::int64_t from_ms = std::max(begin, covered_ms);
    if (end <= from_ms) continue;
    total_ms += end - from_ms;
    covered_ms = end;
  }
  return static_cast<double>(total_ms) * 1e-3;
}

}  // namespace

WorkerTime worker_time(const std::string& database, const rpc::Hash& job, std::int64_t from_ms) {
  database::StoreOptions options;
  options.path = database;
  options.mode = database::StoreMode::kRead;
  const auto store = database::Store::open(options);
  const auto record = store->job_by_key(rpc::to_hex(job));
  if (!record) return {};
  std::vector<Interval> builds, runs;
  for (const database::TaskRecord& task : store->job_tasks(record->id)) {
    for (const database::AttemptRecord& attempt : store->attempts(task.id)) {
      if (attempt.ended_ms <= from_ms) continue;
      auto& list = attempt.role == database::WorkRole::kBuild ? builds : runs;
      list.emplace_back(std::max(attempt.started_ms, from_ms), attempt.ended_ms);
    }
  }
  return {seconds_covered(std::move(builds)), seconds_covered(std::move(runs))};
}

}  // namespace tenon::cli
