#include "tuner/session/session.h"

#include <gtest/gtest.h>

#include <set>

#include "compiler/support/error.h"
#include "tests/unit/tuner/synthetic.h"

namespace tenon {
namespace {

const std::atomic<bool> kNeverStop = false;

SessionOptions options_for(std::uint64_t trials) {
  SessionOptions options;
  options.tasks = {conv_task(64, 28), matmul_task(128, 96, 64)};
  options.target = synthetic_target();
  options.trials = trials;
  options.seed = 5;
  options.model_hash = "m";
  return options;
}

// Moves by a millisecond whenever somebody looks.
class TickingClock final : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return now_ns_ += 1'000'000; }
  std::int64_t wall_ms() const override { return 0; }

 private:
  mutable std::int64_t now_ns_ = 0;
};

SessionResult tune(const SessionOptions& options, Measurer& tracker,
                   const std::atomic<bool>& stop = kNeverStop,
                   const ProgressFunction& on_progress = {}) {
  const TickingClock clock;
  return Session(options, tracker, clock).run(stop, on_progress);
}

TEST(Session, MeasuresAsOftenAsAskedAndKeepsTheBest) {
  SyntheticTracker tracker(options_for(0).tasks);
  const SessionResult result = tune(options_for(40), tracker);
  EXPECT_EQ(result.reason, StopReason::kTrials);
  EXPECT_EQ(result.progress.num_trials, 40u);
  EXPECT_EQ(tracker.added.size(), 40u);
  EXPECT_FALSE(result.is_resumed);
  for (const TaskProgress& task : result.progress.tasks) {
    EXPECT_GT(task.default_ns, 0u);
    EXPECT_GT(task.best_ns, 0u);
    EXPECT_GE(task.speedup(), 1.0);
    EXPECT_FALSE(task.best_trace.empty());
  }
  EXPECT_GT(result.progress.tasks[0].speedup(), 1.2);
}

TEST(Session, TheSameSessionAgainRepeatsNothing) {
  SyntheticTracker tracker(options_for(0).tasks);
  const SessionResult first = tune(options_for(30), tracker);
  const SessionResult again = tune(options_for(30), tracker);
  EXPECT_EQ(tracker.added.size(), 30u);
  EXPECT_TRUE(again.is_resumed);
  EXPECT_EQ(again.progress.num_resumed, 30u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again.progress.tasks[i].best_trace, first.progress.tasks[i].best_trace);
    EXPECT_EQ(again.progress.tasks[i].default_ns, first.progress.tasks[i].default_ns);
  }
  const SessionResult more = tune(options_for(40), tracker);
  EXPECT_EQ(more.progress.num_trials, 40u);
  EXPECT_EQ(tracker.added.size(), 40u);
  EXPECT_EQ(std::set(tracker.added.begin(), tracker.added.end()).size(), 40u);
}

TEST(Session, OneThatWasStoppedGoesOnWhereItWas) {
  SyntheticTracker tracker(options_for(0).tasks);
  std::atomic<bool> stop = false;
  tracker.num_allowed = 13;
  const SessionResult first = tune(options_for(40), tracker, stop, [&](const SessionProgress& p) {
    if (p.num_trials >= 13) stop = true;
  });
  EXPECT_EQ(first.reason, StopReason::kStopped);
  EXPECT_EQ(first.progress.num_trials, 13u);
  tracker.num_allowed = 1000;
  const SessionResult second = tune(options_for(40), tracker);
  EXPECT_EQ(second.progress.num_trials, 40u);
  EXPECT_GT(second.progress.num_resumed, 13u);  // with what was still queued
  EXPECT_EQ(std::set(tracker.added.begin(), tracker.added.end()).size(), 40u);
}

TEST(Session, ProposalsDoNotDependOnTheOrderOfArrival) {
  SyntheticTracker ordered(options_for(0).tasks), reversed(options_for(0).tasks, true);
  tune(options_for(80), ordered);
  tune(options_for(80), reversed);
  EXPECT_EQ(ordered.added, reversed.added);
}

TEST(Session, OtherOptionsAreAnotherJobAndLimitsAreNot) {
  const SessionOptions base = options_for(10);
  SessionOptions limits = base, seed = base, fresh = base, threads = base;
  limits.trials = 99;
  limits.time_limit_s = 5;
  seed.seed = 6;
  fresh.identity = "again";
  threads.threads = 2;
  EXPECT_EQ(job_id(base), job_id(limits));
  for (const SessionOptions& other : {seed, fresh, threads}) {
    EXPECT_NE(job_id(base), job_id(other));
  }
}

TEST(Session, TheTimeLimitEndsIt) {
  SyntheticTracker tracker(options_for(0).tasks);
  SessionOptions options = options_for(0);
  options.time_limit_s = 0.2;
  const SessionResult result = tune(options, tracker);
  EXPECT_EQ(result.reason, StopReason::kTimeLimit);
  EXPECT_GT(result.progress.num_trials, 0u);
}

TEST(Session, WithoutLimitsItEndsWhenNothingIsExpected) {
  SyntheticTracker tracker(options_for(0).tasks);
  const SessionResult result = tune(options_for(0), tracker);
  EXPECT_EQ(result.reason, StopReason::kConverged);
  EXPECT_EQ(result.progress.num_in_flight, 0u);
}

TEST(Session, FailuresAreCountedAndNeverTheBest) {
  SyntheticTracker tracker(options_for(0).tasks);
  const SessionResult result = tune(options_for(120), tracker);
  std::uint64_t total = 0;
  for (const auto& [outcome, count] : result.progress.outcomes) total += count;
  EXPECT_EQ(total, result.progress.num_trials);
  EXPECT_GT(result.progress.outcomes.at("ok"), 0u);
}

TEST(Session, NobodyToMeasureIsAnError) {
  SyntheticTracker tracker(options_for(0).tasks);
  tracker.num_allowed = 0;
  SessionOptions options = options_for(10);
  EXPECT_THROW(tune(options, tracker), IoError);
}

}  // namespace
}  // namespace tenon
