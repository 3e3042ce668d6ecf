// What becomes of a task when an attempt ended, as writes of the database. The task waits as
// kCommitting until they are stored.
#include <algorithm>

#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using rpc::Outcome;

database::AttemptRecord attempt_record(const Step& step, const Ended& ended) {
  database::AttemptRecord record;
  record.task_id = static_cast<std::int64_t>(ended.fence.task);
  record.epoch = static_cast<std::int64_t>(ended.fence.epoch);
  record.attempt = ended.fence.attempt;
  record.role = ended.is_build ? database::WorkRole::kBuild : database::WorkRole::kRun;
  record.worker = ended.worker;
  record.outcome = static_cast<database::Outcome>(ended.outcome);
  record.detail = ended.detail;
  record.started_ms = ended.started_wall_ms;
  record.ended_ms = step.now.wall_ms;
  return record;
}

// Out of queues and leases while the disk decides.
void hold(Step& step, Task& task, const rpc::Fence& fence) {
  dequeue(step.state, task.id);
  if (task.lease && *task.lease != fence) {
    revoke(step, *task.lease);
  } else {
    release(step.state, fence);
  }
  task.lease.reset();
  task.phase = TaskPhase::kCommitting;
}

database::Measurement measurement_of(const Step& step, const Task& task, const Ended& ended) {
  const Job& job = step.state.jobs.at(task.job_id);
  database::Measurement measurement;
  measurement.workload = rpc::to_hex(task.workload->hash);
  measurement.target = database::TargetRecord{task.workload->target}.hash();
  measurement.trace = database::TraceRecord{task.trace}.hash();
  measurement.threads = static_cast<int>(task.workload->threads);
  measurement.protocol =
      database::MeasuringProtocol{job.settings.protocol.version, protocol_text(job.settings)}
          .hash();
  measurement.outcome = static_cast<database::Outcome>(ended.outcome);
  measurement.error = ended.detail;
  measurement.measured_ms = step.now.wall_ms;
  return measurement;
}

void set_artifact(database::Measurement& measurement, const rpc::Artifact& artifact) {
  measurement.artifact = rpc::to_hex(artifact.digest.sha256);
  measurement.versions = {artifact.toolchain.codegen, artifact.toolchain.llvm,
                          artifact.toolchain.tenon};
}

}  // namespace

void fail_attempt(Step& step, Task& task, const Ended& ended) {
  const Settings& settings = step.state.settings;
  ++task.num_failures;
  task.avoid_worker = ended.worker;
  if (ended.has_executing_child_died) task.killed.insert(ended.worker);
  const bool is_artifact_bad =
      ended.outcome == Outcome::kArtifactMissing || ended.outcome == Outcome::kArtifactCorrupt;
  if (is_artifact_bad && !ended.is_build) {
    task.artifact.reset();
    Reference& reference = step.state.references.at(task.reference);
    if (reference.state == Reference::State::kReady) {
      reference.state = Reference::State::kWanted;
      step.state.reference_queue.insert(reference.id);
    }
  }
  const bool is_poison = task.num_failures >= settings.max_failures ||
                         static_cast<int>(task.killed.size()) >= settings.max_deaths;
  if (is_poison) {
    note(
        step, true,
        str_cat("task ", task.id, " is poison: ", rpc::name_of(ended.outcome), ": ", ended.detail));
    commit(step, task, ended, nullptr, "");
    return;
  }
  std::int64_t wait_ms = settings.backoff_ms;
  for (int i = 1; i < task.num_failures; ++i) wait_ms *= 4;
  hold(step, task, ended.fence);
  task.not_before_ms = step.now.steady_ms + wait_ms;
  database::EndAttempt end{attempt_record(step, ended), database::TaskState::kBackoff,
                           ended.has_executing_child_died};
  persist(step, {end}, AttemptPending{ended.worker, ended.fence, ended.seq, std::nullopt});
}

void keep_build(Step& step, Task& task, const Ended& ended, const rpc::BuildReport& build) {
  hold(step, task, ended.fence);
  database::EndAttempt end{attempt_record(step, ended), database::TaskState::kQueued, false};
  database::SetArtifact set{static_cast<std::int64_t>(task.id),
                            rpc::to_hex(build.artifact.digest.sha256),
                            static_cast<std::int64_t>(build.artifact.digest.size_bytes)};
  persist(step, {end, set}, AttemptPending{ended.worker, ended.fence, ended.seq, build});
}

void commit(Step& step, Task& task, const Ended& ended, const rpc::RunReport* run,
            const std::string& device) {
  hold(step, task, ended.fence);
  std::vector<database::Write> writes;
  database::CommitResult commit;
  commit.attempt = attempt_record(step, ended);
  commit.measurement = measurement_of(step, task, ended);
  if (task.artifact) set_artifact(commit.measurement, *task.artifact);
  if (run != nullptr) {
    set_artifact(commit.measurement, run->artifact);
    commit.measurement.samples_ns = run->samples_ns;
    commit.measurement.canary_ppm = static_cast<std::int64_t>(run->canary_ratio * 1e6);
    const database::Environment environment{run->environment};
    if (!run->environment.empty()) commit.measurement.environment = environment.hash();
    const bool is_new =
        !run->environment.empty() && !step.state.known_environments.contains(run->environment);
    if (is_new) writes.push_back(environment);
  }
  const auto worker = step.state.workers.find(ended.worker);
  if (!device.empty() && worker != step.state.workers.end()) {
    for (const rpc::Device& known : worker->second.description.devices) {
      if (known.serial != device) continue;
      const database::DeviceClass device_class{known.class_label, known.device_class};
      commit.device_serial = device;
      commit.measurement.device_class = device_class.hash();
      writes.push_back(device_class);
      writes.push_back(database::DeviceRecord{device, device_class.hash(), "{}"});
    }
  }
  const bool is_candidate = rpc::blame_of(ended.outcome) == rpc::Blame::kCandidate;
  commit.final_state = ended.outcome == Outcome::kOk ? database::TaskState::kDone
                       : is_candidate                ? database::TaskState::kCandidateFailed
                                                     : database::TaskState::kPoison;
  writes.push_back(std::move(commit));
  persist(
      step, std::move(writes),
      CommitPending{ended.worker, ended.fence, ended.seq, run != nullptr ? run->environment : ""});
}

// Candidates are ended only when the workload itself cannot be built; everything else is tried
// again, for ever, slowly.
void fail_reference(Step& step, Reference& reference, Outcome outcome, const std::string& detail) {
  reference.outcome = outcome;
  reference.detail = detail;
  if (rpc::blame_of(outcome) == rpc::Blame::kCandidate) {
    reference.state = Reference::State::kFailed;
    note(step, true,
         str_cat("the reference of workload ", rpc::to_hex(reference.workload->hash),
                 " failed: ", rpc::name_of(outcome), ": ", detail));
    return;
  }
  ++reference.num_failures;
  const int shift = std::min(reference.num_failures, 6);
  reference.state = Reference::State::kWanted;
  reference.not_before_ms = step.now.steady_ms + (step.state.settings.backoff_ms << shift);
  step.state.reference_queue.insert(reference.id);
}

}  // namespace tenon::tracker
