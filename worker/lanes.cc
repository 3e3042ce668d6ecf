#include "worker/lanes.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "worker/device.h"

namespace tenon {
namespace {

constexpr auto kDeviceLockPause = std::chrono::milliseconds(2);
constexpr auto kAskAgainPause = std::chrono::milliseconds(500);

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

rpc::Result make_result(const rpc::Fence& fence, rpc::Outcome outcome, std::string detail) {
  rpc::Result result;
  result.fence = fence;
  result.outcome = outcome;
  result.detail = std::move(detail);
  return result;
}

bool shares_a_core(const std::vector<int>& left, const std::vector<int>& right) {
  return std::find_first_of(left.begin(), left.end(), right.begin(), right.end()) != left.end();
}

// Holds an flock until destroyed; others that want quiet wait for it.
class QuietLock {
 public:
  explicit QuietLock(const std::string& path) {
    if (path.empty()) return;
    file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file_.is_open()) throw_io_error("open the quiet lock " + path, errno);
    while (::flock(file_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) throw_io_error("take the quiet lock " + path, errno);
    }
  }

 private:
  Descriptor file_;
};

}  // namespace

ArtifactCache::ArtifactCache(rpc::BlobStoreOptions options, rpc::Client& client)
    : store_(std::move(options)), client_(client) {}

void ArtifactCache::put(const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  try {
    store_.put(bytes);
  } catch (const IoError& error) {
    throw rpc::StoreError(error.what());
  }
}

rpc::Digest ArtifactCache::publish(const std::string& bytes) {
  put(bytes);
  return ask_until_answered([&] { return client_.put_blob(bytes); });
}

// A tracker that is away may come back before the lease ends, and the work is done already. One
// that is there and has no room (StoreError) was asked for a while: the lease is given back.
template <class Ask>
auto ArtifactCache::ask_until_answered(Ask ask) -> decltype(ask()) {
  while (true) {
    try {
      return ask();
    } catch (const rpc::StoreError&) {
      throw;
    } catch (const IoError&) {
      if (is_stopping_) throw;
    }
    std::this_thread::sleep_for(kAskAgainPause);
  }
}

std::optional<std::filesystem::path> ArtifactCache::fetch(const rpc::Digest& digest) {
  std::unique_lock lock(mutex_);
  if (!store_.get(digest)) {
    lock.unlock();
    const std::optional<std::string> bytes =
        ask_until_answered([&] { return client_.get_blob(digest); });
    if (!bytes) return std::nullopt;
    put(*bytes);
    lock.lock();
  }
  const std::filesystem::path path = store_.path_of(digest);
  // A runner that took another identity opens the file again; the directory stays private.
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  return path;
}

void AbortList::add(const rpc::Fence& fence) {
  const std::lock_guard lock(mutex_);
  fences_.insert(fence);
}

bool AbortList::take(const rpc::Fence& fence) {
  const std::lock_guard lock(mutex_);
  return fences_.erase(fence) > 0;
}

Lanes::Lanes(LaneSettings settings, ChildTable& children, ArtifactCache& artifacts, Log& log,
             ReportFunction report)
    : settings_(std::move(settings)),
      children_(children),
      artifacts_(artifacts),
      log_(log),
      report_(std::move(report)) {}

void Lanes::add_builder(std::unique_ptr<BuildExecutor> builder) {
  builders_.push_back(std::move(builder));
}

void Lanes::set_runner(std::unique_ptr<RunExecutor> runner) { runner_ = std::move(runner); }

void Lanes::start() {
  for (const auto& builder : builders_) {
    threads_.emplace_back([this, own = builder.get()] { build_loop(own); });
  }
  if (runner_ == nullptr) return;
  threads_.emplace_back([this] { fetch_loop(); });
  threads_.emplace_back([this] { run_loop(); });
}

Lanes::~Lanes() {
  is_stopping_ = true;
  artifacts_.stop();
  children_.close();
  builds_.close();
  fetches_.close();
  runs_.close();
  for (std::thread& thread : threads_) thread.join();
}

void Lanes::put(rpc::LeasedTask task) { (task.build ? builds_ : fetches_).put(std::move(task)); }

void Lanes::abort(const rpc::Fence& fence) {
  aborted_.add(fence);
  for (const auto& builder : builders_) builder->cancel(fence);
  if (runner_ != nullptr) runner_->cancel(fence);
}

std::optional<rpc::Result> Lanes::guard(const rpc::Fence& fence,
                                        const std::function<std::optional<rpc::Result>()>& work) {
  try {
    return work();
  } catch (const rpc::StoreError& error) {
    log_.error(error.what());
    return make_result(fence, rpc::Outcome::kDiskFull, error.what());
  } catch (const std::exception& error) {
    log_.error(error.what());
    return make_result(fence, rpc::Outcome::kInternal, error.what());
  }
}

void Lanes::build_loop(BuildExecutor* builder) {
  while (const std::optional<rpc::LeasedTask> task = builds_.take()) {
    if (aborted_.take(task->fence)) continue;
    gate_.begin_build();
    std::optional<rpc::Result> result =
        guard(task->fence, [&]() -> std::optional<rpc::Result> { return build(builder, *task); });
    gate_.end_build();
    aborted_.take(task->fence);
    if (!is_stopping_) report_(std::move(*result));
  }
}

rpc::Result Lanes::build(BuildExecutor* builder, const rpc::LeasedTask& task) {
  say(task.fence, rpc::Phase::kBuilding);
  BuildOutput output = builder->build(task.fence, *task.build, task.wall_limit_ms);
  rpc::Result result = make_result(task.fence, output.outcome, std::move(output.detail));
  if (output.outcome != rpc::Outcome::kOk) return result;
  rpc::BuildReport report;
  report.artifact.digest = artifacts_.publish(output.library);
  report.artifact.metadata = std::move(output.metadata);
  report.artifact.toolchain = output.toolchain;
  report.build_ms = output.build_ms;
  report.link_ms = output.link_ms;
  result.build = std::move(report);
  return result;
}

void Lanes::fetch_loop() {
  while (std::optional<rpc::LeasedTask> task = fetches_.take()) {
    if (aborted_.take(task->fence)) continue;
    RunInput input;
    std::optional<rpc::Result> failed = guard(task->fence, [&] { return fetch(*task, &input); });
    if (failed) {
      if (!is_stopping_) report_(std::move(*failed));
      continue;
    }
    runs_.put({std::move(*task), std::move(input)});
  }
}

std::optional<rpc::Result> Lanes::fetch(const rpc::LeasedTask& task, RunInput* input) {
  say(task.fence, rpc::Phase::kFetching);
  const rpc::RunSpec& spec = *task.run;
  const auto artifact = artifacts_.fetch(spec.artifact.digest);
  const auto reference = artifacts_.fetch(spec.reference.digest);
  if (!artifact || !reference) {
    return make_result(task.fence, rpc::Outcome::kArtifactMissing,
                       str_cat("the tracker has no blob ",
                               to_hex((artifact ? spec.reference : spec.artifact).digest.sha256)));
  }
  input->fence = task.fence;
  input->spec = spec;
  input->artifact = *artifact;
  input->reference = *reference;
  input->wall_limit_ms = task.wall_limit_ms;
  input->memory_limit_bytes = task.memory_limit_bytes;
  say(task.fence, rpc::Phase::kWaitDevice);
  return std::nullopt;
}

void Lanes::run_loop() {
  bool holds_gate = false;
  while (const std::optional<ReadyRun> ready = runs_.take()) {
    if (aborted_.take(ready->task.fence)) continue;
    const CorePlan plan = plan_cores(settings_.cpus, ready->input.spec.threads);
    if (shares_a_core(plan.run, settings_.build_cpus)) {
      gate_.begin_run(now_ms());
      holds_gate = true;
    }
    std::optional<rpc::Result> result =
        guard(ready->task.fence, [&]() -> std::optional<rpc::Result> { return run(*ready); });
    aborted_.take(ready->task.fence);
    if (!is_stopping_) report_(std::move(*result));
    if (holds_gate) holds_gate = gate_.end_run(now_ms(), !runs_.is_empty());
  }
}

rpc::Result Lanes::run(const ReadyRun& ready) {
  const CorePlan plan = plan_cores(settings_.cpus, ready.input.spec.threads);
  std::optional<DeviceLock> device;
  while (!(device = DeviceLock::try_acquire(plan.run)) && !is_stopping_) {
    std::this_thread::sleep_for(kDeviceLockPause);
  }
  const QuietLock quiet(plan.takes_turns ? settings_.quiet_lock : "");
  say(ready.task.fence, rpc::Phase::kMeasuring);
  RunInput input = ready.input;
  input.cpus.assign(plan.run.begin(), plan.run.end());
  input.environment = environment_text();
  RunOutput output = runner_->run(input);
  rpc::Result result = make_result(ready.task.fence, output.outcome, std::move(output.detail));
  result.device = settings_.device;
  if (output.report) output.report->flags += str_cat(" load=", load_permille());
  result.run = std::move(output.report);
  return result;
}

}  // namespace tenon
