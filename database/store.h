// The store: one SQLite file behind plain values.
//
// One process writes (a lock file beside the database says who); any number read. In the writing
// process one thread owns the one writing connection, does every write and every checkpoint, and
// commits in groups: a write is reported only after the commit that holds it is on disk.
// All methods may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "database/records.h"
#include "database/writes.h"

namespace tenon::database {

inline constexpr int kSchemaVersion = 1;

enum class StoreMode { kWrite, kRead };

struct StoreOptions {
  std::string path;
  StoreMode mode = StoreMode::kWrite;
  int commit_window_ms = 5;    // how long a write may wait for company
  int max_group = 256;         // writes in one commit
  int max_pending = 65536;     // writes waiting; beyond, a write fails at once
  std::int64_t max_bytes = 0;  // largest size of the file; 0 means the disk's
  int busy_timeout_ms = 5000;  // how long a write waits for another program's lock
  // No thread: write() commits before it returns. For tests and simulations; path may be
  // ":memory:" only so.
  bool commit_inline = false;
};

struct JobStatus {
  JobRecord job;
  std::int64_t num_tasks = 0;
  std::int64_t num_open = 0;
  std::int64_t next_batch_no = 0;            // one above the largest used; 0 if none
  std::map<Outcome, std::int64_t> outcomes;  // of the trials
};

// Which measurements of a workload. Unset means any.
struct MeasurementFilter {
  std::optional<Hash> target;
  std::optional<Hash> device_class;
  std::optional<int> threads;
  bool only_ok = true;
  bool with_extra = false;
};

struct MeasurementWithTrace {
  StoredMeasurement stored;
  std::string trace_text;
};

struct BestKey {
  Hash workload;
  Hash target;
  Hash device_class;
  int threads = 1;
};

class Connection;
class Reader;
class Writer;

class Store {
 public:
  // kWrite makes the file when absent, upgrades an older schema (keeping a copy), takes the writer
  // lock and counts the epoch up, committed, before it returns. kRead never changes the file.
  // Throws UserError: no such database (kRead), not a Tenon database, made by a newer Tenon
  // (nothing is changed), another process writes (named). Throws IoError: damage, disk.
  static std::unique_ptr<Store> open(const StoreOptions& options);
  ~Store();  // writes what is pending, then checkpoints
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- writing (kWrite only) ---
  // `done` runs on the writer thread after the commit (inline: before return; a full queue or a
  // failed store: on the caller's thread). It must be quick and must not throw or call write_sync.
  void write(Write write, std::function<void(const Written&)> done);
  // Waits for the commit. Throws UserError for kRejected and IoError for kFailed.
  Written write_sync(Write write);
  // Returns when all that was given to write() before is committed or failed.
  void flush();
  std::int64_t epoch() const;  // of this opening; 0 when kRead
  // Empty while all is well; the first error that stopped the store (damage, I/O) otherwise. A full
  // disk does not stop it: writes fail until there is room.
  std::string failure() const;
  const std::string& path() const;

  // --- reading: what is committed ---
  std::optional<WorkloadRecord> workload(const Hash& hash) const;
  std::optional<TargetRecord> target(const Hash& hash) const;
  std::optional<DeviceClass> device_class(const Hash& hash) const;
  std::optional<MeasuringProtocol> protocol(const Hash& hash) const;
  std::optional<Environment> environment(const Hash& hash) const;
  std::optional<TraceRecord> trace(const Hash& hash) const;
  std::optional<DeviceRecord> device(const std::string& serial) const;
  std::vector<DeviceClass> device_classes() const;  // by hash

  std::optional<JobRecord> job(std::int64_t id) const;
  std::optional<JobRecord> job_by_key(const Hash& key) const;
  std::optional<JobStatus> job_status(std::int64_t id) const;
  std::vector<JobRecord> open_jobs() const;  // by id
  std::vector<JobRecord> jobs() const;       // by id
  std::optional<TaskRecord> task(std::int64_t id) const;
  std::vector<TaskRecord> open_tasks() const;                    // by (job, id)
  std::vector<TaskRecord> job_tasks(std::int64_t job_id) const;  // by (batch, position)
  std::vector<TaskRecord> batch_tasks(std::int64_t job_id, std::int64_t batch_no) const;
  std::vector<AttemptRecord> attempts(std::int64_t task_id) const;  // by (epoch, attempt)

  // Result events of a job with rseq >= from_rseq, in order, at most `limit`.
  std::vector<StoredMeasurement> job_results(std::int64_t job_id, std::int64_t from_rseq,
                                             std::size_t limit) const;
  // (workload, trace) pairs that have a trial in the job: what a resume must not measure again.
  std::vector<std::pair<Hash, Hash>> measured_traces(std::int64_t job_id) const;

  // By (q10, trace hash, identity); failures, if wanted, last.
  std::vector<MeasurementWithTrace> measurements(const Hash& workload,
                                                 const MeasurementFilter& filter) const;
  std::optional<Best> best(const BestKey& key) const;
  // All bests of a (target, class), by (workload, threads).
  std::vector<Best> bests(const Hash& target, const Hash& device_class) const;
  // Classes in which some best of the target is known, by hash.
  std::vector<Hash> best_classes(const Hash& target) const;

  // Calls `visit` for every measurement, in the canonical order of exports: by workload, target,
  // class, threads, trace, identity; one of each identity. One consistent snapshot.
  void each_record(const std::function<void(const LogRecord&)>& visit) const;

  // Runs `read` on a read-only connection inside one snapshot. For audit and the tests.
  void with_connection(const std::function<void(Connection&)>& read) const;

 private:
  Store();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::database
