#include "worker/run_task.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "compiler/support/files.h"

namespace tenon {
namespace {

using Clock = std::chrono::steady_clock;

std::filesystem::path candidate(const std::string& name) {
  return std::filesystem::path(TENON_BINARY_DIR) / "tests" / "candidates" / (name + ".so");
}

rpc::Artifact artifact(const std::string& name) {
  rpc::Artifact made;
  made.digest = rpc::digest_of(read_file(candidate(name)));
  return made;
}

// Processes whose group or parent is one of ours, or that were started as runners.
int count_live_runners() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code ignored;
    const std::string program =
        std::filesystem::read_symlink(entry.path() / "exe", ignored).filename().string();
    if (program == "tenon-runner") {
      std::FILE* file = std::fopen((entry.path() / "cmdline").c_str(), "re");
      char text[256] = "";
      if (file != nullptr) {
        const size_t size = std::fread(text, 1, sizeof text - 1, file);
        std::fclose(file);
        const std::string line(text, size);
        if (line.find(std::to_string(getpid())) != std::string::npos) ++count;
      }
    }
  }
  return count;
}

class RunTask : public testing::Test {
 protected:
  static void SetUpTestSuite() { become_subreaper(); }

  RunInput input(const std::string& name) {
    RunInput in;
    in.fence = {1, 1, ++attempt_};
    in.spec.artifact = artifact(name);
    in.spec.reference = artifact("behave");
    in.spec.seeds = {1, 2};
    in.spec.protocol.warmup_ms = 1;
    in.spec.protocol.budget_ms = 20;
    in.artifact = candidate(name);
    in.reference = candidate("behave");
    in.wall_limit_ms = 10'000;
    in.memory_limit_bytes = uint64_t{4} << 30;
    return in;
  }

  RunSettings settings(std::vector<std::string> skipped = {}) {
    RunSettings made;
    made.runner_program = std::string(TENON_BINARY_DIR) + "/tenon-runner";
    made.skipped_steps = std::move(skipped);
    return made;
  }

  RunOutput run(const std::string& name) {
    RunExecutor executor(table_, settings());
    return executor.run(input(name));
  }

  ChildTable table_;
  uint32_t attempt_ = 0;
};

std::string state_of(const RunOutput& output, const std::string& step) {
  for (const SandboxStep& entry : output.sandbox) {
    if (entry.name == step) return entry.state;
  }
  return "missing";
}

TEST_F(RunTask, right_candidate_is_measured_with_raw_samples) {
  const RunOutput output = run("behave");
  if (output.outcome == rpc::Outcome::kNoisy) GTEST_SKIP() << "noisy machine: " << output.detail;
  ASSERT_EQ(output.outcome, rpc::Outcome::kOk) << output.detail;
  ASSERT_TRUE(output.report.has_value());
  EXPECT_GE(output.report->samples_ns.size(), 5u);
  EXPECT_GT(output.report->rank_ns, 10u);
  EXPECT_LT(output.report->rank_ns, 1'000'000u);
  EXPECT_GT(output.report->calls_per_sample, 100u);
  EXPECT_EQ(output.report->max_abs_error, 0);
}

TEST_F(RunTask, every_sandbox_step_is_reported) {
  const RunOutput output = run("behave");
  for (const char* step :
       {"processes", "network", "no_new_privs", "rlimits", "landlock", "uid", "seccomp"}) {
    const std::string state = state_of(output, step);
    EXPECT_TRUE(state == "done" || state.starts_with("unavailable: ")) << step << " " << state;
  }
}

TEST_F(RunTask, wrong_numbers_never_get_a_time) {
  for (const char* name : {"give_wrong_numbers", "leave_one_out"}) {
    const RunOutput output = run(name);
    EXPECT_EQ(output.outcome, rpc::Outcome::kWrongResult) << name << ": " << output.detail;
    EXPECT_FALSE(output.report.has_value());
    EXPECT_NE(output.detail.find("1 of 1024 elements differ"), std::string::npos) << output.detail;
  }
}

TEST_F(RunTask, crash_names_the_signal) {
  const RunOutput output = run("segfault");
  EXPECT_EQ(output.outcome, rpc::Outcome::kCandidateCrash);
  EXPECT_NE(output.detail.find("signal 11"), std::string::npos) << output.detail;
}

TEST_F(RunTask, steps_outside_the_output_are_found) {
  const RunOutput over = run("run_over_the_end");
  EXPECT_EQ(over.outcome, rpc::Outcome::kCandidateCrash);
  EXPECT_NE(over.detail.find("signal 11"), std::string::npos) << over.detail;
  const RunOutput before = run("step_before_the_start");
  EXPECT_EQ(before.outcome, rpc::Outcome::kCandidateCrash);
  EXPECT_EQ(before.detail, "bytes outside output 0 were written");
}

TEST_F(RunTask, leaving_is_a_crash) {
  const RunOutput output = run("leave");
  EXPECT_EQ(output.outcome, rpc::Outcome::kCandidateCrash);
  EXPECT_NE(output.detail.find("exit code 0"), std::string::npos) << output.detail;
}

TEST_F(RunTask, memory_beyond_the_limit_ends_the_candidate) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "skipped: sanitizers need more address space than any limit leaves";
#endif
  RunExecutor executor(table_, settings());
  RunInput in = input("take_memory");
  in.memory_limit_bytes = uint64_t{1} << 30;
  const RunOutput output = executor.run(in);
  EXPECT_TRUE(output.outcome == rpc::Outcome::kCandidateCrash ||
              output.outcome == rpc::Outcome::kCandidateLimit)
      << output.detail;
}

TEST_F(RunTask, forbidden_calls_end_the_candidate_where_seccomp_is_available) {
  for (const char* name : {"open_socket", "fork_once", "write_file"}) {
    const RunOutput output = run(name);
    if (state_of(output, "seccomp") != "done") GTEST_SKIP() << state_of(output, "seccomp");
    EXPECT_EQ(output.outcome, rpc::Outcome::kCandidateLimit) << name << ": " << output.detail;
    EXPECT_NE(output.detail.find("system call"), std::string::npos) << output.detail;
  }
}

TEST_F(RunTask, without_seccomp_no_file_is_written) {
  RunExecutor executor(table_, settings({"seccomp"}));
  const RunOutput output = executor.run(input("write_file"));
  if (state_of(output, "landlock") != "done") GTEST_SKIP() << state_of(output, "landlock");
  EXPECT_FALSE(std::filesystem::exists("/tmp/tenon-candidate-was-here"));
}

TEST_F(RunTask, much_output_is_cut_and_does_not_block) {
  const RunOutput output = run("print_much");
  EXPECT_TRUE(output.outcome == rpc::Outcome::kOk || output.outcome == rpc::Outcome::kNoisy ||
              output.outcome == rpc::Outcome::kRunTimeout)
      << output.detail;
}

// The candidate blocks SIGTERM and leaves a grandchild in its group and one outside of it. Seccomp
// is off, else it could not fork at all.
TEST_F(RunTask, spinning_candidate_is_gone_with_its_descendants_before_the_next_task) {
  RunExecutor executor(table_, settings({"seccomp"}));
  executor.run(input("behave"));  // the reference is cached from here on
  for (int round = 0; round < 20; ++round) {
    RunInput bad = input("spin");
    bad.wall_limit_ms = 300;
    const RunOutput output = executor.run(bad);
    const Clock::time_point ended = Clock::now();
    ASSERT_EQ(output.outcome, rpc::Outcome::kRunTimeout) << output.detail;
    ASSERT_EQ(count_live_runners(), 0);
    RunInput next = input("give_wrong_numbers");
    ASSERT_EQ(executor.run(next).outcome, rpc::Outcome::kWrongResult);
    ASSERT_LT(Clock::now() - ended, std::chrono::seconds(2));
  }
}

TEST_F(RunTask, end_of_the_candidate_is_seen_although_a_descendant_keeps_the_socket) {
  RunExecutor executor(table_, settings({"seccomp"}));
  executor.run(input("behave"));
  const Clock::time_point start = Clock::now();
  const RunOutput output = executor.run(input("leave_a_holder"));
  EXPECT_EQ(output.outcome, rpc::Outcome::kCandidateCrash) << output.detail;
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(count_live_runners(), 0);
}

TEST_F(RunTask, racing_stops_a_hopeless_candidate_early) {
  RunExecutor executor(table_, settings());
  RunInput in = input("take_long");
  in.spec.stop_above_ns = 1000;
  in.spec.protocol.warmup_ms = 1000;
  in.spec.protocol.budget_ms = 1000;
  const RunOutput output = executor.run(in);
  if (output.outcome == rpc::Outcome::kNoisy) GTEST_SKIP() << "noisy machine: " << output.detail;
  ASSERT_EQ(output.outcome, rpc::Outcome::kOk) << output.detail;
  EXPECT_EQ(output.report->samples_ns.size(), 3u);
  EXPECT_TRUE(output.report->flags.starts_with("stopped")) << output.report->flags;
  EXPECT_LT(output.report->run_ms, 500u);
}

TEST_F(RunTask, artifact_that_is_no_library_is_a_link_error) {
  const TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  write_file_atomically(dir.path() / "x.so", "not ELF");
  RunExecutor executor(table_, settings());
  RunInput in = input("behave");
  in.artifact = dir.path() / "x.so";
  const RunOutput output = executor.run(in);
  EXPECT_EQ(output.outcome, rpc::Outcome::kLinkError) << output.detail;
}

TEST_F(RunTask, broken_reference_blames_no_candidate) {
  RunExecutor executor(table_, settings());
  RunInput in = input("behave");
  in.reference = candidate("segfault");
  const RunOutput output = executor.run(in);
  EXPECT_EQ(output.outcome, rpc::Outcome::kArtifactCorrupt) << output.detail;
}

TEST_F(RunTask, missing_runner_is_the_workers_fault) {
  RunSettings broken = settings();
  broken.runner_program = "/bin/false";
  RunExecutor executor(table_, broken);
  const RunOutput output = executor.run(input("behave"));
  EXPECT_NE(output.outcome, rpc::Outcome::kOk);
  EXPECT_EQ(rpc::blame_of(output.outcome), rpc::Blame::kWorker) << output.detail;
}

TEST(JudgeEnd, blames_by_how_far_the_run_had_come) {
  ExitStatus crashed;
  crashed.signal = SIGSEGV;
  EXPECT_EQ(judge_end({crashed, false, false}).outcome, rpc::Outcome::kInternal);
  EXPECT_EQ(judge_end({crashed, false, true}).outcome, rpc::Outcome::kCandidateCrash);
  EXPECT_EQ(judge_end({crashed, true, true}).outcome, rpc::Outcome::kRunTimeout);
  for (const int signal : {SIGSYS, SIGXCPU, SIGXFSZ, SIGKILL}) {
    ExitStatus limited;
    limited.signal = signal;
    EXPECT_EQ(judge_end({limited, false, true}).outcome, rpc::Outcome::kCandidateLimit);
  }
}

TEST(CheckTimes, believes_only_what_fits_the_wall_clock) {
  MeasuredReport report;
  report.samples_ns.assign(10, 1'000'000);
  report.calls_per_sample = 10;
  report.sampled_ns = 100'000'000;
  EXPECT_EQ(check_times(report, 105'000'000), "");
  EXPECT_NE(check_times(report, 50'000'000), "");     // claims more than there was
  EXPECT_NE(check_times(report, 1'000'000'000), "");  // claims far less than there was
  report.samples_ns.clear();
  EXPECT_EQ(check_times(report, 105'000'000), "no samples");
}

}  // namespace
}  // namespace tenon
