#include "worker/run/runner.h"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "compiler/runtime/library.h"
#include "compiler/runtime/model_session.h"
#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/wire/codec.h"
#include "rpc/wire/pipe.h"
#include "worker/protocol/metadata.h"
#include "worker/run/caches.h"
#include "worker/run/guarded.h"
#include "worker/run/measure.h"
#include "worker/run/sandbox.h"

namespace tenon {
namespace {

constexpr int kSendTimeoutMs = 60'000;

// Ends the run with a kFailed frame.
struct RunFailed {
  RunnerFailure failure;
  std::string text;
};

// Steps of the run give nothing, or why it ends.
using Step = std::optional<RunFailed>;

class Run {
 public:
  Run(int control_fd, int artifact_fd) : control_fd_(control_fd), artifact_fd_(artifact_fd) {}

  // False when the daemon is gone.
  bool serve();

 private:
  bool receive_request();
  Step set_up();
  Step load();
  Step make_tensors();
  Step add_tensor(const TenonTensorV1& descriptor, std::vector<GuardedArray>* to);
  Step fill_inputs(uint64_t seed);
  Step run_seed(uint64_t seed);
  Step check_margins() const;
  Step measure_candidate();
  Step work();
  std::string pin() const;

  bool send(RunnerFrame type, std::string_view body = {});
  template <class T>
  bool send(RunnerFrame type, const T& message) {
    return send(type, std::string_view(rpc::encode(message)));
  }
  bool send_output(uint64_t seed, uint32_t index);

  int control_fd_;
  int artifact_fd_;
  bool is_connected_ = true;
  RunnerRequest request_;
  ArtifactMetadata metadata_;
  std::string pinning_;
  std::unique_ptr<ThreadTeam> team_;
  Library library_;
  std::unique_ptr<ModelSession> session_;
  std::vector<GuardedArray> inputs_;
  std::vector<GuardedArray> outputs_;
};

bool Run::send(RunnerFrame type, std::string_view body) {
  is_connected_ = is_connected_ &&
                  rpc::write_frame(control_fd_, static_cast<uint16_t>(type), body, kSendTimeoutMs);
  return is_connected_;
}

bool Run::receive_request() {
  const auto received = rpc::read_frame(control_fd_, -1, kMaxRunnerBody);
  const auto* frame = std::get_if<rpc::PipeFrame>(&received);
  if (frame == nullptr || frame->type != static_cast<uint16_t>(RunnerFrame::kRequest)) return false;
  auto decoded = rpc::decode<RunnerRequest>(frame->body);
  if (!std::holds_alternative<RunnerRequest>(decoded)) return false;
  request_ = std::get<RunnerRequest>(std::move(decoded));
  return true;
}

std::string Run::pin() const {
  if (request_.cpus.empty()) return "skipped";
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(request_.cpus[0], &set);
  if (sched_setaffinity(0, sizeof set, &set) == 0) return "done";
  return str_cat("unavailable: ", std::strerror(errno));
}

Step Run::set_up() {
  pinning_ = pin();
  SandboxLimits limits{.memory_bytes = request_.memory_limit_bytes,
                       .wall_ms = request_.wall_limit_ms,
                       .threads = request_.threads,
                       .artifact_fd = artifact_fd_,
                       .skipped = request_.skipped_steps};
  SandboxReport report{enter_sandbox(limits)};
  if (request_.threads > 1) {
    const std::vector<int> cpus(request_.cpus.begin(), request_.cpus.end());
    team_ = std::make_unique<ThreadTeam>(static_cast<int>(request_.threads), cpus);
    if (const int status = team_->start(); status != 0) {
      return RunFailed{RunnerFailure::kSetup, str_cat("cannot start ", request_.threads,
                                                      " threads: ", std::strerror(status))};
    }
  }
  report.steps.push_back(seal_sandbox(limits));
  send(RunnerFrame::kSandbox, report);
  return std::nullopt;
}

Step Run::load() {
  send(RunnerFrame::kLoading);
  std::string error;
  library_ = Library::open(str_cat("/proc/self/fd/", artifact_fd_), &error);
  if (!library_.is_open()) return RunFailed{RunnerFailure::kLoad, error};
  session_ = std::make_unique<ModelSession>(library_, team_.get());
  return std::nullopt;
}

Step Run::add_tensor(const TenonTensorV1& descriptor, std::vector<GuardedArray>* to) {
  std::vector<int64_t> shape;
  for (int32_t axis = 0; axis < descriptor.rank; ++axis) {
    int64_t dim = descriptor.dims[axis];
    const auto size = metadata_.sizes.find(static_cast<int32_t>(-(dim + 1)));
    if (dim < 0 && size != metadata_.sizes.end()) dim = size->second;
    if (dim < 0) {
      return RunFailed{RunnerFailure::kMetadata,
                       str_cat("dimension ", axis, " of '", descriptor.name, "' has no size")};
    }
    shape.push_back(dim);
  }
  std::optional<GuardedArray> made = GuardedArray::make(descriptor.dtype, shape);
  if (!made) {
    return RunFailed{RunnerFailure::kMemory, str_cat("no memory for '", descriptor.name, "', ",
                                                     describe_tensor(descriptor.dtype, shape))};
  }
  to->push_back(std::move(*made));
  return std::nullopt;
}

Step Run::make_tensors() {
  const TenonModelV1& model = library_.model();
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    if (Step end = add_tensor(model.inputs[i], &inputs_)) return end;
  }
  for (int32_t i = 0; i < model.num_outputs; ++i) {
    if (Step end = add_tensor(model.outputs[i], &outputs_)) return end;
  }
  return std::nullopt;
}

// Inputs are made in the reference's layout and packed after that, so that a candidate and its
// reference see the same values.
Step Run::fill_inputs(uint64_t seed) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const int32_t index = static_cast<int32_t>(i);
    const GenerateKey key{.seed = seed, .tensor_index = i};
    const auto range = metadata_.ranges.find(index);
    const auto bounds =
        range == metadata_.ranges.end() ? std::nullopt : std::optional(range->second);
    NdArray& array = inputs_[i].array();
    const auto packing = metadata_.packings.find(index);
    if (packing == metadata_.packings.end()) {
      fill_generated(&array, key, bounds);
      continue;
    }
    NdArray logical = NdArray::zeros(array.dtype(), packing->second.logical);
    fill_generated(&logical, key, bounds);
    const NdArray packed = pack_array(logical, packing->second);
    if (packed.shape() != array.shape()) {
      return RunFailed{
          RunnerFailure::kMetadata,
          str_cat("input ", i, " is packed to ", describe_tensor(packed.dtype(), packed.shape()),
                  ", the library reads ", describe_tensor(array.dtype(), array.shape()))};
    }
    std::memcpy(array.data(), packed.data(), static_cast<size_t>(packed.size_bytes()));
  }
  return std::nullopt;
}

Step Run::check_margins() const {
  for (const std::vector<GuardedArray>* list : {&inputs_, &outputs_}) {
    for (const GuardedArray& guarded : *list) {
      if (guarded.is_intact()) continue;
      return RunFailed{RunnerFailure::kOverrun,
                       str_cat("bytes outside ", list == &inputs_ ? "input " : "output ",
                               &guarded - list->data(), " were written")};
    }
  }
  return std::nullopt;
}

bool Run::send_output(uint64_t seed, uint32_t index) {
  const NdArray& array = outputs_[index].array();
  OutputHeader header{.seed = seed,
                      .output_index = index,
                      .dtype_code = array.dtype().code,
                      .dtype_bits = array.dtype().bits,
                      .shape = array.shape(),
                      .size_bytes = static_cast<uint64_t>(array.size_bytes())};
  send(RunnerFrame::kOutput, header);
  std::string_view rest(reinterpret_cast<const char*>(array.data()), array.bytes().size());
  while (is_connected_ && !rest.empty()) {
    const std::string_view chunk = rest.substr(0, kOutputChunkBytes);
    send(RunnerFrame::kOutputBytes, chunk);
    rest.remove_prefix(chunk.size());
  }
  return is_connected_;
}

Step Run::run_seed(uint64_t seed) {
  if (Step end = fill_inputs(seed)) return end;
  std::vector<const DLTensor*> inputs;
  std::vector<DLTensor*> outputs;
  for (GuardedArray& input : inputs_) inputs.push_back(input.array().view());
  for (GuardedArray& output : outputs_) {
    output.poison();
    outputs.push_back(output.array().view());
  }
  int32_t status = session_->prepare(inputs.data(), outputs.data());
  if (status == TENON_OK) status = session_->run_prepared();
  if (status != TENON_OK) return RunFailed{RunnerFailure::kRefused, session_->error_text()};
  if (Step end = check_margins()) return end;
  for (uint32_t i = 0; i < outputs_.size(); ++i) send_output(seed, i);
  return std::nullopt;
}

Step Run::measure_candidate() {
  const auto received = rpc::read_frame(control_fd_, -1, kMaxRunnerBody);
  const auto* frame = std::get_if<rpc::PipeFrame>(&received);
  is_connected_ = frame != nullptr && frame->type == static_cast<uint16_t>(RunnerFrame::kMeasure);
  if (!is_connected_) return std::nullopt;
  std::vector<NdArray*> arrays;
  for (GuardedArray& input : inputs_) arrays.push_back(&input.array());
  for (GuardedArray& output : outputs_) arrays.push_back(&output.array());
  Probe probe;
  int32_t status = TENON_OK;
  MeasuredReport report =
      measure({.protocol = request_.protocol,
               .stop_above_ns = request_.stop_above_ns,
               .call = [&] { status |= session_->run_prepared(); },
               .before_sample = cache_preparation(request_.protocol.cache, std::move(arrays)),
               .probe = [&] { return probe.run(); },
               .on_sampling = [&] { send(RunnerFrame::kSampling); },
               .now_ns = raw_monotonic_ns});
  if (status != TENON_OK) return RunFailed{RunnerFailure::kRefused, session_->error_text()};
  if (Step end = check_margins()) return end;
  report.pinning = pinning_;
  send(RunnerFrame::kMeasured, report);
  return std::nullopt;
}

Step Run::work() {
  metadata_ = parse_metadata(request_.metadata);
  if (Step end = set_up()) return end;
  if (Step end = load()) return end;
  if (Step end = make_tensors()) return end;
  for (const uint64_t seed : request_.seeds) {
    if (Step end = run_seed(seed)) return end;
  }
  send(RunnerFrame::kOutputsDone);
  return request_.is_measured ? measure_candidate() : std::nullopt;
}

bool Run::serve() {
  if (!receive_request()) return false;
  if (Step end = work()) send(RunnerFrame::kFailed, FailedReport{end->failure, end->text});
  return is_connected_;
}

}  // namespace

int report_sandbox(int control_fd) {
  // Any open file stands for the artifact.
  const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const SandboxLimits limits{
      .memory_bytes = 0, .wall_ms = 0, .threads = 1, .artifact_fd = file.get(), .skipped = {}};
  SandboxReport report{enter_sandbox(limits)};
  report.steps.push_back(seal_sandbox(limits));
  const auto type = static_cast<uint16_t>(RunnerFrame::kSandbox);
  return rpc::write_message(control_fd, type, report, kSendTimeoutMs) ? 0 : 1;
}

int serve_run(int control_fd, int artifact_fd) {
  return Run(control_fd, artifact_fd).serve() ? 0 : 1;
}

}  // namespace tenon
