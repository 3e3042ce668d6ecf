// The spelling of every enum, in one place; and whom an outcome blames.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "database/records.h"
#include "database/writes.h"

namespace tenon::database {
namespace {

struct OutcomeRow {
  Outcome outcome;
  std::string_view name;
  Blame blame;
};

constexpr std::array<OutcomeRow, kNumOutcomes> kOutcomes = {{
    {Outcome::kOk, "ok", Blame::kNobody},
    {Outcome::kCompileError, "compile_error", Blame::kCandidate},
    {Outcome::kLinkError, "link_error", Blame::kCandidate},
    {Outcome::kInvalidSchedule, "invalid_schedule", Blame::kCandidate},
    {Outcome::kWrongResult, "wrong_result", Blame::kCandidate},
    {Outcome::kCandidateCrash, "candidate_crash", Blame::kCandidate},
    {Outcome::kCandidateLimit, "candidate_limit", Blame::kCandidate},
    {Outcome::kRunTimeout, "run_timeout", Blame::kCandidate},
    {Outcome::kDeviceLost, "device_lost", Blame::kDevice},
    {Outcome::kDeviceStuck, "device_stuck", Blame::kDevice},
    {Outcome::kThrottled, "throttled", Blame::kDevice},
    {Outcome::kNoisy, "noisy", Blame::kDevice},
    {Outcome::kForeignLoad, "foreign_load", Blame::kDevice},
    {Outcome::kArtifactMissing, "artifact_missing", Blame::kWorker},
    {Outcome::kArtifactCorrupt, "artifact_corrupt", Blame::kWorker},
    {Outcome::kDiskFull, "disk_full", Blame::kWorker},
    {Outcome::kToolchainMissing, "toolchain_missing", Blame::kWorker},
    {Outcome::kInternal, "internal", Blame::kWorker},
    {Outcome::kCancelled, "cancelled", Blame::kNobody},
    {Outcome::kExpired, "expired", Blame::kNobody},
    {Outcome::kRevoked, "revoked", Blame::kNobody},
    {Outcome::kLost, "lost", Blame::kNobody},
}};

constexpr std::string_view kUnknown = "unknown";

template <typename Enum, std::size_t N>
std::string_view name_in(const std::array<std::pair<Enum, std::string_view>, N>& names,
                         Enum value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return kUnknown;
}

constexpr std::array<std::pair<TaskState, std::string_view>, 9> kTaskStates = {{
    {TaskState::kQueued, "queued"},
    {TaskState::kLeased, "leased"},
    {TaskState::kRunning, "running"},
    {TaskState::kBackoff, "backoff"},
    {TaskState::kDone, "done"},
    {TaskState::kCandidateFailed, "candidate_failed"},
    {TaskState::kExpired, "expired"},
    {TaskState::kCancelled, "cancelled"},
    {TaskState::kPoison, "poison"},
}};

constexpr std::array<std::pair<JobState, std::string_view>, 8> kJobStates = {{
    {JobState::kOpen, "open"},
    {JobState::kRunning, "running"},
    {JobState::kDraining, "draining"},
    {JobState::kPaused, "paused"},
    {JobState::kDone, "done"},
    {JobState::kCancelled, "cancelled"},
    {JobState::kFailed, "failed"},
    {JobState::kExpired, "expired"},
}};

constexpr std::array<std::pair<Disposition, std::string_view>, 6> kDispositions = {{
    {Disposition::kAccepted, "accepted"},
    {Disposition::kExisting, "existing"},
    {Disposition::kExtra, "extra"},
    {Disposition::kDuplicate, "duplicate"},
    {Disposition::kRejected, "rejected"},
    {Disposition::kFailed, "failed"},
}};

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  const auto index = static_cast<std::size_t>(outcome);
  return index < kOutcomes.size() ? kOutcomes[index].name : kUnknown;
}

std::optional<Outcome> outcome_from_name(std::string_view name) {
  const auto found = std::find_if(kOutcomes.begin(), kOutcomes.end(),
                                  [name](const OutcomeRow& row) { return row.name == name; });
  if (found == kOutcomes.end()) return std::nullopt;
  return found->outcome;
}

Blame blame_of(Outcome outcome) {
  const auto index = static_cast<std::size_t>(outcome);
  return index < kOutcomes.size() ? kOutcomes[index].blame : Blame::kNobody;
}

std::string_view task_state_name(TaskState state) { return name_in(kTaskStates, state); }
std::string_view job_state_name(JobState state) { return name_in(kJobStates, state); }
std::string_view disposition_name(Disposition disposition) {
  return name_in(kDispositions, disposition);
}

}  // namespace tenon::database
