// Tuning records of Apache TVM's MetaSchedule: the pair of files its JSON database writes.
//
//   database_workload.json        a line a workload: ["<structural hash>", "<base64 of its
//   module>"] database_tuning_record.json   a line a record: [workload index, [trace, run seconds
//   or null,
//                                 target or null, args info or null]]
//
// Traces, targets and args are kept byte for byte. Their module graph and structural hash mean
// something to that program alone, and their records name no device class and no protocol: whoever
// brings one in says which workload, target and class it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database/log.h"
#include "database/records.h"

namespace tenon::database {

struct MetaScheduleWorkload {
  std::string structural_hash;  // decimal digits; a hint only, not stable between its versions
  std::string module_base64;
  bool operator==(const MetaScheduleWorkload&) const = default;
};

struct MetaScheduleRecord {
  std::int64_t workload_index = 0;
  std::string trace;             // JSON: [[instructions], [decisions]]
  std::vector<double> run_secs;  // empty: null, never run
  std::string target;            // JSON, or "" for null
  std::string args_info;         // JSON, or "" for null
  bool operator==(const MetaScheduleRecord&) const = default;
  // That program writes 1e10 seconds for a candidate that failed in any way.
  bool has_failed() const;
};

struct MetaScheduleFiles {
  std::vector<MetaScheduleWorkload> workloads;
  std::vector<MetaScheduleRecord> records;
  LogReport workload_report;
  LogReport record_report;
};

// Reads tolerantly: a bad line is counted, named, and hurts no other; but every workload line keeps
// its number, so a bad one leaves an empty workload in its place, and records of it are refused.
// Throws UserError when a file does not exist, IoError when it cannot be read.
MetaScheduleFiles read_metaschedule(const std::string& workload_path,
                                    const std::string& record_path);

// Writes the pair beside it, fsynced, then renames both. Throws IoError.
void write_metaschedule(const std::string& workload_path, const std::string& record_path,
                        const std::vector<MetaScheduleWorkload>& workloads,
                        const std::vector<MetaScheduleRecord>& records);

// Without newline.
std::string print_metaschedule_record(const MetaScheduleRecord& record);

// What a MetaSchedule record does not say.
struct MetaScheduleContext {
  WorkloadRecord workload;
  TargetRecord target;
  DeviceClass device_class;
  int threads = 1;
  std::int64_t measured_ms = 0;
};
// A failed one has outcome internal and no samples. Nothing for a record that was never run.
std::optional<LogRecord> from_metaschedule(const MetaScheduleRecord& record,
                                           const MetaScheduleContext& context);
// One run time, the 10th percentile, so that their mean ranks as ours; 1e10 for a failed one.
MetaScheduleRecord to_metaschedule(const LogRecord& record, std::int64_t workload_index,
                                   const std::string& target_json, const std::string& args_info);

// The texts of the elements of a JSON array or nothing if `text` is not one array. Looks at bytes
// alone: the elements may be anything balanced.
std::optional<std::vector<std::string_view>> json_elements(std::string_view text);

}  // namespace tenon::database
