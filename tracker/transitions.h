// What the files of the core share: one step under way, and the moves that several of them make.
// Internal to tracker/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tracker/core.h"
#include "tracker/state.h"

namespace tenon::tracker {

struct Step {
  State& state;
  Now now;
  Effects effects;
};

// --- core.cc ---
void send(Step& step, const std::string& peer, rpc::Message message, std::uint64_t answers = 0);
void refuse(Step& step, const MessageArrived& asked, rpc::ErrorCode code, std::string text);
void note(Step& step, bool is_warning, std::string text);
void persist(Step& step, std::vector<database::Write> writes, Pending pending);
// Answers a request once its write is done, if the peer is still in the session that asked.
void answer(Step& step, const std::string& peer, std::uint64_t session, std::uint64_t seq,
            rpc::Message message);

// --- sessions.cc ---
void hello(Step& step, const MessageArrived& asked, const rpc::Hello& message);
void describe(Step& step, const MessageArrived& asked, const rpc::Describe& message);
void ready(Step& step, const MessageArrived& asked, const rpc::Ready& message);
void beat(Step& step, const MessageArrived& asked, const rpc::Beat& message);
void fleet(Step& step, const MessageArrived& asked);
// The connection is over: its subscriptions end; a worker's leases live until they expire.
void close_session(Step& step, const std::string& peer);
void check_sessions(Step& step);
Worker* worker_of(State& state, const std::string& peer);
bool has_role(const Worker& worker, rpc::Role role);

// --- jobs.cc ---
void submit(Step& step, const MessageArrived& asked, const rpc::Submit& message);
void add(Step& step, const MessageArrived& asked, const rpc::Add& message);
void subscribe(Step& step, const MessageArrived& asked, const rpc::Subscribe& message);
void event_ack(Step& step, const MessageArrived& asked, const rpc::EventAck& message);
void cancel(Step& step, const MessageArrived& asked, const rpc::Cancel& message);
void submit_stored(Step& step, SubmitPending pending,
                   const std::vector<database::Written>& written);
void add_stored(Step& step, AddPending pending, const std::vector<database::Written>& written);
void cancel_stored(Step& step, const CancelPending& pending,
                   const std::vector<database::Written>& written);
void job_loaded(Step& step, const SubmitPending& pending, const database::JobStatus& status);
void batch_loaded(Step& step, const AddPending& pending,
                  const std::vector<database::TaskRecord>& tasks);
// Sends results that subscribers have room for.
void pump(Step& step);

// --- tasks.cc ---
// A new open task with its place in the queues and its reference.
void add_task(State& state, Task task);
// Into the queue of its phase: to be built when it has no artifact, else to be run.
void enqueue(State& state, Task& task);
void dequeue(State& state, std::uint64_t task_id);
// The task is over: out of queues and job; a lease on it is revoked.
void forget_task(Step& step, std::uint64_t task_id);
// The lease's end, whatever the reason; the task or reference is not touched.
void release(State& state, const rpc::Fence& fence);
// Ends the lease and tells its worker to stop.
void revoke(Step& step, const rpc::Fence& fence);
void add_lease(State& state, const rpc::Fence& fence, LeaseState lease);
bool is_reference(const rpc::Fence& fence);

// --- dispatch.cc ---
void dispatch(Step& step);

// --- results.cc ---
void result(Step& step, const MessageArrived& asked, const rpc::Result& message);
void attempt_stored(Step& step, const AttemptPending& pending,
                    const std::vector<database::Written>& written);
void commit_stored(Step& step, const CommitPending& pending,
                   const std::vector<database::Written>& written);
// A lease that ended without a result.
void lose_lease(Step& step, const rpc::Fence& fence, std::string_view why);
void check_leases(Step& step);

// --- outcomes.cc: what becomes of a task, as writes ---
struct Ended {
  rpc::Fence fence;
  std::string worker;
  bool is_build = false;
  std::int64_t started_wall_ms = 0;
  rpc::Outcome outcome = rpc::Outcome::kLost;
  std::string detail;
  std::uint64_t seq = 0;
  bool has_executing_child_died = false;
};
// The attempt failed, not through the candidate: tried again later, or poison.
void fail_attempt(Step& step, Task& task, const Ended& ended);
// The task's final result, with samples when it ran.
void commit(Step& step, Task& task, const Ended& ended, const rpc::RunReport* run,
            const std::string& device);
void keep_build(Step& step, Task& task, const Ended& ended, const rpc::BuildReport& build);
void fail_reference(Step& step, Reference& reference, rpc::Outcome outcome,
                    const std::string& detail);

}  // namespace tenon::tracker
