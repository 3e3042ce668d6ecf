#include "worker/lease_book.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tenon {

LeaseBook::LeaseBook(WorkerIdentity identity, std::vector<rpc::Result> spooled)
    : identity_(std::move(identity)) {
  for (rpc::Result& result : spooled) {
    const rpc::Fence fence = result.fence;
    unacknowledged_[fence].result = std::move(result);
  }
}

bool LeaseBook::is_known(const rpc::Fence& fence) const {
  return held_.contains(fence) || unacknowledged_.contains(fence);
}

LeaseEffect LeaseBook::send_ready() const {
  return SendMessage{is_draining_ ? rpc::Ready{} : identity_.credits};
}

LeaseEffect LeaseBook::send_beat(int64_t now_ms) {
  next_beat_ms_ = now_ms + beat_ms_;
  rpc::Beat beat;
  beat.number = ++beat_number_;
  beat.leases = held();
  beat.load_permille = load_permille_;
  beat.free_bytes = free_bytes_;
  return SendMessage{std::move(beat)};
}

LeaseEffects LeaseBook::on_up(const rpc::Welcome& welcome, int64_t now_ms) {
  is_up_ = true;
  is_draining_ = false;
  beat_ms_ = std::max<int64_t>(welcome.beat_ms, 1);
  LeaseEffects effects = revoke(welcome.drop);
  effects.push_back(SendMessage{identity_.describe});
  effects.push_back(send_ready());
  effects.push_back(send_beat(now_ms));
  for (auto& [fence, entry] : unacknowledged_) {
    entry.wait_ms = kFirstResendMs;
    entry.resend_at_ms = now_ms + entry.wait_ms;
    effects.push_back(SendMessage{entry.result});
  }
  return effects;
}

LeaseEffects LeaseBook::on_message(const rpc::Message& message, int64_t) {
  if (const auto* lease = std::get_if<rpc::Lease>(&message)) return take_lease(*lease);
  if (const auto* ack = std::get_if<rpc::BeatAck>(&message)) return take_beat_ack(*ack);
  if (const auto* ack = std::get_if<rpc::ResultAck>(&message)) return take_result_ack(*ack);
  return {};
}

// A repeated fence is the lease that is here already. A kind of work that this worker does not do
// is answered at once, so that the tracker does not wait for the lease to run out.
LeaseEffects LeaseBook::take_lease(const rpc::Lease& lease) {
  LeaseEffects effects;
  for (const rpc::LeasedTask& task : lease.tasks) {
    if (is_known(task.fence) || held_.size() >= kMaxHeldLeases) continue;
    const bool is_build = task.build.has_value();
    held_[task.fence] = {.fence = task.fence, .phase = rpc::Phase::kAccepted, .is_build = is_build};
    const bool is_one_kind = task.build.has_value() != task.run.has_value();
    if (is_one_kind && (is_build ? identity_.can_build : identity_.can_run)) {
      effects.push_back(StartTask{task});
      continue;
    }
    rpc::Result refused;
    refused.fence = task.fence;
    refused.outcome = rpc::Outcome::kInternal;
    refused.detail = "this worker does not do this kind of work";
    for (LeaseEffect& effect : on_finished(std::move(refused))) effects.push_back(effect);
  }
  return effects;
}

LeaseEffects LeaseBook::revoke(const std::vector<rpc::Fence>& fences) {
  LeaseEffects effects;
  for (const rpc::Fence& fence : fences) {
    if (held_.erase(fence) > 0) effects.push_back(AbortTask{fence});
    spooling_.erase(fence);
  }
  return effects;
}

LeaseEffects LeaseBook::take_beat_ack(const rpc::BeatAck& ack) {
  LeaseEffects effects = revoke(ack.revoked);
  if (ack.drain != is_draining_) {
    is_draining_ = ack.drain;
    effects.push_back(send_ready());
  }
  return effects;
}

LeaseEffects LeaseBook::take_result_ack(const rpc::ResultAck& ack) {
  if (unacknowledged_.erase(ack.fence) == 0) return {};
  return {UnspoolResult{ack.fence}};
}

LeaseEffects LeaseBook::on_finished(rpc::Result result) {
  const bool is_wanted = held_.contains(result.fence) && spooling_.insert(result.fence).second;
  if (!is_wanted) return {};
  return {SpoolResult{std::move(result)}};
}

// The spool keeps even a result whose lease was revoked meanwhile: the tracker decides.
LeaseEffects LeaseBook::on_spooled(const rpc::Result& result, int64_t now_ms) {
  held_.erase(result.fence);
  spooling_.erase(result.fence);
  unacknowledged_[result.fence] = {
      .result = result, .wait_ms = kFirstResendMs, .resend_at_ms = now_ms + kFirstResendMs};
  if (!is_up_) return {};
  return {SendMessage{result}};
}

LeaseEffects LeaseBook::on_tick(int64_t now_ms) {
  if (!is_up_) return {};
  LeaseEffects effects;
  if (now_ms >= next_beat_ms_) effects.push_back(send_beat(now_ms));
  for (auto& [fence, entry] : unacknowledged_) {
    if (now_ms < entry.resend_at_ms) continue;
    entry.wait_ms = std::min(2 * entry.wait_ms, kLastResendMs);
    entry.resend_at_ms = now_ms + entry.wait_ms;
    effects.push_back(SendMessage{entry.result});
  }
  return effects;
}

void LeaseBook::on_phase(const rpc::Fence& fence, rpc::Phase phase) {
  const auto found = held_.find(fence);
  if (found != held_.end()) found->second.phase = phase;
}

void LeaseBook::set_host_state(uint32_t load_permille, uint64_t free_bytes) {
  load_permille_ = load_permille;
  free_bytes_ = free_bytes;
}

int64_t LeaseBook::next_tick_ms() const {
  if (!is_up_) return std::numeric_limits<int64_t>::max();
  int64_t next = next_beat_ms_;
  for (const auto& [fence, entry] : unacknowledged_) next = std::min(next, entry.resend_at_ms);
  return next;
}

std::vector<rpc::HeldLease> LeaseBook::held() const {
  std::vector<rpc::HeldLease> leases;
  for (const auto& [fence, lease] : held_) leases.push_back(lease);
  return leases;
}

std::vector<rpc::Fence> LeaseBook::unacknowledged() const {
  std::vector<rpc::Fence> fences;
  for (const auto& [fence, entry] : unacknowledged_) fences.push_back(fence);
  return fences;
}

}  // namespace tenon
