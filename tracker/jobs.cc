// What clients ask: jobs, candidates, and the stream of results.
#include <algorithm>
#include <limits>

#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using database::Disposition;
using rpc::ErrorCode;
using rpc::Role;

constexpr std::size_t kMaxWorkloadBytes = 384 * 1024;
constexpr std::size_t kMaxTraceBytes = 384 * 1024;
constexpr std::size_t kMaxSeeds = 16;
constexpr std::uint32_t kMaxThreads = 1024;
constexpr std::uint32_t kMaxWindow = 4096;
constexpr std::uint64_t kMaxResultsAtOnce = 64;

bool has_key_role(const MessageArrived& asked, Role role) {
  return std::find(asked.key_roles.begin(), asked.key_roles.end(), role) != asked.key_roles.end();
}

// The job that a request names, if this key may see it. Others' jobs are as if they were not there.
Job* find_job(Step& step, const MessageArrived& asked, const rpc::Hash& key) {
  const auto id = step.state.job_ids.find(key);
  if (id == step.state.job_ids.end()) return nullptr;
  Job& job = step.state.jobs.at(id->second);
  const bool is_theirs = job.owner == asked.key_name || has_key_role(asked, Role::kOperator) ||
                         has_key_role(asked, Role::kAdmin) || has_key_role(asked, Role::kViewer);
  return is_theirs ? &job : nullptr;
}

void refuse_unknown_job(Step& step, const MessageArrived& asked, const rpc::Hash& key) {
  refuse(step, asked, ErrorCode::kNotFound, "no such job: " + rpc::to_hex(key));
}

// Tells the peer that a write was refused, or that the store failed. False when all is well.
template <class P>
bool report_failure(Step& step, const P& pending, const std::vector<database::Written>& written) {
  for (const database::Written& one : written) {
    const bool has_failed = one.disposition == Disposition::kFailed;
    if (!has_failed && one.disposition != Disposition::kRejected) continue;
    const ErrorCode code = has_failed ? ErrorCode::kStore : ErrorCode::kConflict;
    answer(step, pending.peer, pending.session, pending.seq,
           rpc::ErrorMessage{code, pending.seq, 0, one.error});
    if (has_failed) note(step, true, "not stored: " + one.error);
    return true;
  }
  return false;
}

std::string refuse_add(const rpc::Add& message) {
  if (message.candidates.empty()) return "no candidates";
  if (message.candidates.size() > rpc::kMaxTasksPerAdd) {
    return str_cat(message.candidates.size(), " candidates, at most ", rpc::kMaxTasksPerAdd);
  }
  if (message.batch > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return "batch number too large";
  for (const rpc::WorkloadSpec& workload : message.workloads) {
    if (workload.text.size() > kMaxWorkloadBytes) return "a workload's text is too long";
    if (workload.threads < 1 || workload.threads > kMaxThreads) return "threads outside 1 .. 1024";
  }
  for (const rpc::Candidate& candidate : message.candidates) {
    if (candidate.workload >= message.workloads.size())
      return "a candidate names a workload that is not in the message";
    if (candidate.trace.empty()) return "a candidate without a trace";
    if (candidate.trace.size() > kMaxTraceBytes) return "a trace is too long";
  }
  return "";
}

std::vector<std::shared_ptr<const Workload>> workloads_of(const rpc::Add& message) {
  std::vector<std::shared_ptr<const Workload>> workloads;
  for (const rpc::WorkloadSpec& spec : message.workloads) {
    workloads.push_back(std::make_shared<const Workload>(
        Workload{spec.hash, spec.text, spec.target, spec.threads}));
  }
  return workloads;
}

Task task_of(const AddPending& pending, std::uint32_t index, std::uint64_t id,
             const std::vector<std::shared_ptr<const Workload>>& workloads) {
  const rpc::Candidate& candidate = pending.request.candidates[index];
  Task task;
  task.id = id;
  task.job_id = pending.job_id;
  task.batch = pending.request.batch;
  task.index = index;
  task.workload = workloads[candidate.workload];
  task.trace = candidate.trace;
  task.stop_above_ns = candidate.stop_above_ns;
  return task;
}

}  // namespace

void submit(Step& step, const MessageArrived& asked, const rpc::Submit& message) {
  if (message.seeds.size() > kMaxSeeds) {
    return refuse(step, asked, ErrorCode::kLimit, str_cat("at most ", kMaxSeeds, " seeds"));
  }
  const auto known = step.state.job_ids.find(message.job);
  if (known != step.state.job_ids.end() && find_job(step, asked, message.job) == nullptr) {
    return refuse(step, asked, ErrorCode::kConflict, "this job is another key's");
  }
  database::JobRecord record;
  record.key = rpc::to_hex(message.job);
  record.label = message.label;
  record.owner = asked.key_name;
  record.manifest = message.manifest;
  record.selector = selector_text(settings_of(message));
  record.max_trials = message.max_trials;
  record.created_ms = step.now.wall_ms;
  persist(step, {database::AddJob{record}},
          SubmitPending{asked.peer, asked.session, asked.seq, message, asked.key_name, false});
}

void submit_stored(Step& step, SubmitPending pending,
                   const std::vector<database::Written>& written) {
  if (report_failure(step, pending, written)) return;
  pending.is_existing = written[0].disposition == Disposition::kExisting;
  const std::uint64_t token = step.state.next_token++;
  step.effects.push_back(LoadJob{token, written[0].id});
  step.state.pending.emplace(token, std::move(pending));
}

void job_loaded(Step& step, const SubmitPending& pending, const database::JobStatus& status) {
  const auto [place, is_new] = step.state.jobs.try_emplace(status.job.id);
  Job& job = place->second;
  if (is_new) {
    job.id = status.job.id;
    job.key = pending.request.job;
    job.owner = status.job.owner;
    job.settings = settings_of(pending.request);
    step.state.job_ids[job.key] = job.id;
  }
  job.state = status.job.state;
  job.num_tasks = static_cast<std::uint64_t>(status.num_tasks);
  job.last_rseq = std::max(job.last_rseq, static_cast<std::uint64_t>(status.job.next_rseq - 1));
  rpc::Accepted accepted;
  accepted.job = job.key;
  accepted.is_existing = pending.is_existing;
  accepted.num_candidates = job.num_tasks;
  accepted.next_batch = static_cast<std::uint64_t>(status.next_batch_no);
  accepted.last_rseq = job.last_rseq;
  answer(step, pending.peer, pending.session, pending.seq, accepted);
}

void add(Step& step, const MessageArrived& asked, const rpc::Add& message) {
  const Job* job = find_job(step, asked, message.job);
  if (job == nullptr) return refuse_unknown_job(step, asked, message.job);
  if (const std::string why = refuse_add(message); !why.empty())
    return refuse(step, asked, ErrorCode::kLimit, why);
  std::vector<database::Write> writes;
  const database::MeasuringProtocol protocol{job->settings.protocol.version,
                                             protocol_text(job->settings)};
  writes.push_back(protocol);
  for (const rpc::WorkloadSpec& workload : message.workloads) {
    writes.push_back(database::WorkloadRecord{rpc::to_hex(workload.hash), workload.text});
    writes.push_back(database::TargetRecord{workload.target});
  }
  database::AddTasks tasks;
  tasks.job_id = job->id;
  tasks.batch_no = static_cast<std::int64_t>(message.batch);
  tasks.now_ms = step.now.wall_ms;
  for (const rpc::Candidate& candidate : message.candidates) {
    const rpc::WorkloadSpec& workload = message.workloads[candidate.workload];
    tasks.tasks.push_back({rpc::to_hex(workload.hash),
                           database::TargetRecord{workload.target}.hash(),
                           database::TraceRecord{candidate.trace},
                           static_cast<int>(workload.threads), protocol.hash()});
  }
  writes.push_back(std::move(tasks));
  persist(step, std::move(writes),
          AddPending{asked.peer, asked.session, asked.seq, job->id, message});
}

void add_stored(Step& step, AddPending pending, const std::vector<database::Written>& written) {
  if (report_failure(step, pending, written)) return;
  const database::Written& batch = written.back();
  if (batch.disposition == Disposition::kExisting) {
    const std::uint64_t token = step.state.next_token++;
    step.effects.push_back(
        LoadBatch{token, pending.job_id, static_cast<std::int64_t>(pending.request.batch)});
    step.state.pending.emplace(token, std::move(pending));
    return;
  }
  const auto workloads = workloads_of(pending.request);
  Job& job = step.state.jobs.at(pending.job_id);
  for (std::uint32_t i = 0; i < pending.request.candidates.size(); ++i) {
    add_task(step.state, task_of(pending, i, static_cast<std::uint64_t>(batch.id) + i, workloads));
  }
  job.num_tasks += pending.request.candidates.size();
  answer(step, pending.peer, pending.session, pending.seq,
         rpc::Added{job.key, pending.request.batch, false});
}

// Those of a known batch that are open, but not here, were cancelled before and are queued again.
void batch_loaded(Step& step, const AddPending& pending,
                  const std::vector<database::TaskRecord>& tasks) {
  const auto workloads = workloads_of(pending.request);
  for (const database::TaskRecord& record : tasks) {
    const auto id = static_cast<std::uint64_t>(record.id);
    const bool is_known =
        database::is_final(record.state) || step.state.tasks.contains(id) ||
        record.position >= static_cast<std::int64_t>(pending.request.candidates.size());
    if (!is_known)
      add_task(step.state,
               task_of(pending, static_cast<std::uint32_t>(record.position), id, workloads));
  }
  const Job& job = step.state.jobs.at(pending.job_id);
  answer(step, pending.peer, pending.session, pending.seq,
         rpc::Added{job.key, pending.request.batch, true});
}

void cancel(Step& step, const MessageArrived& asked, const rpc::Cancel& message) {
  const Job* job = find_job(step, asked, message.job);
  if (job == nullptr) return refuse_unknown_job(step, asked, message.job);
  const database::JobState state =
      job->open_tasks.empty() ? database::JobState::kDone : database::JobState::kCancelled;
  persist(step, {database::SetJobState{job->id, state, step.now.wall_ms}},
          CancelPending{asked.peer, asked.session, asked.seq, job->id, state});
}

void cancel_stored(Step& step, const CancelPending& pending,
                   const std::vector<database::Written>& written) {
  if (report_failure(step, pending, written)) return;
  Job& job = step.state.jobs.at(pending.job_id);
  job.state = pending.state;
  const std::set<std::uint64_t> open = job.open_tasks;
  for (const std::uint64_t id : open) forget_task(step, id);
  answer(step, pending.peer, pending.session, pending.seq,
         rpc::Cancelled{job.key, static_cast<std::uint32_t>(open.size())});
}

void subscribe(Step& step, const MessageArrived& asked, const rpc::Subscribe& message) {
  const Job* job = find_job(step, asked, message.job);
  if (job == nullptr) return refuse_unknown_job(step, asked, message.job);
  Subscriber subscriber;
  subscriber.peer = asked.peer;
  subscriber.job_id = job->id;
  subscriber.next_rseq = std::max<std::uint64_t>(message.from_rseq, 1);
  subscriber.acked_rseq = subscriber.next_rseq - 1;
  subscriber.window = std::clamp<std::uint32_t>(message.window, 1, kMaxWindow);
  subscriber.with_traces = message.with_traces;
  std::erase_if(step.state.subscribers, [&](const Subscriber& known) {
    return known.peer == subscriber.peer && known.job_id == subscriber.job_id;
  });
  step.state.subscribers.push_back(subscriber);
}

void event_ack(Step& step, const MessageArrived& asked, const rpc::EventAck& message) {
  const Job* job = find_job(step, asked, message.job);
  if (job == nullptr) return refuse_unknown_job(step, asked, message.job);
  for (Subscriber& subscriber : step.state.subscribers) {
    if (subscriber.peer != asked.peer || subscriber.job_id != job->id) continue;
    subscriber.acked_rseq =
        std::clamp(message.rseq, subscriber.acked_rseq, subscriber.next_rseq - 1);
  }
}

void pump(Step& step) {
  for (Subscriber& subscriber : step.state.subscribers) {
    const Job& job = step.state.jobs.at(subscriber.job_id);
    const std::uint64_t last = std::min(job.last_rseq, subscriber.acked_rseq + subscriber.window);
    while (subscriber.next_rseq <= last) {
      const std::uint64_t count = std::min(last - subscriber.next_rseq + 1, kMaxResultsAtOnce);
      const std::uint64_t session = step.state.sessions.at(subscriber.peer).id;
      step.effects.push_back(SendResults{subscriber.peer, session, job.key, job.id,
                                         subscriber.next_rseq, count, subscriber.with_traces});
      subscriber.next_rseq += count;
    }
  }
}

}  // namespace tenon::tracker
