// What the tracker's core remembers between two events. Plain values; only the functions of this
// folder change them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "database/records.h"
#include "rpc/wire/messages.h"
#include "tracker/settings.h"

namespace tenon::tracker {

// Both clocks of one moment. Deadlines use steady_ms; wall_ms goes into records only.
struct Now {
  std::int64_t steady_ms = 0;
  std::int64_t wall_ms = 0;
};

struct Settings {
  std::uint32_t beat_ms = 1000;
  std::int64_t lost_ms =
      10000;  // silent for so long: the worker's leases end, the session is forgotten
  std::int64_t lease_ms = 15000;   // not renewed for so long: the lease ends
  std::int64_t grace_ms = 120000;  // beyond the wall limit, for waiting in the worker
  std::uint32_t build_wall_ms = 60000;
  std::uint32_t run_wall_ms = 20000;
  std::uint64_t memory_limit_bytes = 4ull << 30;
  std::int64_t backoff_ms =
      250;  // after the first failure that is not the candidate's; times 4 after each more
  int max_failures = 4;  // such failures of one task: then it is poison
  int max_deaths = 2;    // workers that died executing it: then it is poison
  std::int64_t resend_ms =
      60000;  // how long a task whose result could not be stored waits for it to come again
};

// One workload for one target: shared by all its candidates.
struct Workload {
  rpc::Hash hash;
  std::string text;
  std::string target;
  std::uint32_t threads = 1;
};

// The workload with plain loops, as an artifact. Kept in memory only: a restarted tracker has it
// built again.
struct Reference {
  enum class State { kWanted, kLeased, kReady, kFailed };
  std::uint64_t id = 0;  // stands for a task id in fences; kReferenceBit is set
  std::shared_ptr<const Workload> workload;
  std::string options;
  State state = State::kWanted;
  std::uint32_t attempt = 0;
  int num_failures = 0;
  std::int64_t not_before_ms = 0;
  rpc::Artifact artifact;
  rpc::Outcome outcome = rpc::Outcome::kOk;  // why it failed
  std::string detail;
};
inline constexpr std::uint64_t kReferenceBit = 1ull << 63;

enum class TaskPhase {
  kWaitBuild,
  kWaitRun,
  kLeased,      // for its build when it has no artifact, else for its run
  kCommitting,  // a result is on its way to the disk
};

struct Task {
  std::uint64_t id = 0;
  std::int64_t job_id = 0;
  std::uint64_t batch = 0;
  std::uint32_t index = 0;
  std::shared_ptr<const Workload> workload;
  std::string trace;
  std::uint64_t stop_above_ns = 0;
  std::uint64_t reference = 0;  // key in State::references
  TaskPhase phase = TaskPhase::kWaitBuild;
  std::int64_t not_before_ms = 0;
  std::uint32_t attempt = 0;                             // of this epoch
  std::map<std::uint32_t, std::string> attempt_workers;  // of this epoch
  int num_failures = 0;
  std::set<std::string> killed;  // workers that died executing it
  std::string avoid_worker;      // had the last failure
  std::optional<rpc::Artifact> artifact;
  std::optional<rpc::Fence> lease;  // while kLeased
};

struct Job {
  std::int64_t id = 0;
  rpc::Hash key;
  std::string owner;
  JobSettings settings;
  database::JobState state = database::JobState::kOpen;
  std::uint64_t num_tasks = 0;
  std::uint64_t last_rseq = 0;
  std::set<std::uint64_t> open_tasks;
};

struct LeaseState {
  std::string worker;  // key in State::workers
  bool is_build = false;
  std::string device;
  rpc::Phase phase = rpc::Phase::kAccepted;
  std::int64_t started_wall_ms = 0;
  std::int64_t granted_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t hard_end_ms = 0;
  int num_beats_without = 0;
};

// A worker, from its first HELLO until it is lost and has no lease.
struct Worker {
  std::string key_name;
  std::string name;
  std::string peer;  // empty: no session
  std::uint64_t session = 0;
  std::uint64_t incarnation = 0;
  std::vector<rpc::Role> roles;
  rpc::Describe description;
  rpc::Ready credits;
  bool is_described = false;
  std::set<rpc::Fence> leases;
};

struct Session {
  std::uint64_t id = 0;
  std::string key_name;
  std::vector<rpc::Role> key_roles;
  std::string worker;  // key in State::workers; empty for a client
  bool is_client = false;
  std::int64_t heard_ms = 0;
};

struct Subscriber {
  std::string peer;
  std::int64_t job_id = 0;
  std::uint64_t next_rseq = 1;
  std::uint64_t acked_rseq = 0;
  std::uint32_t window = 1;
  bool with_traces = false;
};

// What to do when the database answers. One kind for each sort of write.
struct SubmitPending {
  std::string peer;
  std::uint64_t session = 0;
  std::uint64_t seq = 0;
  rpc::Submit request;
  std::string owner;
  bool is_existing = false;
};
struct AddPending {
  std::string peer;
  std::uint64_t session = 0;
  std::uint64_t seq = 0;
  std::int64_t job_id = 0;
  rpc::Add request;
};
struct CancelPending {
  std::string peer;
  std::uint64_t session = 0;
  std::uint64_t seq = 0;
  std::int64_t job_id = 0;
  database::JobState state = database::JobState::kCancelled;
};
// A build that succeeded, or an attempt that failed through no fault of the candidate.
struct AttemptPending {
  std::string worker;  // to be told; empty when nobody reported it
  rpc::Fence fence;
  std::uint64_t seq = 0;
  std::optional<rpc::BuildReport> build;
};
// A result that ends the task.
struct CommitPending {
  std::string worker;
  rpc::Fence fence;
  std::uint64_t seq = 0;
  std::string environment;
};
using Pending =
    std::variant<SubmitPending, AddPending, CancelPending, AttemptPending, CommitPending>;

struct State {
  Settings settings;
  std::uint64_t epoch = 0;
  std::uint64_t next_session = 1;
  std::uint64_t next_token = 1;
  std::uint64_t next_reference = 1;
  std::map<std::string, Session> sessions;  // by peer
  std::map<std::string, Worker> workers;    // by key name / worker name
  std::map<std::int64_t, Job> jobs;
  std::map<rpc::Hash, std::int64_t> job_ids;
  std::map<std::uint64_t, Task> tasks;                 // open ones
  std::map<std::uint64_t, Reference> references;       // by id
  std::map<std::string, std::uint64_t> reference_ids;  // by workload hash, target, threads, options
  std::set<std::uint64_t> reference_queue;  // built before tasks; each queue oldest first
  std::set<std::uint64_t> build_queue;
  std::set<std::uint64_t> run_queue;
  std::map<rpc::Fence, LeaseState> leases;
  std::vector<Subscriber> subscribers;
  std::map<std::uint64_t, Pending> pending;  // by token
  std::set<std::string> known_environments;  // texts that are in the database
};

// Clients with a session: a private tracker ends when there are none.
std::size_t num_clients(const State& state);
// The first thing that is wrong with the state, or "": counts, queues and leases must agree. For
// tests.
std::string find_inconsistency(const State& state);

}  // namespace tenon::tracker
