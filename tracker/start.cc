// The state of a fresh tracker from what the database has open.
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using WorkloadKey = std::tuple<std::string, std::string, int>;

void add_job(State& state, const Snapshot::Job& from) {
  Job job;
  job.id = from.record.id;
  job.key = rpc::hash_from_hex(from.record.key);
  job.owner = from.record.owner;
  job.settings = settings_from_selector(from.record.selector);
  if (job.settings.device_class.empty()) job.settings.device_class = from.device_class;
  job.state = from.record.state;
  job.num_tasks = static_cast<std::uint64_t>(from.num_tasks);
  job.last_rseq = static_cast<std::uint64_t>(from.record.next_rseq - 1);
  state.job_ids[job.key] = job.id;
  state.jobs.emplace(job.id, std::move(job));
}

}  // namespace

State start(const Snapshot& snapshot, const Settings& settings, std::uint64_t epoch) {
  State state;
  state.settings = settings;
  state.epoch = epoch;
  state.next_session = (epoch << 32) + 1;
  for (const Snapshot::Job& job : snapshot.jobs) add_job(state, job);
  std::map<WorkloadKey, std::shared_ptr<const Workload>> workloads;
  for (const Snapshot::Task& from : snapshot.tasks) {
    const database::TaskRecord& record = from.record;
    auto& workload = workloads[{record.workload, record.target, record.threads}];
    if (workload == nullptr) {
      workload = std::make_shared<const Workload>(
          Workload{rpc::hash_from_hex(record.workload), from.workload_text, from.target_text,
                   static_cast<std::uint32_t>(record.threads)});
    }
    Task task;
    task.id = static_cast<std::uint64_t>(record.id);
    task.job_id = record.job_id;
    task.batch = static_cast<std::uint64_t>(record.batch_no);
    task.index = static_cast<std::uint32_t>(record.position);
    task.workload = workload;
    task.trace = from.trace_text;
    add_task(state, std::move(task));
  }
  return state;
}

}  // namespace tenon::tracker
