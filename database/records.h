// What the database keeps, as plain values, and the identities that make records comparable.
//
// A *hash* is 64 lower-case hexadecimal digits (SHA-256). Local row ids never leave the database
// that gave them: exported lines refer to everything by content. The database carries text and
// bytes; it knows nothing of the compiler. Enum numbers are stored and exported: append only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::database {

using Hash = std::string;

// How a candidate ended. The first group is the candidate's fault and is never retried; the next
// blame the device, then the worker; the last blame nobody.
enum class Outcome : std::uint8_t {
  kOk = 0,
  kCompileError = 1,
  kLinkError = 2,
  kInvalidSchedule = 3,
  kWrongResult = 4,
  kCandidateCrash = 5,
  kCandidateLimit = 6,
  kRunTimeout = 7,
  kDeviceLost = 8,
  kDeviceStuck = 9,
  kThrottled = 10,
  kNoisy = 11,
  kForeignLoad = 12,
  kArtifactMissing = 13,
  kArtifactCorrupt = 14,
  kDiskFull = 15,
  kToolchainMissing = 16,
  kInternal = 17,
  kCancelled = 18,
  kExpired = 19,
  kRevoked = 20,
  kLost = 21,
};
inline constexpr int kNumOutcomes = 22;

enum class Blame : std::uint8_t { kNobody = 0, kCandidate = 1, kDevice = 2, kWorker = 3 };

// "ok", "compile_error", ...: the spelling of logs, tables and messages.
std::string_view outcome_name(Outcome outcome);
std::optional<Outcome> outcome_from_name(std::string_view name);
Blame blame_of(Outcome outcome);

// States below kFirstFinalState are open. Number 4 stays free for a further open state.
enum class TaskState : std::uint8_t {
  kQueued = 0,
  kLeased = 1,
  kRunning = 2,
  kBackoff = 3,
  kDone = 5,
  kCandidateFailed = 6,
  kExpired = 7,
  kCancelled = 8,
  kPoison = 9,
};
inline constexpr int kFirstFinalState = 5;
std::string_view task_state_name(TaskState state);
inline bool is_final(TaskState state) { return static_cast<int>(state) >= kFirstFinalState; }

enum class JobState : std::uint8_t {
  kOpen = 0,
  kRunning = 1,
  kDraining = 2,
  kPaused = 3,
  kDone = 5,
  kCancelled = 6,
  kFailed = 7,
  kExpired = 8,
};
std::string_view job_state_name(JobState state);
inline bool is_final(JobState state) { return static_cast<int>(state) >= kFirstFinalState; }

// A trial counts against the job's budget and may become best. An extra is a second result of a
// task that had already ended: kept as evidence of noise, never ranked or counted.
enum class MeasurementRole : std::uint8_t { kTrial = 0, kExtra = 1 };

enum class WorkRole : std::uint8_t { kBuild = 0, kRun = 1 };

// A TensorIR function. `hash` is made by the compiler from the canonical text (names out).
struct WorkloadRecord {
  Hash hash;
  std::string text;
  bool operator==(const WorkloadRecord&) const = default;
};

// A target as its canonical feature string.
struct TargetRecord {
  std::string text;
  Hash hash() const;
  bool operator==(const TargetRecord&) const = default;
};

// What makes two times comparable: processor model, microcode, memory ...; no serial, no host name.
// `text` is canonical JSON and is the identity; `label` is for people.
struct DeviceClass {
  std::string label;
  std::string text;
  Hash hash() const;
  bool operator==(const DeviceClass&) const = default;
};

struct DeviceRecord {
  std::string serial;
  Hash device_class;
  std::string labels = "{}";  // JSON
  bool operator==(const DeviceRecord&) const = default;
};

// How times were taken: cache mode, sample counts, stopping rule. Canonical JSON.
struct MeasuringProtocol {
  std::int64_t version = 1;
  std::string text;
  Hash hash() const;
  bool operator==(const MeasuringProtocol&) const = default;
};

// Kernel, governor, pinning, sandbox steps done or not. Canonical JSON.
struct Environment {
  std::string text;
  Hash hash() const;
  bool operator==(const Environment&) const = default;
};

// A schedule as MetaSchedule JSON, kept byte for byte.
struct TraceRecord {
  std::string text;
  Hash hash() const;
  bool operator==(const TraceRecord&) const = default;
};

// What made the artifact that was measured. A record with another codegen version is stale: it
// seeds a search and is still usable.
struct Versions {
  std::int64_t codegen = 0;
  std::string llvm;
  std::string tenon;
  bool operator==(const Versions&) const = default;
};

struct JobRecord {
  std::int64_t id = 0;  // local
  Hash key;             // identity of the request: model, target, seed, space version, options
  std::string label;
  std::string owner;          // who submitted: name of the key
  std::string manifest;       // JSON; the tuner's own description, opaque here
  std::string selector = "";  // which devices may run it
  int priority = 0;
  JobState state = JobState::kOpen;
  std::int64_t max_trials = 0;
  std::int64_t used_trials = 0;  // measurements with role trial
  std::int64_t next_rseq = 1;    // number of the next result event
  std::int64_t created_ms = 0;
  std::int64_t closed_ms = 0;
  bool operator==(const JobRecord&) const = default;
};

// One candidate to be built and measured.
struct TaskRecord {
  std::int64_t id = 0;  // local
  std::int64_t job_id = 0;
  std::int64_t batch_no = 0;
  std::int64_t position = 0;  // within the batch
  Hash workload;
  Hash target;
  Hash trace;
  int threads = 1;
  Hash protocol;
  TaskState state = TaskState::kQueued;
  std::int64_t num_attempts = 0;
  std::int64_t num_deaths = 0;  // attempts in which the executing child died
  Hash artifact;                // empty until a build worker made it
  std::int64_t artifact_bytes = 0;
  std::int64_t created_ms = 0;
  bool operator==(const TaskRecord&) const = default;
};

// One lease of one task to one worker. (task, epoch, attempt) is the fence.
struct AttemptRecord {
  std::int64_t task_id = 0;
  std::int64_t epoch = 0;
  std::int64_t attempt = 0;
  WorkRole role = WorkRole::kRun;
  std::string worker;
  Outcome outcome = Outcome::kLost;
  std::string detail;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  bool operator==(const AttemptRecord&) const = default;
};

// One result: raw samples in the order taken, or an outcome other than kOk and its reason.
struct Measurement {
  Hash workload;
  Hash target;
  Hash trace;
  int threads = 1;
  Hash device_class;  // empty only if it never reached a device
  Hash protocol;
  Hash environment;  // may be empty
  Hash artifact;     // empty if none was built
  Versions versions;
  Outcome outcome = Outcome::kOk;
  std::string error;
  std::vector<std::uint64_t> samples_ns;
  std::int64_t canary_ppm = 0;   // reference kernel against its usual time, 10^6 = same; 0 unknown
  std::int64_t measured_ms = 0;  // wall clock of the worker
  MeasurementRole role = MeasurementRole::kTrial;
  bool operator==(const Measurement&) const = default;

  // First 32 hexadecimal digits of SHA-256 over every field above except `role`.
  std::string identity() const;
};

// A measurement as stored: what only this database knows, and the derived ranks.
struct StoredMeasurement {
  std::int64_t id = 0;
  std::int64_t task_id = 0;  // 0 when imported
  std::int64_t epoch = 0;
  std::int64_t attempt = 0;
  std::int64_t job_id = 0;
  std::int64_t rseq = 0;      // 0 when it is no event of a job
  std::string device_serial;  // empty when imported
  std::uint64_t q10_ns = 0;   // rank: 10th percentile; 0 unless kOk
  std::uint64_t median_ns = 0;
  std::uint64_t mad_ns = 0;
  Measurement measurement;
};

// The fastest known candidate of one key, ordered by (q10_ns, trace hash, identity).
struct Best {
  std::int64_t updated_ms = 0;
  std::string trace_text;
  StoredMeasurement stored;
};

// A measurement with everything it names: what travels between databases.
struct LogRecord {
  WorkloadRecord workload;
  TargetRecord target;
  DeviceClass device_class;  // empty text: it never reached a device
  MeasuringProtocol protocol;
  Environment environment;  // empty text: none
  TraceRecord trace;
  Measurement measurement;  // its hashes are those of the records above
  bool operator==(const LogRecord&) const = default;
};

// Low quantile by nearest rank (10 %: the ceil(n/10)-th smallest), lower median, and median of
// absolute deviations from it. All zero without samples.
struct SampleStatistics {
  std::uint64_t q10_ns = 0;
  std::uint64_t median_ns = 0;
  std::uint64_t mad_ns = 0;
  bool operator==(const SampleStatistics&) const = default;
};
SampleStatistics statistics(const std::vector<std::uint64_t>& samples_ns);

// Samples as stored: their count, then zigzag differences (the first from 0), all as LEB128.
std::string encode_samples(const std::vector<std::uint64_t>& samples_ns);
// Gives nothing if the bytes are not exactly one encoded list of at most kMaxSamples.
std::optional<std::vector<std::uint64_t>> decode_samples(std::string_view bytes);
inline constexpr std::size_t kMaxSamples = 1 << 20;

// 64 lower-case hexadecimal digits?
bool is_hash(std::string_view text);

}  // namespace tenon::database
