#include "worker/cores.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tenon {
namespace {

using Cpus = std::vector<int>;

TEST(PlanCores, the_last_cores_measure_and_the_rest_builds) {
  const CorePlan plan = plan_cores({0, 1, 2, 3}, 1);
  EXPECT_EQ(plan.run, (Cpus{3}));
  EXPECT_EQ(plan.build, (Cpus{0, 1, 2}));
  EXPECT_FALSE(plan.takes_turns);
}

TEST(PlanCores, where_nothing_is_left_they_take_turns) {
  const CorePlan plan = plan_cores({4, 5}, 2);
  EXPECT_EQ(plan.run, (Cpus{4, 5}));
  EXPECT_EQ(plan.build, (Cpus{4, 5}));
  EXPECT_TRUE(plan.takes_turns);
  EXPECT_TRUE(plan_cores({0}, 1).takes_turns);
}

TEST(PlanCores, more_threads_than_cores_use_all) {
  EXPECT_EQ(plan_cores({0, 1}, 8).run, (Cpus{0, 1}));
  EXPECT_EQ(plan_cores({0, 1}, 0).run, (Cpus{1}));
}

TEST(TurnGate, run_waits_for_builds_and_keeps_new_ones_out) {
  TurnGate gate;
  gate.begin_build();
  std::atomic<int> order{0};
  std::atomic<int> run_at{0};
  std::atomic<int> build_at{0};
  std::thread run([&] {
    gate.begin_run(0);
    run_at = ++order;
    gate.end_run(1, false);
  });
  gate.end_build();
  run.join();
  std::thread build([&] {
    gate.begin_build();
    build_at = ++order;
    gate.end_build();
  });
  build.join();
  EXPECT_EQ(run_at.load(), 1);
  EXPECT_EQ(build_at.load(), 2);
}

TEST(TurnGate, batch_of_runs_ends_when_its_time_is_over_and_a_build_waits) {
  TurnGate gate;
  gate.begin_run(0);
  EXPECT_TRUE(gate.end_run(10, true));
  gate.begin_run(10);
  EXPECT_TRUE(gate.end_run(TurnGate::kMaxRunBatchMs, true));  // nobody waits
  std::atomic<bool> has_built{false};
  std::thread build([&] {
    gate.begin_build();
    has_built = true;
    gate.end_build();
  });
  while (gate.end_run(TurnGate::kMaxRunBatchMs, true)) std::this_thread::yield();
  build.join();
  EXPECT_TRUE(has_built);
}

TEST(TurnGate, last_run_of_a_batch_opens_the_gate) {
  TurnGate gate;
  gate.begin_run(0);
  EXPECT_FALSE(gate.end_run(1, false));
  gate.begin_build();
  gate.end_build();
}

TEST(DeviceLock, one_holder_per_core) {
  // Core numbers that no machine has keep this apart from real workers.
  auto first = DeviceLock::try_acquire({100001, 100002});
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(DeviceLock::try_acquire({100002, 100003}).has_value());
  EXPECT_TRUE(DeviceLock::try_acquire({100003}).has_value());
  first.reset();
  EXPECT_TRUE(DeviceLock::try_acquire({100002}).has_value());
}

}  // namespace
}  // namespace tenon
