#include "worker/run/measure.h"

#include <algorithm>
#include <cmath>

namespace tenon {
namespace {

constexpr size_t kRacingSamples = 3;

// A warm-up that is this much over the racing bound after three calls need not go on.
constexpr int64_t kHopelessFactor = 2;

bool is_beaten(const MeasureSetup& setup, const std::vector<uint64_t>& samples) {
  return setup.stop_above_ns > 0 && samples.size() >= kRacingSamples &&
         low_quantile(samples, setup.protocol.quantile_permille) > setup.stop_above_ns;
}

// The time of the whole sample; divided by the calls it is one raw sample.
int64_t time_calls(const MeasureSetup& setup, uint32_t num_calls) {
  if (setup.before_sample) setup.before_sample();
  const int64_t start = setup.now_ns();
  for (uint32_t i = 0; i < num_calls; ++i) setup.call();
  return std::max<int64_t>(setup.now_ns() - start, 1);
}

// Calls until warmed up; returns the fastest single call.
int64_t warm_up(const MeasureSetup& setup) {
  const int64_t end = setup.now_ns() + int64_t{setup.protocol.warmup_ms} * 1'000'000;
  int64_t best = time_calls(setup, 1);
  for (uint32_t calls = 1; setup.now_ns() < end && calls < kMaxCallsPerSample; ++calls) {
    best = std::min(best, time_calls(setup, 1));
    const bool is_hopeless = setup.stop_above_ns > 0 && calls >= kRacingSamples &&
                             best / kHopelessFactor > static_cast<int64_t>(setup.stop_above_ns);
    if (is_hopeless) break;
  }
  return best;
}

uint32_t calls_for(int64_t sample_ns, int64_t call_ns) {
  const int64_t calls = (sample_ns + call_ns - 1) / call_ns;
  return static_cast<uint32_t>(std::clamp<int64_t>(calls, 1, kMaxCallsPerSample));
}

struct Samples {
  std::vector<uint64_t> per_call_ns;
  uint32_t calls_per_sample = 1;
  uint64_t sampled_ns = 0;
  bool is_stopped = false;
};

void add_sample(const MeasureSetup& setup, Samples* samples) {
  const int64_t total = time_calls(setup, samples->calls_per_sample);
  samples->sampled_ns += static_cast<uint64_t>(total);
  samples->per_call_ns.push_back(static_cast<uint64_t>(total) / samples->calls_per_sample);
}

// Three short samples: enough to see that a candidate is far from the best one.
Samples race(const MeasureSetup& setup, int64_t call_ns) {
  Samples samples;
  samples.calls_per_sample = setup.before_sample ? 1 : calls_for(kRacingSampleNs, call_ns);
  while (samples.per_call_ns.size() < kRacingSamples) add_sample(setup, &samples);
  samples.is_stopped = is_beaten(setup, samples.per_call_ns);
  return samples;
}

Samples sample(const MeasureSetup& setup, int64_t call_ns) {
  const rpc::Protocol& protocol = setup.protocol;
  const size_t most = std::clamp<uint32_t>(protocol.max_samples, 1, kMaxSamples);
  const int64_t end = setup.now_ns() + int64_t{protocol.budget_ms} * 1'000'000;
  Samples samples;
  samples.calls_per_sample =
      setup.before_sample ? 1 : calls_for(int64_t{protocol.min_sample_us} * 1000, call_ns);
  do {
    add_sample(setup, &samples);
    samples.is_stopped = is_beaten(setup, samples.per_call_ns);
  } while (!samples.is_stopped && samples.per_call_ns.size() < most && setup.now_ns() < end);
  return samples;
}

}  // namespace

MeasuredReport measure(const MeasureSetup& setup) {
  setup.probe();  // its first run pays for page faults
  const int64_t call_ns = warm_up(setup);
  MeasuredReport report;
  for (int round = 1; round <= kMaxRounds; ++round) {
    const ProbeTimes before = setup.probe();
    if (setup.on_sampling) setup.on_sampling();
    Samples samples = setup.stop_above_ns > 0 ? race(setup, call_ns) : Samples{};
    if (!samples.is_stopped) {
      if (setup.stop_above_ns > 0 && setup.on_sampling) setup.on_sampling();
      samples = sample(setup, call_ns);
    }
    report.canary_ratio = probe_ratio(before, setup.probe());
    report.samples_ns = std::move(samples.per_call_ns);
    report.calls_per_sample = samples.calls_per_sample;
    report.sampled_ns = samples.sampled_ns;
    report.is_stopped = samples.is_stopped;
    report.num_rounds = static_cast<uint32_t>(round);
    report.probe_ns = static_cast<uint64_t>(before.compute_ns);
    report.is_noisy = std::fabs(report.canary_ratio - 1) > kMaxProbeChange;
    if (!report.is_noisy) break;
  }
  return report;
}

}  // namespace tenon
