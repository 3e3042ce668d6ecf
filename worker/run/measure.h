// Timing one kernel: warm-up, many short samples, an early end for candidates that cannot win,
// and reference kernels around each round. Nothing here knows what it times.
#pragma once

#include <cstdint>
#include <functional>

#include "rpc/wire/types.h"
#include "worker/protocol/runner.h"
#include "worker/run/probe.h"

namespace tenon {

inline constexpr int kMaxRounds = 3;             // of samples, while the reference is off
inline constexpr double kMaxProbeChange = 0.05;  // of the reference kernels, either way
inline constexpr uint32_t kMaxCallsPerSample = 1'000'000;
inline constexpr int64_t kRacingSampleNs = 50'000;  // of the first three samples
inline constexpr uint32_t kMaxSamples = 4096;       // whatever the protocol says

struct MeasureSetup {
  rpc::Protocol protocol;
  uint64_t stop_above_ns = 0;  // 0: never stop early
  std::function<void()> call;
  std::function<void()> before_sample;  // may be empty; outside the timed region (cache modes)
  std::function<ProbeTimes()> probe;
  std::function<void()> on_sampling;  // may be empty; right before each round
  std::function<int64_t()> now_ns;
};

// The samples of the first round whose reference kernels agree, else of the last one with is_noisy.
// `pinning` is left empty.
MeasuredReport measure(const MeasureSetup& setup);

}  // namespace tenon
