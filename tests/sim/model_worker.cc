#include "tests/sim/model_worker.h"

#include "compiler/support/text.h"

namespace tenon::sim {
namespace {

// A candidate's own fate: the same on every worker.
rpc::Outcome fate_of(const rpc::Digest& artifact) {
  switch (artifact.sha256.bytes[0] % 16) {
    case 0:
      return rpc::Outcome::kWrongResult;
    case 1:
      return rpc::Outcome::kCandidateCrash;
    case 2:
      return rpc::Outcome::kRunTimeout;
    default:
      return rpc::Outcome::kOk;
  }
}

}  // namespace

void ModelWorker::fill(rpc::Hello& hello) {
  for (const auto& [fence, lease] : held_) hello.held.push_back(lease);
  for (const auto& [fence, spooled] : spool_) hello.spooled.push_back(fence);
}

void ModelWorker::session_opened(const rpc::Welcome& welcome) {
  for (const rpc::Fence& fence : welcome.drop) held_.erase(fence);
  rpc::Describe describe;
  describe.devices = {{"device-" + name_, R"({"cpu":"model"})", "cpu", 2, "model"}};
  describe.labels = {"x86_64"};
  send(describe);
  send(rpc::Ready{2, 2});
  for (auto& [fence, spooled] : spool_) {
    spooled.sent_ms = clockwork_.now_ms();
    send(spooled.result);
  }
}

void ModelWorker::received(const Envelope& envelope) {
  if (const auto* lease = std::get_if<rpc::Lease>(&envelope.message)) {
    for (const rpc::LeasedTask& task : lease->tasks) take(task);
  } else if (const auto* ack = std::get_if<rpc::ResultAck>(&envelope.message)) {
    spool_.erase(ack->fence);
  } else if (const auto* beat = std::get_if<rpc::BeatAck>(&envelope.message)) {
    for (const rpc::Fence& fence : beat->revoked) held_.erase(fence);
  }
}

void ModelWorker::look_around() {
  rpc::Beat beat;
  beat.number = ++num_beats_;
  for (const auto& [fence, lease] : held_) beat.leases.push_back(lease);
  send(beat);
  send(rpc::Ready{2, 2});
  for (auto& [fence, spooled] : spool_) {
    if (clockwork_.now_ms() - spooled.sent_ms < kResendMs) continue;
    spooled.sent_ms = clockwork_.now_ms();
    send(spooled.result);
  }
}

void ModelWorker::take(const rpc::LeasedTask& task) {
  if (held_.contains(task.fence) || spool_.contains(task.fence)) return;
  const bool is_build = task.build.has_value();
  held_[task.fence] = {task.fence, is_build ? rpc::Phase::kBuilding : rpc::Phase::kMeasuring,
                       is_build};
  const bool is_slow = rng_.below(50) == 0;
  later(is_slow ? 8000 : rng_.between(5, 300), [this, task] { finish(task); });
}

void ModelWorker::finish(const rpc::LeasedTask& task) {
  if (held_.erase(task.fence) == 0) return;  // revoked meanwhile
  rpc::Result result = task.build ? build(task) : run(task);
  result.fence = task.fence;
  spool_[task.fence] = {result, clockwork_.now_ms()};
  if (is_up()) send(result);
}

rpc::Result ModelWorker::build(const rpc::LeasedTask& task) {
  rpc::Result result;
  const std::string bytes = str_cat(task.build->is_reference, task.build->trace);
  const rpc::Digest digest = rpc::digest_of(bytes);
  if (!task.build->is_reference && digest.sha256.bytes[1] % 16 == 0) {
    result.outcome = rpc::Outcome::kCompileError;
    return result;
  }
  if (network_.is_faulty() && rng_.below(20) == 0) {
    result.outcome = rpc::Outcome::kDiskFull;
    return result;
  }
  farm_.blobs.insert(digest);
  result.build.emplace().artifact = {digest, "{}", {1, "19", "0"}};
  return result;
}

rpc::Result ModelWorker::run(const rpc::LeasedTask& task) {
  rpc::Result result;
  result.device = task.run->device;
  result.outcome = fate_of(task.run->artifact.digest);
  if (network_.is_faulty() && rng_.below(20) == 0) result.outcome = rpc::Outcome::kNoisy;
  if (result.outcome != rpc::Outcome::kOk) return result;
  rpc::RunReport& report = result.run.emplace();
  report.artifact = task.run->artifact;
  report.samples_ns = {farm_.next_sample, 5, 6};
  report.environment = "{}";
  farm_.runs[farm_.next_sample++] = task.fence;
  return result;
}

}  // namespace tenon::sim
