#include "tuner/cli/schedules.h"

#include <iostream>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "database/log.h"
#include "tuner/space/space.h"

namespace tenon::cli {
namespace {

using ByClass = std::map<std::string, BestRecords>;

BestRecords most_complete(ByClass classes) {
  BestRecords best;
  for (auto& [hash, records] : classes) {
    if (records.by_workload.size() > best.by_workload.size()) {
      best = std::move(records);
      best.device_class = hash;
    }
  }
  return best;
}

bool is_stale(const database::Measurement& measurement) {
  return measurement.versions.codegen != codegen_version();
}

// nullopt, told on stderr, when a record's trace does not apply to its own workload: it was damaged
// or forged, or a primitive has become stricter.
std::optional<Trace> applicable_trace(const BestRecord& record, const std::string& hash,
                                      const tir::PrimFunc& func) {
  try {
    Trace trace = parse_trace(record.trace);
    tir::TirModule module;
    module.functions.emplace_back("main", func);
    replay(module, trace);
    return trace;
  } catch (const UserError& error) {
    std::cerr << "warning: the recorded schedule of workload " << hash.substr(0, 12)
              << " is left out, it does not apply: " << error.what() << "\n";
    return std::nullopt;
  }
}

}  // namespace

std::string check_record(const database::LogRecord& record) {
  const std::string hash = sha256_hex(record.workload.text);
  if (hash == record.workload.hash) return "";
  return "the workload's text has hash " + hash + ", the record says " + record.workload.hash;
}

BestRecords best_of_store(const database::Store& store, const std::string& target, int threads) {
  const std::string target_hash = database::TargetRecord{target}.hash();
  ByClass classes;
  for (const database::Hash& device_class : store.best_classes(target_hash)) {
    for (const database::Best& best : store.bests(target_hash, device_class)) {
      const database::Measurement& m = best.stored.measurement;
      if (m.threads != threads) continue;
      classes[device_class].by_workload[m.workload] = {best.trace_text, best.stored.q10_ns,
                                                       is_stale(m)};
    }
  }
  return most_complete(std::move(classes));
}

BestRecords best_of_log(const std::string& path, const std::string& target, int threads) {
  const database::LogContents contents = database::read_log(path, check_record);
  for (const database::Reject& reject : contents.report.rejects) {
    std::cerr << path << ":" << reject.line << ": skipped: " << reject.reason << "\n";
  }
  ByClass classes;
  for (const database::LogRecord& record : database::best_records(contents.records)) {
    const database::Measurement& m = record.measurement;
    if (record.target.text != target || m.threads != threads) continue;
    classes[m.device_class].by_workload[m.workload] = {
        record.trace.text, database::statistics(m.samples_ns).q10_ns, is_stale(m)};
  }
  return most_complete(std::move(classes));
}

Schedules schedules_from(BestRecords records, const Target& target, int threads) {
  return [records = std::move(records), target, threads](const std::string& hash,
                                                         const tir::PrimFunc& func) {
    const auto it = records.by_workload.find(hash);
    if (it == records.by_workload.end()) return seed_schedule(func, target, threads);
    std::optional<Trace> trace = applicable_trace(it->second, hash, func);
    if (!trace) return seed_schedule(func, target, threads);
    return ScheduleChoice{std::move(*trace), it->second.is_stale ? "stale" : "record"};
  };
}

}  // namespace tenon::cli
