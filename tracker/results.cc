// RESULT messages and leases that end without one.
#include <algorithm>

#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using rpc::Disposition;
using rpc::Fence;
using rpc::Outcome;
using rpc::Role;

constexpr std::size_t kMaxDetailBytes = 8 * 1024;

void acknowledge(Step& step, const std::string& worker_id, std::uint64_t seq, const Fence& fence,
                 Disposition disposition, const std::string& why = "") {
  const auto worker = step.state.workers.find(worker_id);
  if (worker == step.state.workers.end() || worker->second.peer.empty()) return;
  send(step, worker->second.peer, rpc::ResultAck{fence, disposition, why}, seq);
}

bool is_executing(const LeaseState& lease) {
  return lease.phase == rpc::Phase::kBuilding || lease.phase == rpc::Phase::kMeasuring;
}

bool has_device(const Worker& worker, const std::string& serial) {
  const auto& devices = worker.description.devices;
  return std::any_of(devices.begin(), devices.end(),
                     [&](const rpc::Device& device) { return device.serial == serial; });
}

// Why a run's report cannot be true, or "".
std::string refuse_report(const rpc::RunReport& run, const Task& task, std::int64_t lease_ms) {
  if (run.samples_ns.empty()) return "no samples";
  const auto longest = *std::max_element(run.samples_ns.begin(), run.samples_ns.end());
  if (std::find(run.samples_ns.begin(), run.samples_ns.end(), 0u) != run.samples_ns.end())
    return "a sample of 0 ns";
  if (lease_ms >= 0 && longest / 1000000 > static_cast<std::uint64_t>(lease_ms) + 1) {
    return str_cat("a sample of ", longest, " ns in a lease of ", lease_ms, " ms");
  }
  if (task.artifact && task.artifact->digest != run.artifact.digest)
    return "another artifact than the lease's";
  return "";
}

// Why the message as a whole cannot be taken, or "".
std::string refuse_shape(const rpc::Result& message, bool is_build) {
  const bool is_ok = message.outcome == Outcome::kOk;
  if (message.build && message.run) return "both a build and a run";
  if (is_ok && !message.build && !message.run) return "ok without a report";
  if (is_ok && is_build != message.build.has_value()) return "a report of the other kind of work";
  if (message.outcome == Outcome::kLost) return "only the tracker says lost";
  return "";
}

// An artifact that a candidate's build gave, or its failure; a run's samples, or its failure.
void task_result(Step& step, const MessageArrived& asked, const rpc::Result& message, Ended ended,
                 std::int64_t lease_ms) {
  Task& task = step.state.tasks.at(message.fence.task);
  // A failure counts once: when its lease has ended already, it was counted then.
  const bool is_current = task.lease == message.fence;
  const bool is_ok = message.outcome == Outcome::kOk;
  std::string why = refuse_shape(message, ended.is_build);
  if (why.empty() && is_ok && message.run) why = refuse_report(*message.run, task, lease_ms);
  if (!why.empty()) {
    note(step, true, str_cat("a result of ", ended.worker, " is not believable: ", why));
    acknowledge(step, ended.worker, asked.seq, message.fence, Disposition::kRejected, why);
    ended.outcome = Outcome::kInternal;
    ended.detail = "not believable: " + why;
    ended.seq = 0;
    if (is_current) fail_attempt(step, task, ended);
  } else if (is_ok && message.build) {
    if (task.artifact) {
      acknowledge(step, ended.worker, asked.seq, message.fence, Disposition::kStale,
                  "built already");
    } else if (asked.is_artifact_stored) {
      keep_build(step, task, ended, *message.build);
    } else if (is_current) {
      ended.outcome = Outcome::kArtifactMissing;
      ended.detail = "the artifact was not uploaded";
      fail_attempt(step, task, ended);
    } else {
      acknowledge(step, ended.worker, asked.seq, message.fence, Disposition::kStale,
                  "its lease has ended");
    }
  } else if (is_ok || rpc::blame_of(message.outcome) == rpc::Blame::kCandidate) {
    commit(step, task, ended, message.run ? &*message.run : nullptr, message.device);
  } else if (is_current) {
    fail_attempt(step, task, ended);
  } else {
    acknowledge(step, ended.worker, asked.seq, message.fence, Disposition::kStale,
                "its lease has ended");
  }
}

void reference_result(Step& step, const MessageArrived& asked, const rpc::Result& message,
                      const std::string& worker) {
  const auto lease = step.state.leases.find(message.fence);
  if (lease == step.state.leases.end() || lease->second.worker != worker) {
    acknowledge(step, worker, asked.seq, message.fence, Disposition::kStale, "not leased");
    return;
  }
  release(step.state, message.fence);
  Reference& reference = step.state.references.at(message.fence.task);
  if (message.outcome == Outcome::kOk && message.build && asked.is_artifact_stored) {
    reference.state = Reference::State::kReady;
    reference.artifact = message.build->artifact;
  } else if (message.outcome == Outcome::kOk) {
    fail_reference(step, reference, Outcome::kArtifactMissing, "the artifact was not uploaded");
  } else {
    fail_reference(step, reference, message.outcome, message.detail);
  }
  acknowledge(step, worker, asked.seq, message.fence, Disposition::kAccepted);
}

// Was this attempt ever leased to this worker? Those of an earlier epoch are believed: their leases
// are not stored.
bool was_leased(const Task& task, const Fence& fence, const std::string& worker,
                std::uint64_t epoch) {
  if (fence.epoch > epoch) return false;
  if (fence.epoch < epoch) return true;
  const auto found = task.attempt_workers.find(fence.attempt);
  return found != task.attempt_workers.end() && found->second == worker;
}

// Without a lease to tell (it expired, or is of an earlier epoch), the report or the task's own
// state does.
bool is_build_result(const Step& step, const rpc::Result& message, const Task& task) {
  const auto lease = step.state.leases.find(message.fence);
  if (lease != step.state.leases.end()) return lease->second.is_build;
  if (message.build || message.run) return message.build.has_value();
  return message.device.empty() && !task.artifact;
}

}  // namespace

void result(Step& step, const MessageArrived& asked, const rpc::Result& message) {
  const Worker* worker = worker_of(step.state, asked.peer);
  if (worker == nullptr)
    return refuse(step, asked, rpc::ErrorCode::kForbidden, "HELLO asked for no work");
  const std::string worker_id = step.state.sessions.at(asked.peer).worker;
  const Role needed = message.build ? Role::kBuild : Role::kRun;
  if ((message.build || message.run) && !has_role(*worker, needed)) {
    return acknowledge(step, worker_id, asked.seq, message.fence, Disposition::kRejected,
                       "not this worker's role");
  }
  // The device's class goes into the record: a worker that was not described yet says it all again.
  if (!message.device.empty() && !worker->is_described) {
    return refuse(step, asked, rpc::ErrorCode::kNoSession,
                  "DESCRIBE comes before a RESULT of a device");
  }
  if (!message.device.empty() && !has_device(*worker, message.device)) {
    return acknowledge(step, worker_id, asked.seq, message.fence, Disposition::kRejected,
                       "the worker has no device " + message.device);
  }
  if (is_reference(message.fence)) return reference_result(step, asked, message, worker_id);
  const auto found = step.state.tasks.find(message.fence.task);
  if (found == step.state.tasks.end()) {
    return acknowledge(step, worker_id, asked.seq, message.fence, Disposition::kStale,
                       "the task has ended");
  }
  if (!was_leased(found->second, message.fence, worker_id, step.state.epoch)) {
    return acknowledge(step, worker_id, asked.seq, message.fence, Disposition::kRejected,
                       "never leased to this worker");
  }
  if (found->second.phase == TaskPhase::kCommitting)
    return;  // the resend after this commit gets its answer
  Ended ended;
  ended.fence = message.fence;
  ended.worker = worker_id;
  ended.is_build = is_build_result(step, message, found->second);
  ended.outcome = message.outcome;
  ended.detail = message.detail.substr(0, kMaxDetailBytes);
  ended.seq = asked.seq;
  ended.started_wall_ms = step.now.wall_ms;
  std::int64_t lease_ms = -1;
  const auto lease = step.state.leases.find(message.fence);
  if (lease != step.state.leases.end() && lease->second.worker == worker_id) {
    ended.started_wall_ms = lease->second.started_wall_ms;
    if (message.fence.epoch == step.state.epoch)
      lease_ms = step.now.steady_ms - lease->second.granted_ms;
  }
  task_result(step, asked, message, ended, lease_ms);
}

void attempt_stored(Step& step, const AttemptPending& pending,
                    const std::vector<database::Written>& written) {
  const auto found = step.state.tasks.find(pending.fence.task);
  const database::Disposition first = written.front().disposition;
  const bool has_failed = first == database::Disposition::kFailed;
  if (found != step.state.tasks.end()) {
    Task& task = found->second;
    if (has_failed) task.not_before_ms = step.now.steady_ms + step.state.settings.resend_ms;
    if (!has_failed && pending.build) task.artifact = pending.build->artifact;
    enqueue(step.state, task);
  }
  if (has_failed) return note(step, true, "not stored: " + written.front().error);
  Disposition disposition = Disposition::kAccepted;
  if (first == database::Disposition::kDuplicate) disposition = Disposition::kDuplicate;
  if (first == database::Disposition::kRejected) disposition = Disposition::kRejected;
  if (pending.seq != 0)
    acknowledge(step, pending.worker, pending.seq, pending.fence, disposition,
                written.front().error);
}

void commit_stored(Step& step, const CommitPending& pending,
                   const std::vector<database::Written>& written) {
  const database::Written& last = written.back();
  const auto found = step.state.tasks.find(pending.fence.task);
  const auto failed =
      std::find_if(written.begin(), written.end(), [](const database::Written& one) {
        return one.disposition == database::Disposition::kFailed;
      });
  if (failed != written.end()) {
    note(step, true, "not stored: " + failed->error);
    if (found == step.state.tasks.end()) return;
    found->second.not_before_ms = step.now.steady_ms + step.state.settings.resend_ms;
    enqueue(step.state, found->second);
    return;
  }
  if (last.disposition == database::Disposition::kRejected) {
    note(step, true, str_cat("result of ", pending.worker, " rejected: ", last.error));
    acknowledge(step, pending.worker, pending.seq, pending.fence, Disposition::kRejected,
                last.error);
    if (found == step.state.tasks.end()) return;
    Task& task = found->second;
    if (++task.num_failures >= 2 * step.state.settings.max_failures)
      return forget_task(step, task.id);
    task.not_before_ms = step.now.steady_ms + step.state.settings.backoff_ms * 4;
    enqueue(step.state, task);
    return;
  }
  step.state.known_environments.insert(pending.environment);
  const bool is_event = last.disposition == database::Disposition::kAccepted;
  if (found != step.state.tasks.end()) {
    Job& job = step.state.jobs.at(found->second.job_id);
    if (is_event) job.last_rseq = std::max(job.last_rseq, static_cast<std::uint64_t>(last.rseq));
    forget_task(step, pending.fence.task);
  }
  const bool is_duplicate = last.disposition == database::Disposition::kDuplicate;
  acknowledge(step, pending.worker, pending.seq, pending.fence,
              is_duplicate ? Disposition::kDuplicate : Disposition::kAccepted);
}

void lose_lease(Step& step, const Fence& fence, std::string_view why) {
  const auto found = step.state.leases.find(fence);
  if (found == step.state.leases.end()) return;
  const LeaseState lease = found->second;
  release(step.state, fence);
  note(step, true, str_cat("lease of ", lease.worker, " ended: ", why));
  if (is_reference(fence)) {
    fail_reference(step, step.state.references.at(fence.task), Outcome::kLost, std::string(why));
    return;
  }
  Ended ended;
  ended.fence = fence;
  ended.worker = lease.worker;
  ended.is_build = lease.is_build;
  ended.started_wall_ms = lease.started_wall_ms;
  ended.detail = why;
  ended.has_executing_child_died = is_executing(lease);
  fail_attempt(step, step.state.tasks.at(fence.task), ended);
}

void check_leases(Step& step) {
  std::vector<Fence> ended;
  for (const auto& [fence, lease] : step.state.leases) {
    if (lease.expires_ms <= step.now.steady_ms || lease.hard_end_ms <= step.now.steady_ms)
      ended.push_back(fence);
  }
  for (const Fence& fence : ended) {
    lose_lease(step, fence, "not renewed in time");
  }
}

}  // namespace tenon::tracker
