// Reading jobs, tasks and attempts: what a tracker loads when it starts, what commands show.
#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/store.h"
#include "database/store_state.h"

namespace tenon::database {
namespace {

constexpr std::string_view kSelectJob =
    "SELECT id, key, label, owner, manifest, selector, priority, state, max_trials, used_trials, "
    "next_rseq, created_ms, closed_ms FROM job ";

JobRecord read_job(const Rows& rows) {
  JobRecord job;
  job.id = rows.integer(0);
  job.key = to_hex(rows.blob(1));
  job.label = rows.text(2);
  job.owner = rows.text(3);
  job.manifest = rows.text(4);
  job.selector = rows.text(5);
  job.priority = static_cast<int>(rows.integer(6));
  job.state = static_cast<JobState>(rows.integer(7));
  job.max_trials = rows.integer(8);
  job.used_trials = rows.integer(9);
  job.next_rseq = rows.integer(10);
  job.created_ms = rows.integer(11);
  job.closed_ms = rows.integer(12);
  return job;
}

constexpr std::string_view kSelectTask =
    "SELECT k.id, k.job_id, k.batch_no, k.position, w.hash, g.hash, t.hash, k.threads, p.hash, "
    "k.state, k.num_attempts, k.num_deaths, k.artifact, k.artifact_bytes, k.created_ms FROM task k "
    "JOIN workload w ON w.id = k.workload_id JOIN target g ON g.id = k.target_id "
    "JOIN trace t ON t.id = k.trace_id JOIN mproto p ON p.id = k.mproto_id ";

TaskRecord read_task(const Rows& rows) {
  TaskRecord task;
  task.id = rows.integer(0);
  task.job_id = rows.integer(1);
  task.batch_no = rows.integer(2);
  task.position = rows.integer(3);
  task.workload = to_hex(rows.blob(4));
  task.target = to_hex(rows.blob(5));
  task.trace = to_hex(rows.blob(6));
  task.threads = static_cast<int>(rows.integer(7));
  task.protocol = to_hex(rows.blob(8));
  task.state = static_cast<TaskState>(rows.integer(9));
  task.num_attempts = rows.integer(10);
  task.num_deaths = rows.integer(11);
  task.artifact = to_hex(rows.blob(12));
  task.artifact_bytes = rows.integer(13);
  task.created_ms = rows.integer(14);
  return task;
}

template <typename... Args>
std::vector<JobRecord> list_jobs(Connection& connection, const std::string& conditions,
                                 const Args&... args) {
  std::vector<JobRecord> jobs;
  auto rows = connection.query(std::string(kSelectJob) + conditions, args...);
  while (rows->next()) jobs.push_back(read_job(*rows));
  return jobs;
}

template <typename... Args>
std::vector<TaskRecord> list_tasks(Connection& connection, const std::string& conditions,
                                   const Args&... args) {
  std::vector<TaskRecord> tasks;
  auto rows = connection.query(std::string(kSelectTask) + conditions, args...);
  while (rows->next()) tasks.push_back(read_task(*rows));
  return tasks;
}

template <typename Record>
std::optional<Record> first(std::vector<Record> records) {
  if (records.empty()) return std::nullopt;
  return std::move(records.front());
}

std::optional<JobRecord> find_job(Connection& connection, std::int64_t id) {
  return first(list_jobs(connection, "WHERE id = ?1", id));
}

std::optional<JobStatus> find_status(Connection& connection, std::int64_t id) {
  auto job = find_job(connection, id);
  if (!job) return std::nullopt;
  JobStatus status;
  status.job = *std::move(job);
  auto tasks = connection.query(
      "SELECT count(*), coalesce(sum(state < 5), 0), coalesce(max(batch_no) + 1, 0) FROM task "
      "WHERE job_id = ?1",
      id);
  if (tasks->next()) {
    status.num_tasks = tasks->integer(0);
    status.num_open = tasks->integer(1);
    status.next_batch_no = tasks->integer(2);
  }
  auto outcomes = connection.query(
      "SELECT outcome, count(*) FROM measurement INDEXED BY meas_event "
      "WHERE job_id = ?1 AND rseq IS NOT NULL GROUP BY outcome",
      id);
  while (outcomes->next()) {
    status.outcomes[static_cast<Outcome>(outcomes->integer(0))] = outcomes->integer(1);
  }
  return status;
}

}  // namespace

std::optional<JobRecord> Store::job(std::int64_t id) const {
  return read_from(*this, [id](Connection& connection) { return find_job(connection, id); });
}

std::optional<JobRecord> Store::job_by_key(const Hash& key) const {
  if (!is_hash(key)) return std::nullopt;
  const std::string bytes = hash_bytes_of(key);
  return read_from(*this, [&bytes](Connection& connection) {
    return first(list_jobs(connection, "WHERE key = ?1", Blob{bytes}));
  });
}

std::optional<JobStatus> Store::job_status(std::int64_t id) const {
  return read_from(*this, [id](Connection& connection) { return find_status(connection, id); });
}

std::vector<JobRecord> Store::open_jobs() const {
  return read_from(*this, [](Connection& connection) {
    return list_jobs(connection, "INDEXED BY job_open WHERE state < 5 ORDER BY id");
  });
}

std::vector<JobRecord> Store::jobs() const {
  return read_from(*this,
                   [](Connection& connection) { return list_jobs(connection, "ORDER BY id"); });
}

std::optional<TaskRecord> Store::task(std::int64_t id) const {
  return read_from(*this, [id](Connection& connection) {
    return first(list_tasks(connection, "WHERE k.id = ?1", id));
  });
}

std::vector<TaskRecord> Store::open_tasks() const {
  return read_from(*this, [](Connection& connection) {
    return list_tasks(connection, "WHERE k.state < 5 ORDER BY k.job_id, k.id");
  });
}

std::vector<TaskRecord> Store::job_tasks(std::int64_t job_id) const {
  return read_from(*this, [job_id](Connection& connection) {
    return list_tasks(connection, "WHERE k.job_id = ?1 ORDER BY k.batch_no, k.position", job_id);
  });
}

std::vector<TaskRecord> Store::batch_tasks(std::int64_t job_id, std::int64_t batch_no) const {
  return read_from(*this, [&](Connection& connection) {
    return list_tasks(connection, "WHERE k.job_id = ?1 AND k.batch_no = ?2 ORDER BY k.position",
                      job_id, batch_no);
  });
}

std::vector<AttemptRecord> Store::attempts(std::int64_t task_id) const {
  return read_from(*this, [task_id](Connection& connection) {
    std::vector<AttemptRecord> attempts;
    auto rows = connection.query(
        "SELECT task_id, epoch, attempt, role, worker, outcome, detail, started_ms, ended_ms "
        "FROM attempt WHERE task_id = ?1 ORDER BY epoch, attempt",
        task_id);
    while (rows->next()) {
      attempts.push_back({rows->integer(0), rows->integer(1), rows->integer(2),
                          static_cast<WorkRole>(rows->integer(3)), rows->text(4),
                          static_cast<Outcome>(rows->integer(5)), rows->text(6), rows->integer(7),
                          rows->integer(8)});
    }
    return attempts;
  });
}

}  // namespace tenon::database
