// What a worker daemon and its runner child say to each other over the inherited socket
// (rpc/wire/pipe.h). The runner is fresh for every candidate: it gets one request, answers with
// the frames below in their order, and exits. Numbers never change; members are appended.
//
//   daemon                         runner
//   kRequest  ───────────────────►
//             ◄───────────────────  kSandbox         which steps took hold
//             ◄───────────────────  kLoading         candidate code runs from here on
//             ◄───────────────────  kOutput, kOutputBytes ...   for every seed and output
//             ◄───────────────────  kOutputsDone
//   kMeasure  ───────────────────►                   only after the outputs were found right
//             ◄───────────────────  kSampling        right before each round of samples
//             ◄───────────────────  kMeasured
//   At any time instead:  ◄─────── kFailed           what the runner itself can tell
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "rpc/wire/types.h"

namespace tenon {

enum class RunnerFrame : uint16_t {
  kRequest = 1,
  kSandbox = 2,
  kLoading = 3,
  kOutput = 4,
  kOutputBytes = 5,
  kOutputsDone = 6,
  kMeasure = 7,
  kSampling = 8,
  kMeasured = 9,
  kFailed = 10,
};

// Descriptors in the runner: the control socket and the artifact, opened read-only.
inline constexpr int kRunnerControlFd = 3;
inline constexpr int kRunnerArtifactFd = 4;

inline constexpr uint32_t kMaxRunnerBody = 1024 * 1024;
inline constexpr uint32_t kOutputChunkBytes = 1024 * 1024;
inline constexpr uint64_t kMaxOutputBytes = uint64_t{4} << 30;  // of one run, all outputs

// daemon -> runner.
struct RunnerRequest {
  std::vector<uint64_t> seeds;
  rpc::Protocol protocol;
  uint32_t threads = 1;
  std::vector<uint32_t> cpus;  // thread i runs on cpus[i]; empty: unpinned
  uint64_t stop_above_ns = 0;
  uint64_t memory_limit_bytes = 0;  // 0: no limit
  uint32_t wall_limit_ms = 0;
  bool is_measured = true;                 // false: outputs only (the reference)
  std::string metadata;                    // worker/protocol/metadata.h
  std::vector<std::string> skipped_steps;  // sandbox steps that the operator switched off
  static constexpr auto fields() {
    return std::tuple{&RunnerRequest::seeds,         &RunnerRequest::protocol,
                      &RunnerRequest::threads,       &RunnerRequest::cpus,
                      &RunnerRequest::stop_above_ns, &RunnerRequest::memory_limit_bytes,
                      &RunnerRequest::wall_limit_ms, &RunnerRequest::is_measured,
                      &RunnerRequest::metadata,      &RunnerRequest::skipped_steps};
  }
};

// runner -> daemon: one step, "done", "skipped" or "unavailable: reason".
struct SandboxStep {
  std::string name;
  std::string state;
  static constexpr auto fields() { return std::tuple{&SandboxStep::name, &SandboxStep::state}; }
};

struct SandboxReport {
  std::vector<SandboxStep> steps;
  static constexpr auto fields() { return std::tuple{&SandboxReport::steps}; }
};

// runner -> daemon: an output follows as kOutputBytes frames of raw bytes, size_bytes in all.
struct OutputHeader {
  uint64_t seed = 0;
  uint32_t output_index = 0;
  uint8_t dtype_code = 0;
  uint8_t dtype_bits = 0;
  std::vector<int64_t> shape;
  uint64_t size_bytes = 0;
  static constexpr auto fields() {
    return std::tuple{&OutputHeader::seed,       &OutputHeader::output_index,
                      &OutputHeader::dtype_code, &OutputHeader::dtype_bits,
                      &OutputHeader::shape,      &OutputHeader::size_bytes};
  }
};

// runner -> daemon.
struct MeasuredReport {
  std::vector<uint64_t> samples_ns;  // of one call, raw, in order of taking
  uint32_t calls_per_sample = 1;
  double canary_ratio = 1;  // reference kernels after / before, the one that moved most
  bool is_stopped = false;  // racing ended it early
  bool is_noisy = false;    // every round had the reference kernels off by more than the limit
  uint32_t num_rounds = 1;
  uint64_t sampled_ns = 0;  // sum of the timed regions of the last round
  uint64_t probe_ns = 0;    // reference kernel before the last round
  std::string pinning;      // "done" or "unavailable: reason"
  static constexpr auto fields() {
    return std::tuple{&MeasuredReport::samples_ns,   &MeasuredReport::calls_per_sample,
                      &MeasuredReport::canary_ratio, &MeasuredReport::is_stopped,
                      &MeasuredReport::is_noisy,     &MeasuredReport::num_rounds,
                      &MeasuredReport::sampled_ns,   &MeasuredReport::probe_ns,
                      &MeasuredReport::pinning};
  }
};

enum class RunnerFailure : uint8_t {
  kSetup,     // the runner could not do its own part
  kLoad,      // the artifact is no usable library
  kRefused,   // the model returned a status other than OK
  kOverrun,   // bytes around an output changed
  kMemory,    // no memory for the tensors within the limit
  kMetadata,  // the builder's metadata does not fit the library
  kCount
};

// runner -> daemon: the run ends here.
struct FailedReport {
  RunnerFailure failure = RunnerFailure::kSetup;
  std::string text;
  static constexpr auto fields() { return std::tuple{&FailedReport::failure, &FailedReport::text}; }
};

// The protocol's low quantile: the sample at this rank, 0 for none. It is what candidates are
// ranked by; a mean would follow every disturbance.
inline uint64_t low_quantile(std::vector<uint64_t> samples, uint32_t quantile_permille) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const size_t permille = std::min<uint32_t>(quantile_permille, 1000);
  return samples[(samples.size() - 1) * permille / 1000];
}

}  // namespace tenon
