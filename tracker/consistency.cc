// What must hold between the parts of the state after every step.
#include <algorithm>

#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

std::string check_task(const State& state, const Task& task) {
  const std::string name = str_cat("task ", task.id);
  const bool is_in_build = state.build_queue.contains(task.id);
  const bool is_in_run = state.run_queue.contains(task.id);
  const bool has_lease = task.lease && state.leases.contains(*task.lease);
  if (is_in_build != (task.phase == TaskPhase::kWaitBuild))
    return name + ": build queue and phase disagree";
  if (is_in_run != (task.phase == TaskPhase::kWaitRun))
    return name + ": run queue and phase disagree";
  if (task.lease.has_value() != (task.phase == TaskPhase::kLeased))
    return name + ": lease and phase disagree";
  if (task.lease && !has_lease) return name + ": its lease is gone";
  if (task.phase == TaskPhase::kWaitBuild && task.artifact)
    return name + ": waits for a build that it has";
  if (!state.references.contains(task.reference)) return name + ": no reference";
  const auto job = state.jobs.find(task.job_id);
  if (job == state.jobs.end() || !job->second.open_tasks.contains(task.id))
    return name + ": not in its job";
  return "";
}

std::string check_lease(const State& state, const rpc::Fence& fence, const LeaseState& lease) {
  const std::string name = str_cat("lease of task ", fence.task, " attempt ", fence.attempt);
  const auto worker = state.workers.find(lease.worker);
  if (worker == state.workers.end() || !worker->second.leases.contains(fence))
    return name + ": not with its worker";
  if (is_reference(fence)) {
    const auto reference = state.references.find(fence.task);
    const bool is_leased =
        reference != state.references.end() && reference->second.state == Reference::State::kLeased;
    return is_leased ? "" : name + ": its reference is not leased";
  }
  const auto task = state.tasks.find(fence.task);
  if (task == state.tasks.end() || task->second.lease != fence)
    return name + ": its task does not know it";
  return "";
}

std::string check_worker(const State& state, const std::string& id, const Worker& worker) {
  for (const rpc::Fence& fence : worker.leases) {
    if (!state.leases.contains(fence)) return str_cat("worker ", id, ": has a lease that is gone");
  }
  if (!worker.peer.empty()) {
    const auto session = state.sessions.find(worker.peer);
    if (session == state.sessions.end() || session->second.worker != id)
      return str_cat("worker ", id, ": no session");
  }
  return "";
}

}  // namespace

std::string find_inconsistency(const State& state) {
  for (const auto& [id, task] : state.tasks) {
    if (std::string why = check_task(state, task); !why.empty()) return why;
  }
  for (const auto& [fence, lease] : state.leases) {
    if (std::string why = check_lease(state, fence, lease); !why.empty()) return why;
  }
  for (const auto& [id, worker] : state.workers) {
    if (std::string why = check_worker(state, id, worker); !why.empty()) return why;
  }
  for (const Subscriber& subscriber : state.subscribers) {
    if (!state.sessions.contains(subscriber.peer)) return "a subscriber without a session";
    if (subscriber.acked_rseq >= subscriber.next_rseq)
      return "a subscriber acknowledged what was not sent";
  }
  for (const std::uint64_t id : state.reference_queue) {
    if (state.references.at(id).state != Reference::State::kWanted)
      return "a reference is queued and not wanted";
  }
  for (const auto* queue : {&state.build_queue, &state.run_queue}) {
    for (const std::uint64_t id : *queue) {
      if (!state.tasks.contains(id)) return str_cat("queue: task ", id, " is gone");
    }
  }
  return "";
}

}  // namespace tenon::tracker
