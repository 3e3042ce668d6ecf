#include "worker/build_task.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "compiler/support/files.h"

namespace tenon {
namespace {

class BuildTask : public testing::Test {
 protected:
  static void SetUpTestSuite() { become_subreaper(); }

  BuildSettings settings() {
    BuildSettings made;
    made.builder_program = std::string(TENON_BINARY_DIR) + "/tests/fake-builder";
    setenv("TENON_TEST_MARK", (dir_.path() / "mark").c_str(), 1);
    return made;
  }
  BuildOutput build(BuildExecutor& executor, const std::string& trace, uint32_t limit_ms = 5000) {
    rpc::BuildSpec spec;
    spec.workload = "w";
    spec.trace = trace;
    return executor.build({++task_, 1, 1}, spec, limit_ms);
  }

  TempDir dir_;
  ChildTable table_;
  uint64_t task_ = 0;
};

TEST_F(BuildTask, library_arrives_with_metadata_and_toolchain) {
  BuildExecutor executor(table_, settings());
  const BuildOutput output = build(executor, "good");
  EXPECT_EQ(output.outcome, rpc::Outcome::kOk) << output.detail;
  EXPECT_EQ(output.library, "library of w");
  EXPECT_EQ(output.metadata, "tenon-artifact 1\n");
  EXPECT_EQ(output.toolchain.codegen, 9u);
  EXPECT_EQ(output.build_ms, 3u);
}

TEST_F(BuildTask, large_library_arrives_whole) {
  BuildExecutor executor(table_, settings());
  EXPECT_EQ(build(executor, "large").library, std::string(5'000'000, 'x'));
}

TEST_F(BuildTask, one_child_serves_many_builds) {
  BuildExecutor executor(table_, settings());
  const std::string first = build(executor, "pid").library;
  EXPECT_EQ(build(executor, "pid").library, first);
  EXPECT_EQ(build(executor, "refuse").outcome, rpc::Outcome::kInvalidSchedule);
  EXPECT_EQ(build(executor, "pid").library, first);
}

TEST_F(BuildTask, child_is_replaced_after_its_number_of_builds) {
  BuildSettings limited = settings();
  limited.max_builds = 2;
  BuildExecutor executor(table_, limited);
  const std::string first = build(executor, "pid").library;
  EXPECT_EQ(build(executor, "pid").library, first);
  EXPECT_NE(build(executor, "pid").library, first);
}

TEST_F(BuildTask, child_that_grew_is_replaced) {
  BuildSettings limited = settings();
  limited.max_resident_bytes = 1;
  BuildExecutor executor(table_, limited);
  EXPECT_NE(build(executor, "pid").library, build(executor, "pid").library);
}

TEST_F(BuildTask, crash_is_the_candidates_outcome_and_the_next_build_works) {
  BuildExecutor executor(table_, settings());
  const BuildOutput crashed = build(executor, "crash");
  EXPECT_EQ(crashed.outcome, rpc::Outcome::kCompileError);
  EXPECT_NE(crashed.detail.find("signal 11"), std::string::npos) << crashed.detail;
  const BuildOutput left = build(executor, "leave");
  EXPECT_NE(left.detail.find("exit code 7"), std::string::npos) << left.detail;
  EXPECT_EQ(build(executor, "good").outcome, rpc::Outcome::kOk);
}

TEST_F(BuildTask, child_that_was_killed_between_two_builds_blames_nobody) {
  BuildExecutor executor(table_, settings());
  const std::string first = build(executor, "pid").library;
  ASSERT_EQ(kill(std::stoi(first), SIGKILL), 0);
  const BuildOutput output = build(executor, "pid");
  EXPECT_EQ(output.outcome, rpc::Outcome::kOk) << output.detail;
  EXPECT_NE(output.library, first);
}

TEST_F(BuildTask, candidate_is_blamed_for_a_kill_only_the_second_time) {
  BuildExecutor executor(table_, settings());
  const BuildOutput output = build(executor, "kill");
  EXPECT_EQ(output.outcome, rpc::Outcome::kCandidateLimit) << output.detail;
  EXPECT_EQ(build(executor, "kill once").outcome, rpc::Outcome::kOk);
}

TEST_F(BuildTask, build_over_its_time_is_ended) {
  BuildExecutor executor(table_, settings());
  const BuildOutput output = build(executor, "hang", 100);
  EXPECT_EQ(output.outcome, rpc::Outcome::kCompileError);
  EXPECT_EQ(output.detail, "not built within 100 ms");
  EXPECT_EQ(build(executor, "good").outcome, rpc::Outcome::kOk);
}

TEST_F(BuildTask, cancel_ends_the_build_that_it_names) {
  BuildExecutor executor(table_, settings());
  std::atomic<bool> is_over{false};
  std::thread canceller([&] {
    // Until it is the current one, cancel() does nothing; so it is repeated.
    while (!is_over) {
      executor.cancel({1, 1, 1});
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(build(executor, "hang", 20'000).outcome, rpc::Outcome::kCancelled);
  is_over = true;
  EXPECT_EQ(build(executor, "good").outcome, rpc::Outcome::kOk);
  canceller.join();
}

TEST_F(BuildTask, builder_that_does_not_start_is_a_missing_toolchain) {
  BuildSettings broken = settings();
  broken.builder_program = "/bin/false";
  BuildExecutor executor(table_, broken);
  const BuildOutput output = executor.start();
  EXPECT_EQ(output.outcome, rpc::Outcome::kToolchainMissing);
  EXPECT_NE(output.detail.find("exit code 1"), std::string::npos) << output.detail;
}

}  // namespace
}  // namespace tenon
