#include "tests/unit/database/fixture.h"

#include "compiler/support/hash.h"
#include "compiler/support/text.h"

namespace tenon::database {

Hash hash_named(const std::string& name) { return sha256_hex(name); }

WorkloadRecord make_workload(int number) {
  const std::string text = str_cat("@T.prim_func(s_tir=True)\ndef main", number, "(): pass\n");
  return {hash_named(text), text};
}

TargetRecord make_target(const std::string& features) { return {"llvm -mattr=+" + features}; }

DeviceClass make_class(const std::string& cpu) {
  return {"class of " + cpu, str_cat("{\"cpu\":\"", cpu, "\"}")};
}

MeasuringProtocol make_protocol() { return {1, R"({"min_samples":10,"mode":"hot"})"}; }

Environment make_environment() { return {R"({"governor":"performance","kernel":"6.1"})"}; }

TraceRecord make_trace(int number) {
  return {str_cat("[[[\"GetSBlock\",[],[\"C\",\"main\"],[\"b0\"]]],[[0,", number, "]]]")};
}

JobRecord make_job(const std::string& name, std::int64_t max_trials) {
  JobRecord job;
  job.key = hash_named("job " + name);
  job.label = name;
  job.owner = "tester";
  job.manifest = str_cat("{\"model\":\"", name, "\"}");
  job.max_trials = max_trials;
  job.created_ms = 1'700'000'000'000;
  return job;
}

NewTask make_task(int workload_number, int trace_number) {
  return {make_workload(workload_number).hash, make_target().hash(), make_trace(trace_number), 1,
          make_protocol().hash()};
}

namespace {

LogRecord without_measurement(int workload_number, int trace_number) {
  LogRecord record;
  record.workload = make_workload(workload_number);
  record.target = make_target();
  record.device_class = make_class();
  record.protocol = make_protocol();
  record.environment = make_environment();
  record.trace = make_trace(trace_number);
  Measurement& measurement = record.measurement;
  measurement.workload = record.workload.hash;
  measurement.target = record.target.hash();
  measurement.trace = record.trace.hash();
  measurement.device_class = record.device_class.hash();
  measurement.protocol = record.protocol.hash();
  measurement.environment = record.environment.hash();
  measurement.versions = {1, "19.1.7", "0.1.0"};
  measurement.measured_ms = 1'700'000'000'000 + trace_number;
  return record;
}

}  // namespace

LogRecord make_record(int workload_number, int trace_number, std::uint64_t time_ns) {
  LogRecord record = without_measurement(workload_number, trace_number);
  record.measurement.artifact =
      hash_named(str_cat("artifact ", workload_number, " ", trace_number));
  record.measurement.canary_ppm = 1'000'400;
  for (std::uint64_t i = 0; i < 10; ++i) {
    record.measurement.samples_ns.push_back(time_ns + (i * 7) % 10);
  }
  return record;
}

LogRecord make_failure(int workload_number, int trace_number, Outcome outcome,
                       const std::string& error) {
  LogRecord record = without_measurement(workload_number, trace_number);
  record.measurement.outcome = outcome;
  record.measurement.error = error;
  return record;
}

CommitResult make_result(std::int64_t task_id, std::int64_t epoch, std::int64_t attempt,
                         const LogRecord& record) {
  CommitResult commit;
  commit.attempt = {.task_id = task_id,
                    .epoch = epoch,
                    .attempt = attempt,
                    .role = WorkRole::kRun,
                    .worker = "worker-1",
                    .outcome = record.measurement.outcome,
                    .detail = "",
                    .started_ms = 1'700'000'001'000,
                    .ended_ms = 1'700'000'002'000};
  commit.measurement = record.measurement;
  commit.device_serial = "dev-1";
  commit.final_state =
      record.measurement.outcome == Outcome::kOk ? TaskState::kDone : TaskState::kCandidateFailed;
  return commit;
}

StoreOptions inline_options(const std::string& path) {
  StoreOptions options;
  options.path = path;
  options.commit_inline = true;
  return options;
}

void add_catalogue(Store& store, int num_workloads) {
  store.write_sync(make_target());
  store.write_sync(make_class());
  store.write_sync(DeviceRecord{"dev-1", make_class().hash(), R"({"arch":"x86_64"})"});
  store.write_sync(make_protocol());
  store.write_sync(make_environment());
  for (int number = 1; number <= num_workloads; ++number) {
    store.write_sync(make_workload(number));
  }
}

AddedTasks add_job_with(Store& store, const std::string& name, const std::vector<NewTask>& tasks) {
  AddedTasks added;
  added.job_id = store.write_sync(AddJob{make_job(name)}).id;
  added.first_task = store.write_sync(AddTasks{added.job_id, 0, tasks, 1'700'000'000'500}).id;
  return added;
}

std::string audit_text(const Store& store) {
  std::string text;
  for (const Finding& finding : audit(store)) text += finding.rule + ": " + finding.detail + "\n";
  return text;
}

}  // namespace tenon::database
