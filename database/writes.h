// Every change of the database, as a plain value, and what became of it.
//
// The tracker's pure core makes these values as effects; Store::write commits them. A record value
// alone (WorkloadRecord, ...) means "have it": it is added unless it is there.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "database/records.h"

namespace tenon::database {

// Idempotent by job.key. If the key is known: kExisting; max_trials is raised to the larger, and a
// closed job is opened again (the same command resumes). Another manifest under the key: kRejected.
struct AddJob {
  JobRecord job;  // id, used_trials and next_rseq are ignored
};

// Closing also moves the job's open tasks to kCancelled (kExpired when the job expires).
struct SetJobState {
  std::int64_t job_id = 0;
  JobState state = JobState::kOpen;
  std::int64_t now_ms = 0;
};

struct NewTask {
  Hash workload;
  Hash target;
  TraceRecord trace;
  int threads = 1;
  Hash protocol;
};

// Idempotent by (job, batch_no): the same batch again gives kExisting with the same first id, and
// its cancelled or expired tasks are queued again. Another content under the number: kRejected.
// Ids of a batch are consecutive: Written::id is the first. Workload, target, protocol must exist.
struct AddTasks {
  std::int64_t job_id = 0;
  std::int64_t batch_no = 0;
  std::vector<NewTask> tasks;  // at most kMaxBatch
  std::int64_t now_ms = 0;
};
inline constexpr std::size_t kMaxBatch = 4096;

// A build worker made the task's artifact. kRejected if the task has ended.
struct SetArtifact {
  std::int64_t task_id = 0;
  Hash artifact;
  std::int64_t bytes = 0;
};

// An attempt ended without a result that counts: the task goes on in `next` (an open state) or
// ends in kExpired/kCancelled. kDuplicate if this attempt was recorded before.
struct EndAttempt {
  AttemptRecord attempt;
  TaskState next = TaskState::kQueued;
  bool executing_child_died = false;
};

// The result of an attempt. One transaction: measurement, attempt, task, job counters, best.
//   kAccepted   the task ends in `final_state`; Written::id is the measurement, rseq its event
//   kExtra      the task had ended: kept with role extra, no event
//   kDuplicate  this attempt has a result; Written::id is that one
//   kRejected   unknown task, an epoch that never was, another candidate than the task's
struct CommitResult {
  AttemptRecord attempt;  // .outcome equals measurement.outcome
  Measurement measurement;
  std::string device_serial;                 // a known device; empty if it never reached one
  TaskState final_state = TaskState::kDone;  // kDone, kCandidateFailed or kPoison
};

// A file of records that was imported. Idempotent by digest. Records of trust 0 seed a search but
// are never best.
struct AddOrigin {
  Hash digest;
  std::string tool;
  int trust = 1;
  std::int64_t now_ms = 0;
};

// A measurement from elsewhere, with all it refers to. kExisting if one of this identity is there.
struct ImportMeasurement {
  std::int64_t origin_id = 0;
  LogRecord record;
  std::int64_t now_ms = 0;
};

// Takes an import back: its measurements go, and best is made anew where they counted.
// Written::id is the number of measurements removed.
struct ForgetOrigin {
  Hash digest;
  std::int64_t now_ms = 0;
};

using Write =
    std::variant<WorkloadRecord, TargetRecord, DeviceClass, DeviceRecord, MeasuringProtocol,
                 Environment, AddJob, SetJobState, AddTasks, SetArtifact, EndAttempt, CommitResult,
                 AddOrigin, ImportMeasurement, ForgetOrigin>;

enum class Disposition {
  kAccepted,   // done, and durable
  kExisting,   // was there already
  kExtra,      // kept, but does not count
  kDuplicate,  // this attempt had reported
  kRejected,   // asked wrongly: error says why; nothing changed
  kFailed,     // the disk or the database failed: error says why; nothing changed
};
std::string_view disposition_name(Disposition disposition);

struct Written {
  Disposition disposition = Disposition::kAccepted;
  std::int64_t id = 0;    // of the row added or found
  std::int64_t rseq = 0;  // CommitResult
  std::string error;      // kRejected, kFailed
};

}  // namespace tenon::database
