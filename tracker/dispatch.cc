// Who gets what: queues first in, first out, to workers that have a credit, a fitting device and
// the labels.
#include <algorithm>

#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using rpc::Fence;
using rpc::Role;

constexpr std::size_t kMaxTasksPerLease = 8;
constexpr std::size_t kMaxTextPerLease = 256 * 1024;

// The credits that are left and the LEASE messages that are being filled.
class Granter {
 public:
  explicit Granter(Step& step) : step_(step) {
    for (const auto& [id, worker] : step.state.workers) {
      if (worker.peer.empty() || !worker.is_described) continue;
      Free free{worker.credits.build_credits, worker.credits.run_credits};
      for (const Fence& fence : worker.leases) {
        std::uint32_t& credit = step.state.leases.at(fence).is_build ? free.builds : free.runs;
        if (credit > 0) --credit;
      }
      if (!has_role(worker, Role::kBuild)) free.builds = 0;
      if (!has_role(worker, Role::kRun)) free.runs = 0;
      builds_ += free.builds;
      runs_ += free.runs;
      free_[id] = free;
    }
  }

  bool can_build() const { return builds_ > 0; }
  bool can_run() const { return runs_ > 0; }

  // The worker with most free build credits; `avoid` only when there is no other.
  const std::string* find_builder(const std::string& avoid) const {
    const std::string* best = nullptr;
    std::uint32_t most = 0;
    for (const auto& [id, free] : free_) {
      if (free.builds == 0 || (id == avoid && free_.size() > 1 && has_other(avoid, true))) continue;
      if (free.builds > most) best = &id;
      most = std::max(most, free.builds);
    }
    return best;
  }

  struct Place {
    std::string worker;
    const rpc::Device* device = nullptr;
  };

  // A device of the job's class (any, while it has none) on a worker with the labels: the one with
  // fewest leases.
  Place find_device(const Job& job, const Task& task) const {
    Place best;
    std::size_t fewest = ~std::size_t{0};
    for (const auto& [id, free] : free_) {
      if (free.runs == 0 || (id == task.avoid_worker && has_other(id, false))) continue;
      const Worker& worker = step_.state.workers.at(id);
      if (!has_labels(worker, job)) continue;
      for (const rpc::Device& device : worker.description.devices) {
        const bool is_class =
            job.settings.device_class.empty() || job.settings.device_class == device.device_class;
        const std::size_t load = num_leases_on(worker, device.serial);
        if (!is_class || device.max_threads < task.workload->threads || load >= fewest) continue;
        best = {id, &device};
        fewest = load;
      }
    }
    return best;
  }

  void grant(const std::string& worker_id, rpc::LeasedTask leased, std::size_t text_bytes) {
    const bool is_build = leased.build.has_value();
    Free& free = free_.at(worker_id);
    --(is_build ? free.builds : free.runs);
    --(is_build ? builds_ : runs_);
    LeaseState lease;
    lease.worker = worker_id;
    lease.is_build = is_build;
    lease.device = leased.run ? leased.run->device : "";
    lease.started_wall_ms = step_.now.wall_ms;
    lease.granted_ms = step_.now.steady_ms;
    lease.expires_ms = step_.now.steady_ms + step_.state.settings.lease_ms;
    lease.hard_end_ms = step_.now.steady_ms + leased.wall_limit_ms + step_.state.settings.grace_ms;
    add_lease(step_.state, leased.fence, std::move(lease));
    Batch& batch = batches_[worker_id];
    if (batch.message.tasks.size() >= kMaxTasksPerLease ||
        batch.text_bytes + text_bytes > kMaxTextPerLease) {
      flush(worker_id, batch);
    }
    batch.text_bytes += text_bytes;
    batch.message.tasks.push_back(std::move(leased));
  }

  void flush_all() {
    for (auto& [id, batch] : batches_) flush(id, batch);
  }

 private:
  struct Free {
    std::uint32_t builds = 0;
    std::uint32_t runs = 0;
  };
  struct Batch {
    rpc::Lease message;
    std::size_t text_bytes = 0;
  };

  bool has_other(const std::string& avoided, bool is_build) const {
    return std::any_of(free_.begin(), free_.end(), [&](const auto& entry) {
      const Worker& worker = step_.state.workers.at(entry.first);
      return entry.first != avoided && has_role(worker, is_build ? Role::kBuild : Role::kRun);
    });
  }

  static bool has_labels(const Worker& worker, const Job& job) {
    const auto& labels = worker.description.labels;
    return std::all_of(job.settings.needs.begin(), job.settings.needs.end(),
                       [&](const std::string& need) {
                         return std::find(labels.begin(), labels.end(), need) != labels.end();
                       });
  }

  std::size_t num_leases_on(const Worker& worker, const std::string& serial) const {
    return static_cast<std::size_t>(std::count_if(
        worker.leases.begin(), worker.leases.end(),
        [&](const Fence& fence) { return step_.state.leases.at(fence).device == serial; }));
  }

  void flush(const std::string& worker_id, Batch& batch) {
    if (batch.message.tasks.empty()) return;
    send(step_, step_.state.workers.at(worker_id).peer, std::move(batch.message));
    batch = {};
  }

  Step& step_;
  std::map<std::string, Free> free_;
  std::map<std::string, Batch> batches_;
  std::uint32_t builds_ = 0;
  std::uint32_t runs_ = 0;
};

rpc::BuildSpec build_spec(const Workload& workload, const std::string& options) {
  rpc::BuildSpec spec;
  spec.workload_hash = workload.hash;
  spec.workload = workload.text;
  spec.target = workload.target;
  spec.threads = workload.threads;
  spec.options = options;
  return spec;
}

void dispatch_references(Step& step, Granter& granter) {
  std::vector<std::uint64_t> taken;
  for (const std::uint64_t id : step.state.reference_queue) {
    if (!granter.can_build()) break;
    Reference& reference = step.state.references.at(id);
    if (reference.not_before_ms > step.now.steady_ms) continue;
    const std::string* worker = granter.find_builder("");
    if (worker == nullptr) break;
    rpc::LeasedTask leased;
    leased.fence = {id, step.state.epoch, ++reference.attempt};
    leased.build = build_spec(*reference.workload, reference.options);
    leased.build->is_reference = true;
    leased.wall_limit_ms = step.state.settings.build_wall_ms;
    leased.memory_limit_bytes = step.state.settings.memory_limit_bytes;
    reference.state = Reference::State::kLeased;
    granter.grant(std::string(*worker), std::move(leased), reference.workload->text.size());
    taken.push_back(id);
  }
  for (const std::uint64_t id : taken) step.state.reference_queue.erase(id);
}

void lease_task(Step& step, Granter& granter, Task& task, const std::string& worker,
                rpc::LeasedTask leased) {
  leased.fence = {task.id, step.state.epoch, ++task.attempt};
  leased.memory_limit_bytes = step.state.settings.memory_limit_bytes;
  task.attempt_workers[task.attempt] = worker;
  task.phase = TaskPhase::kLeased;
  task.lease = leased.fence;
  granter.grant(worker, std::move(leased), task.workload->text.size() + task.trace.size());
}

void dispatch_builds(Step& step, Granter& granter) {
  std::vector<std::uint64_t> taken;
  for (const std::uint64_t id : step.state.build_queue) {
    if (!granter.can_build()) break;
    Task& task = step.state.tasks.at(id);
    if (task.not_before_ms > step.now.steady_ms) continue;
    const std::string* worker = granter.find_builder(task.avoid_worker);
    if (worker == nullptr) continue;
    rpc::LeasedTask leased;
    leased.build = build_spec(*task.workload, step.state.jobs.at(task.job_id).settings.options);
    leased.build->trace = task.trace;
    leased.wall_limit_ms = step.state.settings.build_wall_ms;
    lease_task(step, granter, task, std::string(*worker), std::move(leased));
    taken.push_back(id);
  }
  for (const std::uint64_t id : taken) step.state.build_queue.erase(id);
}

rpc::RunSpec run_spec(const Task& task, const Job& job, const Reference& reference,
                      const std::string& device) {
  rpc::RunSpec spec;
  spec.workload_hash = task.workload->hash;
  spec.artifact = *task.artifact;
  spec.reference = reference.artifact;
  spec.target = task.workload->target;
  spec.threads = task.workload->threads;
  spec.seeds = job.settings.seeds;
  spec.protocol = job.settings.protocol;
  spec.device = device;
  spec.stop_above_ns = task.stop_above_ns;
  return spec;
}

void dispatch_runs(Step& step, Granter& granter) {
  std::vector<std::uint64_t> taken;
  for (const std::uint64_t id : step.state.run_queue) {
    if (!granter.can_run()) break;
    Task& task = step.state.tasks.at(id);
    Reference& reference = step.state.references.at(task.reference);
    if (task.not_before_ms > step.now.steady_ms || reference.state != Reference::State::kReady)
      continue;
    Job& job = step.state.jobs.at(task.job_id);
    const Granter::Place place = granter.find_device(job, task);
    if (place.device == nullptr) continue;
    if (job.settings.device_class.empty()) job.settings.device_class = place.device->device_class;
    rpc::LeasedTask leased;
    leased.run = run_spec(task, job, reference, place.device->serial);
    leased.wall_limit_ms = step.state.settings.run_wall_ms + job.settings.protocol.budget_ms;
    lease_task(step, granter, task, place.worker, std::move(leased));
    taken.push_back(id);
  }
  for (const std::uint64_t id : taken) step.state.run_queue.erase(id);
}

// Tasks whose reference cannot be built end as it did.
void end_without_reference(Step& step) {
  std::vector<std::uint64_t> hopeless;
  for (const auto* queue : {&step.state.build_queue, &step.state.run_queue}) {
    for (const std::uint64_t id : *queue) {
      const Task& task = step.state.tasks.at(id);
      if (step.state.references.at(task.reference).state == Reference::State::kFailed)
        hopeless.push_back(id);
    }
  }
  for (const std::uint64_t id : hopeless) {
    Task& task = step.state.tasks.at(id);
    const Reference& reference = step.state.references.at(task.reference);
    Ended ended;
    ended.fence = {id, step.state.epoch, ++task.attempt};
    ended.is_build = true;
    ended.started_wall_ms = step.now.wall_ms;
    ended.outcome = reference.outcome;
    ended.detail = str_cat("the reference of this workload could not be built: ", reference.detail);
    dequeue(step.state, id);
    commit(step, task, ended, nullptr, "");
  }
}

}  // namespace

void dispatch(Step& step) {
  const bool has_failed_reference = std::any_of(
      step.state.references.begin(), step.state.references.end(),
      [](const auto& entry) { return entry.second.state == Reference::State::kFailed; });
  if (has_failed_reference) end_without_reference(step);
  Granter granter(step);
  dispatch_references(step, granter);
  dispatch_builds(step, granter);
  dispatch_runs(step, granter);
  granter.flush_all();
}

}  // namespace tenon::tracker
