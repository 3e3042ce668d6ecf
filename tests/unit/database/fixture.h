// Records with made-up but valid content, and a store in a fresh directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/support/files.h"
#include "database/audit.h"
#include "database/records.h"
#include "database/store.h"
#include "database/writes.h"

namespace tenon::database {

// The hash of "NAME".
Hash hash_named(const std::string& name);

WorkloadRecord make_workload(int number);
TargetRecord make_target(const std::string& features = "avx2");
DeviceClass make_class(const std::string& cpu = "cpu-a");
MeasuringProtocol make_protocol();
Environment make_environment();
TraceRecord make_trace(int number);
JobRecord make_job(const std::string& name, std::int64_t max_trials = 100);
NewTask make_task(int workload_number, int trace_number);

// All samples are near `time_ns`; its low quantile is `time_ns`.
LogRecord make_record(int workload_number, int trace_number, std::uint64_t time_ns);
LogRecord make_failure(int workload_number, int trace_number, Outcome outcome,
                       const std::string& error);

// What a run worker would report of task `task_id`, attempt `attempt` of the epoch.
CommitResult make_result(std::int64_t task_id, std::int64_t epoch, std::int64_t attempt,
                         const LogRecord& record);

// A directory with one database.
struct Place {
  TempDir directory{"tenon-db"};
  std::string path = (directory.path() / "tenon.db").string();
  std::string file(const std::string& name) const { return (directory.path() / name).string(); }
};

StoreOptions inline_options(const std::string& path);

// Adds target, class, device "dev-1", protocol, environment and workloads 1 .. num_workloads.
void add_catalogue(Store& store, int num_workloads = 3);

// Adds the job and one batch of `tasks`; gives the first task's id.
struct AddedTasks {
  std::int64_t job_id = 0;
  std::int64_t first_task = 0;
};
AddedTasks add_job_with(Store& store, const std::string& name, const std::vector<NewTask>& tasks);

// The audit's findings as text, "" when all is well.
std::string audit_text(const Store& store);

}  // namespace tenon::database
