#include "worker/run_task.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kReferenceCacheBytes = int64_t{512} << 20;
constexpr int kSendTimeoutMs = 5000;
constexpr int kFinishGraceMs = 200;
constexpr size_t kMaxDetailBytes = 2000;

// Sampling includes a little that is not timed: the frame, the clock, cache preparation.
constexpr int64_t kUntimedAllowanceNs = 20'000'000;

int64_t nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

rpc::Outcome outcome_of(RunnerFailure failure) {
  switch (failure) {
    case RunnerFailure::kLoad:
      return rpc::Outcome::kLinkError;
    case RunnerFailure::kRefused:
      return rpc::Outcome::kWrongResult;
    case RunnerFailure::kOverrun:
      return rpc::Outcome::kCandidateCrash;
    case RunnerFailure::kMemory:
      return rpc::Outcome::kCandidateLimit;
    default:
      return rpc::Outcome::kInternal;
  }
}

Descriptor open_artifact(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) throw_io_error("open artifact " + path.string(), errno);
  return file;
}

std::string last_part(const std::string& text) {
  return text.size() <= kMaxDetailBytes ? text : text.substr(text.size() - kMaxDetailBytes);
}

bool is_limit_signal(int signal) {
  return signal == SIGSYS || signal == SIGXCPU || signal == SIGXFSZ || signal == SIGKILL;
}

std::string limit_text(int signal) {
  switch (signal) {
    case SIGSYS:
      return "a system call that candidates may not make";
    case SIGXCPU:
      return "more processor time than allowed";
    case SIGXFSZ:
      return "a write to a file";
    default:
      return "killed from outside, most likely for want of memory";
  }
}

}  // namespace

RunOutput judge_end(const RunnerEnd& end) {
  RunOutput output;
  const std::string ended = "the runner ended with " + end.status.describe();
  if (!end.has_loaded) {
    output.outcome = rpc::Outcome::kInternal;
    output.detail = ended + " before the candidate was loaded";
  } else if (end.is_timed_out) {
    output.outcome = rpc::Outcome::kRunTimeout;
    output.detail = "not finished within the wall-clock limit";
  } else if (is_limit_signal(end.status.signal)) {
    output.outcome = rpc::Outcome::kCandidateLimit;
    output.detail = ended + ": " + limit_text(end.status.signal);
    output.is_killed = end.status.signal == SIGKILL;
  } else {
    output.outcome = rpc::Outcome::kCandidateCrash;
    output.detail = ended;
  }
  return output;
}

std::string check_times(const MeasuredReport& measured, int64_t sampling_wall_ns) {
  const double sampled = static_cast<double>(measured.sampled_ns);
  double claimed = 0;
  for (const uint64_t sample : measured.samples_ns) claimed += static_cast<double>(sample);
  claimed *= measured.calls_per_sample;
  const double wall = static_cast<double>(sampling_wall_ns);
  if (measured.samples_ns.empty()) return "no samples";
  // This side hears of the start a little later than it happens.
  const double latest = wall + static_cast<double>(kUntimedAllowanceNs);
  if (claimed > latest || sampled > latest) {
    return str_cat("the samples add up to ", format_seconds(claimed * 1e-9),
                   ", but sampling lasted ", format_seconds(wall * 1e-9));
  }
  // Each sample is rounded down to whole nanoseconds of one call.
  const double rounding =
      static_cast<double>(measured.samples_ns.size()) * measured.calls_per_sample;
  if (2 * (claimed + rounding + static_cast<double>(kUntimedAllowanceNs)) < wall) {
    return str_cat("the samples add up to only ", format_seconds(claimed * 1e-9), " of ",
                   format_seconds(wall * 1e-9), " of sampling");
  }
  return "";
}

std::shared_ptr<const RunArrays> ReferenceCache::find(const rpc::RunSpec& spec) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.digest == spec.reference.digest && entry.seeds == spec.seeds;
  });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->arrays;
}

void ReferenceCache::add(const rpc::RunSpec& spec, std::shared_ptr<const RunArrays> arrays) {
  Entry entry{spec.reference.digest, spec.seeds, std::move(arrays), 0};
  for (const std::vector<NdArray>& outputs : *entry.arrays) {
    for (const NdArray& array : outputs) entry.size_bytes += array.size_bytes();
  }
  total_bytes_ += entry.size_bytes;
  entries_.push_front(std::move(entry));
  while (total_bytes_ > kReferenceCacheBytes && entries_.size() > 1) {
    total_bytes_ -= entries_.back().size_bytes;
    entries_.pop_back();
  }
}

// One runner child and what it has said so far.
struct RunExecutor::Session {
  Descriptor artifact;
  std::unique_ptr<Child> child;
  rpc::Protocol protocol;
  ArtifactMetadata metadata;
  std::vector<uint64_t> seeds;
  Clock::time_point deadline;
  Clock::time_point sampling_start;
  RunnerEnd end;
  RunArrays arrays;
  uint64_t output_bytes = 0;
  uint64_t missing_bytes = 0;  // of the output that is arriving
  bool is_finished = false;    // the last frame that was wanted has come
  bool is_judged = false;      // output.outcome is final
  double max_absolute = 0;
  double max_relative = 0;
  RunOutput output;

  void judge(rpc::Outcome outcome, std::string detail) {
    output.outcome = outcome;
    output.detail = std::move(detail);
    is_judged = true;
  }
  int left_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

  template <class T>
  std::optional<T> read(const rpc::PipeFrame& frame);
  void take(const rpc::PipeFrame& frame, const RunArrays* reference, bool is_measured);
  void take_output(const rpc::PipeFrame& frame);
  void take_bytes(const std::string& bytes);
  void take_outputs_done(const RunArrays* reference, bool is_measured);
  void take_measured(const rpc::PipeFrame& frame);
  void take_failure(const rpc::PipeFrame& frame);
  bool compare_with(const RunArrays& reference);
  void refuse_talk(const std::string& why) {
    judge(end.has_loaded ? rpc::Outcome::kCandidateCrash : rpc::Outcome::kInternal,
          "the runner said something that makes no sense: " + why);
  }
};

template <class T>
std::optional<T> RunExecutor::Session::read(const rpc::PipeFrame& frame) {
  auto decoded = rpc::decode<T>(frame.body);
  if (auto* value = std::get_if<T>(&decoded)) return std::move(*value);
  refuse_talk(std::get<std::string>(decoded));
  return std::nullopt;
}

void RunExecutor::Session::take_output(const rpc::PipeFrame& frame) {
  const std::optional<OutputHeader> header = read<OutputHeader>(frame);
  if (!header) return;
  const bool is_first = header->output_index == 0;
  const size_t seed_index = is_first ? arrays.size() : arrays.size() - 1;
  const DLDataType dtype{header->dtype_code, header->dtype_bits, 1};
  const bool is_known = dtype_from_name(dtype_name(dtype)).has_value();
  output_bytes += header->size_bytes;
  if (missing_bytes > 0 || seed_index >= seeds.size() || seeds[seed_index] != header->seed ||
      !is_known || header->shape.size() > 32 || output_bytes > kMaxOutputBytes) {
    refuse_talk("an output out of order");
    return;
  }
  if (is_first) arrays.emplace_back();
  int64_t elements = 1;
  for (const int64_t dim : header->shape) {
    const bool is_too_large = dim < 0 || (dim > 0 && elements > int64_t{1} << 40);
    if (is_too_large) return refuse_talk("an output's shape");
    elements = dim > 0 && elements > (int64_t{1} << 40) / dim ? int64_t{1} << 41 : elements * dim;
  }
  if (header->output_index != arrays.back().size() ||
      static_cast<uint64_t>(elements * dtype_bytes(dtype)) != header->size_bytes) {
    return refuse_talk("an output's size");
  }
  arrays.back().push_back(NdArray::zeros(dtype, header->shape));
  missing_bytes = header->size_bytes;
}

void RunExecutor::Session::take_bytes(const std::string& bytes) {
  if (bytes.empty() || bytes.size() > missing_bytes) return refuse_talk("bytes of no output");
  NdArray& array = arrays.back().back();
  const int64_t at = array.size_bytes() - static_cast<int64_t>(missing_bytes);
  std::memcpy(array.data() + at, bytes.data(), bytes.size());
  missing_bytes -= bytes.size();
}

// Compares every output of every seed; judges at the first that is wrong.
bool RunExecutor::Session::compare_with(const RunArrays& reference) {
  for (size_t seed = 0; seed < reference.size(); ++seed) {
    if (arrays[seed].size() != reference[seed].size()) {
      judge(rpc::Outcome::kWrongResult, "the number of outputs differs from the reference's");
      return false;
    }
    for (size_t i = 0; i < reference[seed].size(); ++i) {
      const Comparison comparison =
          compare_arrays(reference[seed][i], arrays[seed][i], metadata.tolerance);
      max_absolute = std::max(max_absolute, comparison.max_absolute);
      max_relative = std::max(max_relative, comparison.max_relative);
      if (comparison.is_equal) continue;
      judge(rpc::Outcome::kWrongResult,
            str_cat("seed ", seeds[seed], ", output ", i, ": ", describe_comparison(comparison)));
      return false;
    }
  }
  return true;
}

void RunExecutor::Session::take_outputs_done(const RunArrays* reference, bool is_measured) {
  if (missing_bytes > 0 || arrays.size() != seeds.size()) {
    return refuse_talk("outputs are missing");
  }
  if (reference != nullptr && !compare_with(*reference)) return;
  arrays = reference != nullptr ? RunArrays{} : std::move(arrays);
  if (!is_measured) {
    is_finished = true;
    return;
  }
  child->send_empty(static_cast<uint16_t>(RunnerFrame::kMeasure), kSendTimeoutMs);
}

void RunExecutor::Session::take_measured(const rpc::PipeFrame& frame) {
  const int64_t wall_ns = nanoseconds(Clock::now() - sampling_start);
  std::optional<MeasuredReport> measured = read<MeasuredReport>(frame);
  if (!measured) return;
  is_finished = true;
  const bool is_hot = protocol.cache == rpc::CacheMode::kHot;
  const std::string doubt = check_times(*measured, wall_ns);
  if (!doubt.empty() && is_hot) return judge(rpc::Outcome::kNoisy, doubt);
  if (measured->is_noisy) {
    return judge(rpc::Outcome::kNoisy,
                 str_cat("the reference kernel took ", format_fixed(measured->canary_ratio, 3),
                         " times as long after the samples, in the last of ", measured->num_rounds,
                         " rounds"));
  }
  rpc::RunReport report;
  report.rank_ns = low_quantile(measured->samples_ns, protocol.quantile_permille);
  report.samples_ns = std::move(measured->samples_ns);
  report.calls_per_sample = measured->calls_per_sample;
  report.canary_ratio = measured->canary_ratio;
  report.flags = str_cat(measured->is_stopped ? "stopped " : "", "rounds=", measured->num_rounds,
                         " probe_ns=", measured->probe_ns, " pinning=", measured->pinning);
  output.report = std::move(report);
  judge(rpc::Outcome::kOk, "");
}

void RunExecutor::Session::take_failure(const rpc::PipeFrame& frame) {
  const std::optional<FailedReport> failed = read<FailedReport>(frame);
  if (failed) judge(outcome_of(failed->failure), failed->text);
}

void RunExecutor::Session::take(const rpc::PipeFrame& frame, const RunArrays* reference,
                                bool is_measured) {
  switch (static_cast<RunnerFrame>(frame.type)) {
    case RunnerFrame::kSandbox:
      if (auto report = read<SandboxReport>(frame)) output.sandbox = std::move(report->steps);
      return;
    case RunnerFrame::kLoading:
      end.has_loaded = true;
      return;
    case RunnerFrame::kOutput:
      return take_output(frame);
    case RunnerFrame::kOutputBytes:
      return take_bytes(frame.body);
    case RunnerFrame::kOutputsDone:
      return take_outputs_done(reference, is_measured);
    case RunnerFrame::kSampling:
      sampling_start = Clock::now();
      return;
    case RunnerFrame::kMeasured:
      return take_measured(frame);
    case RunnerFrame::kFailed:
      return take_failure(frame);
    default:
      return refuse_talk("a frame of another direction");
  }
}

RunExecutor::RunExecutor(ChildTable& table, RunSettings settings)
    : table_(table), settings_(std::move(settings)) {}

void RunExecutor::cancel(const rpc::Fence& fence) {
  const std::lock_guard lock(mutex_);
  if (current_ != fence) return;
  is_cancelled_ = true;
  if (running_ != nullptr) running_->kill();
}

bool RunExecutor::is_cancelled() {
  const std::lock_guard lock(mutex_);
  return is_cancelled_;
}

void RunExecutor::start(Session* session, const RunInput& input, bool is_reference) {
  const rpc::Artifact& artifact = is_reference ? input.spec.reference : input.spec.artifact;
  session->artifact = open_artifact(is_reference ? input.reference : input.artifact);
  session->seeds = input.spec.seeds;
  session->protocol = input.spec.protocol;
  session->metadata = parse_metadata(artifact.metadata);
  const uint32_t wall_ms =
      input.wall_limit_ms > 0 ? input.wall_limit_ms : settings_.default_wall_ms;
  session->deadline = Clock::now() + std::chrono::milliseconds(wall_ms);
  RunnerRequest request{.seeds = input.spec.seeds,
                        .protocol = input.spec.protocol,
                        .threads = is_reference ? 1 : std::max(input.spec.threads, 1u),
                        .cpus = input.cpus,
                        .stop_above_ns = is_reference ? 0 : input.spec.stop_above_ns,
                        .memory_limit_bytes = input.memory_limit_bytes,
                        .wall_limit_ms = wall_ms,
                        .is_measured = !is_reference,
                        .metadata = artifact.metadata,
                        .skipped_steps = settings_.skipped_steps};
  ChildOptions options;
  options.argv = {settings_.runner_program, std::to_string(getpid())};
  options.extra_fd = session->artifact.get();
  session->child = std::make_unique<Child>(table_, options);
  session->child->send(static_cast<uint16_t>(RunnerFrame::kRequest), request, kSendTimeoutMs);
}

// Takes frames until the run is judged, finished, over its time, or the child is gone.
void RunExecutor::follow(Session* session, const RunArrays* reference, bool is_measured) {
  while (!session->is_judged && !session->is_finished) {
    const auto received = session->child->receive(session->left_ms(), kMaxRunnerBody);
    if (const auto* frame = std::get_if<rpc::PipeFrame>(&received)) {
      session->take(*frame, reference, is_measured);
      continue;
    }
    const rpc::PipeFailure& failure = std::get<rpc::PipeFailure>(received);
    session->end.is_timed_out = failure.end == rpc::PipeEnd::kTimeout;
    if (failure.end == rpc::PipeEnd::kBroken) session->refuse_talk(failure.text);
    break;
  }
  const bool is_gone = !session->is_judged && !session->is_finished && !session->end.is_timed_out;
  session->end.status = session->child->finish(is_gone ? kFinishGraceMs : 0);
  if (session->is_judged || session->is_finished) return;
  std::vector<SandboxStep> sandbox = std::move(session->output.sandbox);
  session->output = judge_end(session->end);
  session->output.sandbox = std::move(sandbox);
  const std::string said = last_part(session->child->output());
  if (!said.empty()) session->output.detail += "; it wrote: " + said;
}

namespace {

// Registers a child for cancel() while it lives.
class Registration {
 public:
  Registration(std::mutex& mutex, Child** slot, Child* child) : mutex_(mutex), slot_(slot) {
    const std::lock_guard lock(mutex_);
    *slot_ = child;
  }
  ~Registration() {
    const std::lock_guard lock(mutex_);
    *slot_ = nullptr;
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  std::mutex& mutex_;
  Child** slot_;
};

}  // namespace

RunOutput RunExecutor::run_reference(const RunInput& input,
                                     std::shared_ptr<const RunArrays>* arrays) {
  *arrays = references_.find(input.spec);
  if (*arrays != nullptr) return {};
  Session session;
  start(&session, input, true);
  const Registration registration(mutex_, &running_, session.child.get());
  follow(&session, nullptr, false);
  if (!session.is_finished) {
    session.output.outcome = rpc::Outcome::kArtifactCorrupt;
    session.output.detail = "the reference did not run: " + session.output.detail;
    return std::move(session.output);
  }
  *arrays = std::make_shared<const RunArrays>(std::move(session.arrays));
  references_.add(input.spec, *arrays);
  return {};
}

RunOutput RunExecutor::run(const RunInput& input) {
  {
    const std::lock_guard lock(mutex_);
    current_ = input.fence;
    is_cancelled_ = false;
  }
  RunOutput output = run_twice(input);
  const std::lock_guard lock(mutex_);
  current_.reset();
  if (is_cancelled_) return {rpc::Outcome::kCancelled, "cancelled", std::nullopt, {}, false};
  return output;
}

// A SIGKILL from outside may be a person, or the kernel short of memory for another's sake. The
// candidate is blamed only when it happens a second time.
RunOutput RunExecutor::run_twice(const RunInput& input) {
  RunOutput output = run_once(input);
  return output.is_killed && !is_cancelled() ? run_once(input) : output;
}

RunOutput RunExecutor::run_once(const RunInput& input) {
  const Clock::time_point begin = Clock::now();
  std::shared_ptr<const RunArrays> reference;
  RunOutput failed = run_reference(input, &reference);
  if (reference == nullptr || is_cancelled()) return failed;
  Session session;
  start(&session, input, false);
  {
    const Registration registration(mutex_, &running_, session.child.get());
    follow(&session, reference.get(), true);
  }
  if (session.output.report) {
    rpc::RunReport& report = *session.output.report;
    report.max_abs_error = session.max_absolute;
    report.max_rel_error = session.max_relative;
    report.environment = input.environment;
    report.artifact = input.spec.artifact;
    report.run_ms = static_cast<uint32_t>(nanoseconds(Clock::now() - begin) / 1'000'000);
  }
  return std::move(session.output);
}

}  // namespace tenon
