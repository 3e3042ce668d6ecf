// Tasks in their queues, leases, and the references that tasks wait for.
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using rpc::Fence;

std::uint64_t reference_of(State& state, const std::shared_ptr<const Workload>& workload,
                           const std::string& options) {
  const std::string key = str_cat(rpc::to_hex(workload->hash), "\n", workload->threads, "\n",
                                  workload->target, "\n", options);
  const auto found = state.reference_ids.find(key);
  if (found != state.reference_ids.end()) return found->second;
  Reference reference;
  reference.id = kReferenceBit | state.next_reference++;
  reference.workload = workload;
  reference.options = options;
  state.reference_ids[key] = reference.id;
  state.reference_queue.insert(reference.id);
  return state.references.emplace(reference.id, std::move(reference)).first->first;
}

}  // namespace

bool is_reference(const Fence& fence) { return (fence.task & kReferenceBit) != 0; }

void add_task(State& state, Task task) {
  Job& job = state.jobs.at(task.job_id);
  task.reference = reference_of(state, task.workload, job.settings.options);
  job.open_tasks.insert(task.id);
  const auto [place, is_new] = state.tasks.emplace(task.id, std::move(task));
  CHECK(is_new) << "task " << place->first << " is open already";
  enqueue(state, place->second);
}

void enqueue(State& state, Task& task) {
  task.lease.reset();
  task.phase = task.artifact ? TaskPhase::kWaitRun : TaskPhase::kWaitBuild;
  (task.artifact ? state.run_queue : state.build_queue).insert(task.id);
}

void dequeue(State& state, std::uint64_t task_id) {
  state.build_queue.erase(task_id);
  state.run_queue.erase(task_id);
}

void forget_task(Step& step, std::uint64_t task_id) {
  const auto found = step.state.tasks.find(task_id);
  if (found == step.state.tasks.end()) return;
  if (found->second.lease) revoke(step, *found->second.lease);
  dequeue(step.state, task_id);
  step.state.jobs.at(found->second.job_id).open_tasks.erase(task_id);
  step.state.tasks.erase(task_id);
}

void add_lease(State& state, const Fence& fence, LeaseState lease) {
  state.workers.at(lease.worker).leases.insert(fence);
  state.leases[fence] = std::move(lease);
}

void release(State& state, const Fence& fence) {
  const auto found = state.leases.find(fence);
  if (found == state.leases.end()) return;
  state.workers.at(found->second.worker).leases.erase(fence);
  state.leases.erase(found);
}

void revoke(Step& step, const Fence& fence) {
  const auto found = step.state.leases.find(fence);
  if (found == step.state.leases.end()) return;
  Worker& worker = step.state.workers.at(found->second.worker);
  if (!worker.peer.empty()) send(step, worker.peer, rpc::BeatAck{0, {fence}, false});
  release(step.state, fence);
}

}  // namespace tenon::tracker
