#include "worker/run/measure.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

// A machine whose clock moves only by calls, samples' preparation and probes.
struct FakeMachine {
  int64_t now = 0;
  int64_t call_ns = 10'000;
  int num_calls = 0;
  int num_rounds = 0;
  std::vector<ProbeTimes> probes = {{100, 100}};
  size_t probe_index = 0;

  MeasureSetup setup() {
    MeasureSetup setup;
    setup.protocol.warmup_ms = 1;
    setup.protocol.min_sample_us = 100;
    setup.protocol.max_samples = 8;
    setup.protocol.budget_ms = 1000;
    setup.call = [this] {
      now += call_ns;
      ++num_calls;
    };
    setup.probe = [this] { return probes[std::min(probe_index++, probes.size() - 1)]; };
    setup.on_sampling = [this] { ++num_rounds; };
    setup.now_ns = [this] { return now; };
    return setup;
  }
};

TEST(Measure, sample_repeats_the_call_until_it_is_long_enough) {
  FakeMachine machine;
  const MeasuredReport report = measure(machine.setup());
  EXPECT_EQ(report.calls_per_sample, 10u);
  EXPECT_EQ(report.samples_ns, std::vector<uint64_t>(8, 10'000));
  EXPECT_EQ(report.sampled_ns, 800'000u);
  EXPECT_FALSE(report.is_noisy);
  EXPECT_EQ(machine.num_rounds, 1);
}

TEST(Measure, budget_ends_sampling_but_never_before_one_sample) {
  FakeMachine machine;
  machine.call_ns = 700'000'000;
  EXPECT_EQ(measure(machine.setup()).samples_ns.size(), 2u);
  machine.call_ns = 5'000'000'000;
  EXPECT_EQ(measure(machine.setup()).samples_ns.size(), 1u);
}

TEST(Measure, candidate_that_cannot_win_stops_after_three_short_samples) {
  FakeMachine machine;
  MeasureSetup setup = machine.setup();
  setup.protocol.warmup_ms = 1000;
  setup.stop_above_ns = 4000;
  const MeasuredReport report = measure(setup);
  EXPECT_TRUE(report.is_stopped);
  EXPECT_EQ(report.samples_ns.size(), 3u);
  EXPECT_EQ(report.calls_per_sample, 5u);
  EXPECT_LT(machine.num_calls, 30);
}

TEST(Measure, candidate_that_may_win_is_sampled_to_the_end) {
  FakeMachine machine;
  MeasureSetup setup = machine.setup();
  setup.stop_above_ns = 10'000;
  const MeasuredReport report = measure(setup);
  EXPECT_FALSE(report.is_stopped);
  EXPECT_EQ(report.samples_ns.size(), 8u);
}

TEST(Measure, round_with_a_disturbed_reference_kernel_is_repeated) {
  FakeMachine machine;
  machine.probes = {{100, 100}, {100, 100}, {120, 100}, {100, 100}, {103, 98}};
  const MeasuredReport report = measure(machine.setup());
  EXPECT_EQ(report.num_rounds, 2u);
  EXPECT_FALSE(report.is_noisy);
  EXPECT_DOUBLE_EQ(report.canary_ratio, 1.03);
}

TEST(Measure, reference_kernel_that_is_off_three_times_is_noise) {
  FakeMachine machine;
  machine.probes = {{100, 100}, {100, 100}, {120, 100}, {100, 100},
                    {120, 100}, {100, 100}, {100, 80}};
  const MeasuredReport report = measure(machine.setup());
  EXPECT_EQ(report.num_rounds, 3u);
  EXPECT_TRUE(report.is_noisy);
}

TEST(Measure, prepared_caches_allow_one_call_a_sample) {
  FakeMachine machine;
  MeasureSetup setup = machine.setup();
  int num_prepared = 0;
  setup.before_sample = [&] { ++num_prepared; };
  const MeasuredReport report = measure(setup);
  EXPECT_EQ(report.calls_per_sample, 1u);
  EXPECT_GE(num_prepared, 8);
}

TEST(LowQuantile, takes_the_sample_at_the_rank) {
  EXPECT_EQ(low_quantile({}, 100), 0u);
  EXPECT_EQ(low_quantile({5}, 100), 5u);
  EXPECT_EQ(low_quantile({50, 10, 40, 30, 20, 60, 70, 80, 90, 100, 110}, 100), 20u);
  EXPECT_EQ(low_quantile({3, 1, 2}, 1000), 3u);
}

}  // namespace
}  // namespace tenon
