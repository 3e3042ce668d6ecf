// A result becomes rows: measurement, attempt, task, counters of the job, best. Exactly once.
#include <algorithm>

#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/best.h"
#include "database/measurement_row.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

struct TaskFacts {
  std::int64_t job_id = 0;
  bool is_open = false;
};

// The task of the attempt, if the measurement is of its candidate.
std::optional<TaskFacts> find_task(Connection& connection, const CommitResult& commit,
                                   const MeasurementRefs& refs) {
  auto row = connection.query(
      "SELECT job_id, state FROM task WHERE id = ?1 AND workload_id = ?2 AND target_id = ?3 AND "
      "trace_id = ?4 AND threads = ?5 AND mproto_id = ?6",
      commit.attempt.task_id, refs.workload_id, refs.target_id, refs.trace_id,
      commit.measurement.threads, refs.protocol_id);
  if (!row->next()) return std::nullopt;
  return TaskFacts{.job_id = row->integer(0),
                   .is_open = !is_final(static_cast<TaskState>(row->integer(1)))};
}

std::optional<std::string> refuse_commit(const CommitResult& commit, const WriteContext& context) {
  const AttemptRecord& attempt = commit.attempt;
  if (attempt.epoch < 1 || attempt.epoch > context.epoch || attempt.attempt < 1) {
    return str_cat("attempt ", attempt.attempt, " of epoch ", attempt.epoch,
                   " never was: the epoch is ", context.epoch);
  }
  if (attempt.outcome != commit.measurement.outcome) {
    return "attempt and measurement disagree on the outcome";
  }
  const bool is_done = commit.final_state == TaskState::kDone;
  if (!is_done && commit.final_state != TaskState::kCandidateFailed &&
      commit.final_state != TaskState::kPoison) {
    return str_cat("a result cannot end a task as ", task_state_name(commit.final_state));
  }
  if (is_done != (commit.measurement.outcome == Outcome::kOk)) {
    return str_cat("outcome ", outcome_name(commit.measurement.outcome), " cannot end a task as ",
                   task_state_name(commit.final_state));
  }
  return std::nullopt;
}

// A lease that was counted lost may still bring its result: the attempt's row then says so.
void record_attempt(Connection& connection, const AttemptRecord& attempt) {
  const bool is_known =
      connection
          .integer("SELECT 1 FROM attempt WHERE task_id = ?1 AND epoch = ?2 AND attempt = ?3",
                   attempt.task_id, attempt.epoch, attempt.attempt)
          .has_value();
  connection.run(
      "INSERT OR REPLACE INTO attempt(task_id, epoch, attempt, role, worker, outcome, detail, "
      "started_ms, ended_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      attempt.task_id, attempt.epoch, attempt.attempt, static_cast<int>(attempt.role),
      clean_text(attempt.worker, kMaxErrorBytes), static_cast<int>(attempt.outcome),
      clean_text(attempt.detail, kMaxErrorBytes), attempt.started_ms, attempt.ended_ms);
  if (is_known) return;
  connection.run("UPDATE task SET num_attempts = num_attempts + 1 WHERE id = ?1", attempt.task_id);
}

// The number of the job's next event; the counters move on.
std::int64_t take_rseq(Connection& connection, std::int64_t job_id) {
  const auto rseq = connection.integer("SELECT next_rseq FROM job WHERE id = ?1", job_id);
  connection.run(
      "UPDATE job SET next_rseq = next_rseq + 1, used_trials = used_trials + 1 WHERE id = ?1",
      job_id);
  return rseq.value_or(0);
}

}  // namespace

Written commit_result(Connection& connection, const CommitResult& commit,
                      const WriteContext& context) {
  if (const auto why = refuse_commit(commit, context)) return rejected(*why);
  const AttemptRecord& attempt = commit.attempt;
  const auto known = connection.integer(
      "SELECT id FROM measurement WHERE task_id = ?1 AND epoch = ?2 AND attempt = ?3",
      attempt.task_id, attempt.epoch, attempt.attempt);
  if (known) {
    return {.disposition = Disposition::kDuplicate, .id = *known, .rseq = 0, .error = {}};
  }
  Measurement measurement = commit.measurement;
  measurement.error = clean_text(measurement.error, kMaxErrorBytes);
  if (const auto why = refuse_measurement(measurement)) return rejected(*why);
  MeasurementRefs refs;
  if (const auto why = resolve(connection, measurement, commit.device_serial, refs)) {
    return rejected(*why);
  }
  const auto task = find_task(connection, commit, refs);
  if (!task) {
    return rejected(str_cat("task ", attempt.task_id, " is unknown or is another candidate"));
  }
  measurement.role = task->is_open ? MeasurementRole::kTrial : MeasurementRole::kExtra;
  record_attempt(connection, attempt);
  Written written = accepted(0);
  if (task->is_open) {
    written.rseq = take_rseq(connection, task->job_id);
    connection.run("UPDATE task SET state = ?2 WHERE id = ?1", attempt.task_id,
                   static_cast<int>(commit.final_state));
  } else {
    written.disposition = Disposition::kExtra;
  }
  refs.task_id = attempt.task_id;
  refs.epoch = attempt.epoch;
  refs.attempt = attempt.attempt;
  refs.job_id = task->job_id;
  refs.rseq = written.rseq;
  written.id = insert_measurement(connection, measurement, refs);
  if (measurement.outcome == Outcome::kOk && task->is_open) {
    offer_best(connection,
               {refs.workload_id, refs.target_id, refs.devclass_id, measurement.threads},
               written.id, attempt.ended_ms);
  }
  return written;
}

}  // namespace tenon::database
