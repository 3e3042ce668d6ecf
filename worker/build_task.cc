#include "worker/build_task.h"

#include <unistd.h>

#include <csignal>
#include <utility>

#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr int kStartTimeoutMs = 30'000;
constexpr int kSendTimeoutMs = 10'000;
constexpr int kFinishGraceMs = 200;
constexpr uint64_t kMaxLibraryBytes = uint64_t{64} << 20;

BuildOutput failed(rpc::Outcome outcome, std::string detail) {
  BuildOutput output;
  output.outcome = outcome;
  output.detail = std::move(detail);
  return output;
}

template <class T>
std::optional<T> read(const rpc::PipeFrame& frame, BuilderFrame type) {
  if (frame.type != static_cast<uint16_t>(type)) return std::nullopt;
  auto decoded = rpc::decode<T>(frame.body);
  if (auto* value = std::get_if<T>(&decoded)) return std::move(*value);
  return std::nullopt;
}

}  // namespace

BuildExecutor::BuildExecutor(ChildTable& table, BuildSettings settings)
    : table_(table), settings_(std::move(settings)) {}

void BuildExecutor::set_child(std::unique_ptr<Child> child) {
  std::unique_ptr<Child> old;
  const std::lock_guard lock(mutex_);
  old = std::exchange(child_, std::move(child));
}

void BuildExecutor::cancel(const rpc::Fence& fence) {
  const std::lock_guard lock(mutex_);
  if (current_ != fence) return;
  is_cancelled_ = true;
  if (child_ != nullptr) child_->kill();
}

BuildOutput BuildExecutor::start() {
  if (child_ == nullptr) {
    ChildOptions options;
    options.argv = {settings_.builder_program, std::to_string(getpid())};
    options.cpus = settings_.cpus;
    auto child = std::make_unique<Child>(table_, options);
    const auto received = child->receive(kStartTimeoutMs, kMaxBuilderBody);
    const auto* frame = std::get_if<rpc::PipeFrame>(&received);
    const auto ready =
        frame == nullptr ? std::nullopt : read<BuilderReady>(*frame, BuilderFrame::kReady);
    if (!ready) {
      const ExitStatus status = child->finish(kFinishGraceMs);
      return failed(rpc::Outcome::kToolchainMissing,
                    str_cat("the builder did not start: ", status.describe(),
                            "; it wrote: ", child->output()));
    }
    toolchain_ = ready->toolchain;
    num_builds_ = 0;
    set_child(std::move(child));
  }
  BuildOutput output;
  output.outcome = rpc::Outcome::kOk;
  output.toolchain = toolchain_;
  return output;
}

BuildOutput BuildExecutor::build(const rpc::Fence& fence, const rpc::BuildSpec& spec,
                                 uint32_t wall_limit_ms) {
  {
    const std::lock_guard lock(mutex_);
    current_ = fence;
    is_cancelled_ = false;
  }
  BuildOutput output =
      try_twice(spec, wall_limit_ms > 0 ? wall_limit_ms : settings_.default_wall_ms);
  const std::lock_guard lock(mutex_);
  current_.reset();
  return is_cancelled_ ? failed(rpc::Outcome::kCancelled, "cancelled") : output;
}

// A SIGKILL from outside may be a person, or the kernel short of memory for another's sake. The
// candidate is blamed only when it happens to a second child too.
BuildOutput BuildExecutor::try_twice(const rpc::BuildSpec& spec, uint32_t wall_limit_ms) {
  BuildOutput output = try_build(spec, wall_limit_ms);
  {
    const std::lock_guard lock(mutex_);
    if (!output.is_killed || is_cancelled_) return output;
  }
  return try_build(spec, wall_limit_ms);
}

BuildOutput BuildExecutor::try_build(const rpc::BuildSpec& spec, uint32_t wall_limit_ms) {
  const bool is_worn = num_builds_ >= settings_.max_builds;
  if (child_ != nullptr && (is_worn || child_->has_ended())) set_child(nullptr);
  BuildOutput started = start();
  if (started.outcome != rpc::Outcome::kOk) return started;
  ++num_builds_;
  child_->send(static_cast<uint16_t>(BuilderFrame::kBuild), spec, kSendTimeoutMs);
  BuildOutput output = receive_result(wall_limit_ms);
  output.toolchain = toolchain_;
  return output;
}

BuildOutput BuildExecutor::receive_result(uint32_t wall_limit_ms) {
  const auto received = child_->receive(static_cast<int>(wall_limit_ms), kMaxBuilderBody);
  if (const auto* failure = std::get_if<rpc::PipeFailure>(&received)) {
    return lose_child(*failure, wall_limit_ms);
  }
  const rpc::PipeFrame& frame = std::get<rpc::PipeFrame>(received);
  if (const auto refused = read<BuildRefusedReport>(frame, BuilderFrame::kRefused)) {
    return failed(refused->outcome, refused->text);
  }
  const auto built = read<BuiltReport>(frame, BuilderFrame::kBuilt);
  if (!built || built->size_bytes > kMaxLibraryBytes) {
    return lose_child({rpc::PipeEnd::kBroken, "it answered with something else"}, wall_limit_ms);
  }
  return receive_library(*built, static_cast<int>(wall_limit_ms));
}

BuildOutput BuildExecutor::receive_library(const BuiltReport& report, int timeout_ms) {
  BuildOutput output;
  while (output.library.size() < report.size_bytes) {
    const auto received = child_->receive(timeout_ms, kMaxBuilderBody);
    if (const auto* failure = std::get_if<rpc::PipeFailure>(&received)) {
      return lose_child(*failure, static_cast<uint32_t>(timeout_ms));
    }
    const rpc::PipeFrame& frame = std::get<rpc::PipeFrame>(received);
    const uint64_t left = report.size_bytes - output.library.size();
    if (frame.type != static_cast<uint16_t>(BuilderFrame::kLibraryBytes) || frame.body.empty() ||
        frame.body.size() > left) {
      return lose_child({rpc::PipeEnd::kBroken, "its library is damaged"},
                        static_cast<uint32_t>(timeout_ms));
    }
    output.library += frame.body;
  }
  output.outcome = rpc::Outcome::kOk;
  output.metadata = report.metadata;
  output.build_ms = report.build_ms;
  output.link_ms = report.link_ms;
  if (report.resident_bytes > settings_.max_resident_bytes) set_child(nullptr);
  return output;
}

// The child crashed, hung, or talks nonsense: the candidate that it worked on is to blame, and the
// next build starts a fresh one.
BuildOutput BuildExecutor::lose_child(const rpc::PipeFailure& failure, uint32_t wall_limit_ms) {
  const bool is_hung = failure.end == rpc::PipeEnd::kTimeout;
  const ExitStatus status = child_->finish(is_hung ? 0 : kFinishGraceMs);
  const std::string said = child_->output();
  set_child(nullptr);
  std::string detail = is_hung ? str_cat("not built within ", wall_limit_ms, " ms")
                               : str_cat("the builder ended with ", status.describe());
  if (!said.empty()) detail += "; it wrote: " + said.substr(0, 2000);
  const bool is_killed = !is_hung && status.signal == SIGKILL;
  BuildOutput output =
      failed(is_killed ? rpc::Outcome::kCandidateLimit : rpc::Outcome::kCompileError, detail);
  output.is_killed = is_killed;
  return output;
}

}  // namespace tenon
