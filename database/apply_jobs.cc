// Jobs, their tasks, and attempts that gave no result.
#include <algorithm>
#include <vector>

#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/catalogue.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

constexpr int kMaxPriority = 100;

std::optional<std::string> refuse_job(const JobRecord& job) {
  if (!is_hash(job.key)) return "job key is not 64 hexadecimal digits";
  if (job.priority < -kMaxPriority || job.priority > kMaxPriority) {
    return str_cat("job priority ", job.priority, " is outside -100 .. 100");
  }
  if (job.max_trials < 0) return str_cat("job asks for ", job.max_trials, " trials");
  if (const auto why = refuse_text("job label", job.label)) return why;
  if (const auto why = refuse_text("job owner", job.owner)) return why;
  if (const auto why = refuse_text("job selector", job.selector)) return why;
  return refuse_json("job manifest", job.manifest);
}

std::int64_t insert_job(Connection& connection, const JobRecord& job) {
  const std::string key = hash_bytes_of(job.key);
  connection.run(
      "INSERT INTO job(key, label, owner, manifest, selector, priority, state, max_trials, "
      "created_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      Blob{key}, job.label, job.owner, job.manifest, job.selector, job.priority,
      static_cast<int>(JobState::kOpen), job.max_trials, job.created_ms);
  return connection.last_id();
}

// What a task is, as row ids: two tasks are the same candidate when these agree.
struct TaskRow {
  std::int64_t workload_id = 0;
  std::int64_t target_id = 0;
  std::int64_t trace_id = 0;
  std::int64_t threads = 1;
  std::int64_t protocol_id = 0;
  bool operator==(const TaskRow&) const = default;
};

// Everything a task refers to must be there, except its trace.
std::optional<std::string> refuse_task(Connection& connection, const NewTask& task) {
  if (task.threads < 1) return str_cat("task asks for ", task.threads, " threads");
  if (const auto why = refuse(task.trace)) return why;
  if (!find_id(connection, Table::kWorkload, task.workload)) {
    return str_cat("task of unknown workload ", task.workload);
  }
  if (!find_id(connection, Table::kTarget, task.target)) {
    return str_cat("task for unknown target ", task.target);
  }
  if (!find_id(connection, Table::kProtocol, task.protocol)) {
    return str_cat("task with unknown measuring protocol ", task.protocol);
  }
  return std::nullopt;
}

// The task was not refused. Adds its trace.
TaskRow to_row(Connection& connection, const NewTask& task) {
  return {.workload_id = find_id(connection, Table::kWorkload, task.workload).value_or(0),
          .target_id = find_id(connection, Table::kTarget, task.target).value_or(0),
          .trace_id = intern(connection, task.trace),
          .threads = task.threads,
          .protocol_id = find_id(connection, Table::kProtocol, task.protocol).value_or(0)};
}

struct ExistingBatch {
  std::int64_t first_id = 0;
  std::vector<TaskRow> rows;
};

ExistingBatch read_batch(Connection& connection, std::int64_t job_id, std::int64_t batch_no) {
  ExistingBatch batch;
  auto rows = connection.query(
      "SELECT id, workload_id, target_id, trace_id, threads, mproto_id FROM task "
      "WHERE job_id = ?1 AND batch_no = ?2 ORDER BY position",
      job_id, batch_no);
  while (rows->next()) {
    if (batch.rows.empty()) batch.first_id = rows->integer(0);
    batch.rows.push_back(
        {rows->integer(1), rows->integer(2), rows->integer(3), rows->integer(4), rows->integer(5)});
  }
  return batch;
}

bool is_same_batch(Connection& connection, const ExistingBatch& batch, const AddTasks& add) {
  if (batch.rows.size() != add.tasks.size()) return false;
  for (std::size_t i = 0; i < add.tasks.size(); ++i) {
    const NewTask& task = add.tasks[i];
    const TaskRow row = {
        .workload_id = find_id(connection, Table::kWorkload, task.workload).value_or(0),
        .target_id = find_id(connection, Table::kTarget, task.target).value_or(0),
        .trace_id = find_id(connection, Table::kTrace, task.trace.hash()).value_or(0),
        .threads = task.threads,
        .protocol_id = find_id(connection, Table::kProtocol, task.protocol).value_or(0)};
    if (row != batch.rows[i]) return false;
  }
  return true;
}

void requeue_ended(Connection& connection, const AddTasks& add) {
  connection.run(
      "UPDATE task SET state = ?3 WHERE job_id = ?1 AND batch_no = ?2 AND state IN (?4, ?5)",
      add.job_id, add.batch_no, static_cast<int>(TaskState::kQueued),
      static_cast<int>(TaskState::kCancelled), static_cast<int>(TaskState::kExpired));
}

std::int64_t insert_tasks(Connection& connection, const AddTasks& add) {
  std::int64_t first_id = 0;
  for (std::size_t i = 0; i < add.tasks.size(); ++i) {
    const TaskRow row = to_row(connection, add.tasks[i]);
    connection.run(
        "INSERT INTO task(job_id, batch_no, position, workload_id, target_id, trace_id, threads, "
        "mproto_id, created_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        add.job_id, add.batch_no, static_cast<std::int64_t>(i), row.workload_id, row.target_id,
        row.trace_id, row.threads, row.protocol_id, add.now_ms);
    if (i == 0) first_id = connection.last_id();
  }
  return first_id;
}

std::optional<std::string> refuse_batch(Connection& connection, const AddTasks& add) {
  const auto job_state = connection.integer("SELECT state FROM job WHERE id = ?1", add.job_id);
  if (!job_state) return str_cat("batch ", add.batch_no, " for unknown job ", add.job_id);
  const auto state = static_cast<JobState>(*job_state);
  if (is_final(state)) return str_cat("job ", add.job_id, " is closed: ", job_state_name(state));
  if (add.batch_no < 0) return str_cat("batch number ", add.batch_no, " is negative");
  if (add.tasks.empty() || add.tasks.size() > kMaxBatch) {
    return str_cat("a batch has 1 to ", kMaxBatch, " tasks, this one ", add.tasks.size());
  }
  for (const NewTask& task : add.tasks) {
    if (const auto why = refuse_task(connection, task)) return why;
  }
  return std::nullopt;
}

}  // namespace

Written add_job(Connection& connection, const AddJob& add) {
  if (const auto why = refuse_job(add.job)) return rejected(*why);
  const std::string key = hash_bytes_of(add.job.key);
  std::int64_t id = 0;
  {
    auto found = connection.query("SELECT id, manifest FROM job WHERE key = ?1", Blob{key});
    if (found->next()) {
      id = found->integer(0);
      if (found->text(1) != add.job.manifest) {
        return rejected(str_cat("job ", add.job.key, " is known with another manifest"));
      }
    }
  }
  if (id == 0) return accepted(insert_job(connection, add.job));
  connection.run(
      "UPDATE job SET max_trials = max(max_trials, ?2), closed_ms = iif(state >= ?3, 0, closed_ms),"
      " state = iif(state >= ?3, ?4, state) WHERE id = ?1",
      id, add.job.max_trials, kFirstFinalState, static_cast<int>(JobState::kOpen));
  return existing(id);
}

Written set_job_state(Connection& connection, const SetJobState& set) {
  const auto now = connection.integer("SELECT state FROM job WHERE id = ?1", set.job_id);
  if (!now) return rejected(str_cat("unknown job ", set.job_id));
  if (*now == static_cast<int>(set.state)) return existing(set.job_id);
  const bool closes = is_final(set.state);
  connection.run("UPDATE job SET state = ?2, closed_ms = ?3 WHERE id = ?1", set.job_id,
                 static_cast<int>(set.state), closes ? set.now_ms : std::int64_t{0});
  if (closes) {
    const TaskState end =
        set.state == JobState::kExpired ? TaskState::kExpired : TaskState::kCancelled;
    connection.run("UPDATE task SET state = ?2 WHERE job_id = ?1 AND state < 5", set.job_id,
                   static_cast<int>(end));
  }
  return accepted(set.job_id);
}

Written add_tasks(Connection& connection, const AddTasks& add) {
  if (const auto why = refuse_batch(connection, add)) return rejected(*why);
  const ExistingBatch batch = read_batch(connection, add.job_id, add.batch_no);
  if (batch.rows.empty()) return accepted(insert_tasks(connection, add));
  if (!is_same_batch(connection, batch, add)) {
    return rejected(
        str_cat("batch ", add.batch_no, " of job ", add.job_id, " is known with other tasks"));
  }
  requeue_ended(connection, add);
  return existing(batch.first_id);
}

Written set_artifact(Connection& connection, const SetArtifact& set) {
  if (!is_hash(set.artifact)) return rejected("artifact digest is not 64 hexadecimal digits");
  const std::string digest = hash_bytes_of(set.artifact);
  connection.run("UPDATE task SET artifact = ?2, artifact_bytes = ?3 WHERE id = ?1 AND state < 5",
                 set.task_id, Blob{digest}, set.bytes);
  if (connection.num_changes() == 0) {
    return rejected(str_cat("task ", set.task_id, " is unknown or has ended"));
  }
  return accepted(set.task_id);
}

Written end_attempt(Connection& connection, const EndAttempt& end, const WriteContext& context) {
  const AttemptRecord& attempt = end.attempt;
  if (!connection.integer("SELECT 1 FROM task WHERE id = ?1", attempt.task_id)) {
    return rejected(str_cat("attempt of unknown task ", attempt.task_id));
  }
  if (attempt.epoch < 1 || attempt.epoch > context.epoch || attempt.attempt < 1) {
    return rejected(str_cat("attempt ", attempt.attempt, " of epoch ", attempt.epoch,
                            " never was: the epoch is ", context.epoch));
  }
  if (end.next == TaskState::kDone || end.next == TaskState::kCandidateFailed ||
      end.next == TaskState::kPoison) {
    return rejected(str_cat("a task ends as ", task_state_name(end.next), " with a result only"));
  }
  connection.run(
      "INSERT INTO attempt(task_id, epoch, attempt, role, worker, outcome, detail, started_ms, "
      "ended_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
      "ON CONFLICT(task_id, epoch, attempt) DO NOTHING",
      attempt.task_id, attempt.epoch, attempt.attempt, static_cast<int>(attempt.role),
      clean_text(attempt.worker, kMaxErrorBytes), static_cast<int>(attempt.outcome),
      clean_text(attempt.detail, kMaxErrorBytes), attempt.started_ms, attempt.ended_ms);
  if (connection.num_changes() == 0) {
    return {.disposition = Disposition::kDuplicate, .id = attempt.task_id, .rseq = 0, .error = {}};
  }
  connection.run(
      "UPDATE task SET num_attempts = num_attempts + 1, num_deaths = num_deaths + ?2, "
      "state = iif(state < 5, ?3, state) WHERE id = ?1",
      attempt.task_id, end.executing_child_died ? 1 : 0, static_cast<int>(end.next));
  return accepted(attempt.task_id);
}

}  // namespace tenon::database
