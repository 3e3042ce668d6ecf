// Where `compile`, `tune` and `best` take schedules from: the best records of a database or an
// exported log for this target, else the analytic seed of the search space.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "compiler/compile.h"
#include "database/records.h"
#include "database/store.h"

namespace tenon::cli {

struct BestRecord {
  std::string trace;
  std::uint64_t rank_ns = 0;
  bool is_stale = false;  // measured with code of another generation
};

// Best schedules by workload hash, of one target, number of threads and device class.
struct BestRecords {
  std::string device_class;  // its hash; empty when there are no records
  std::map<std::string, BestRecord> by_workload;
};

// "" or why a log's record cannot be true: its workload's text has another hash.
std::string check_record(const database::LogRecord& record);

// A record of another device class never wins by accident: of several classes the one that knows
// the most workloads is taken (ties by hash), and only it.
BestRecords best_of_store(const database::Store& store, const std::string& target, int threads);
BestRecords best_of_log(const std::string& path, const std::string& target, int threads);

// The schedule source for compile(): records where there are, else seeds. A record whose trace no
// longer applies is reported on stderr and replaced by the seed.
Schedules schedules_from(BestRecords records, const Target& target, int threads);

}  // namespace tenon::cli
