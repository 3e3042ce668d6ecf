#include "compiler/support/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>

#include "compiler/support/clock.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

using testing::HasSubstr;

// True as soon as no process with this number is left (a zombie is none); gives up after ten
// seconds.
bool is_gone(pid_t pid) {
  SystemClock clock;
  int64_t deadline_ns = clock.monotonic_ns() + 10000000000;
  while (clock.monotonic_ns() < deadline_ns) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    // The state follows the program's name, which is in parentheses.
    if (stat.empty() || stat.find(") Z ") != std::string::npos) return true;
  }
  return false;
}

TEST(Subprocess, OutputInputAndExitCode) {
  CommandResult result =
      run_command({"sh", "-c", "cat; echo problem >&2; exit 3"}, {.input = "hello"});
  EXPECT_EQ(result.output, "hello");
  EXPECT_EQ(result.error_output, "problem\n");
  EXPECT_EQ(result.status.exit_code, 3);
  EXPECT_FALSE(result.status.is_success());
  EXPECT_EQ(result.status.describe(), "exit code 3");
}

TEST(Subprocess, MegabytesPassBothWays) {
  std::string input(3 << 20, 'z');
  CommandResult result = run_command({"cat"}, {.input = input});
  EXPECT_TRUE(result.status.is_success());
  EXPECT_EQ(result.output, input);
}

TEST(Subprocess, OutputIsCutAtTheLimit) {
  CommandResult result =
      run_command({"sh", "-c", "head -c 300000 /dev/zero"}, {.output_limit_bytes = 1000});
  EXPECT_EQ(result.output.size(), 1000u);
  EXPECT_TRUE(result.status.is_success());
}

TEST(Subprocess, AChildThatDoesNotReadDoesNotKillUs) {
  EXPECT_TRUE(run_command({"true"}, {.input = std::string(1 << 20, 'x')}).status.is_success());
}

TEST(Subprocess, ASignalIsToldFromAnExitCode) {
  CommandResult result = run_command({"sh", "-c", "kill -SEGV $$"});
  EXPECT_EQ(result.status.signal, SIGSEGV);
  EXPECT_EQ(result.status.describe(), "signal 11 (Segmentation fault)");
}

TEST(Subprocess, AMissingProgramIsAnIoError) {
  try {
    run_command({"/nowhere/program"});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "start /nowhere/program: No such file or directory");
  }
}

TEST(Subprocess, TheTimeLimitKillsTheGroupEvenWhenTermIsBlocked) {
  CommandResult result =
      run_command({"sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait"}, {.timeout_s = 0.2});
  EXPECT_TRUE(result.is_timed_out);
  EXPECT_EQ(result.status.signal, SIGKILL);
  std::optional<int64_t> grandchild = parse_int(trim(result.output));
  ASSERT_TRUE(grandchild.has_value()) << result.output;
  EXPECT_TRUE(is_gone(static_cast<pid_t>(*grandchild)));
}

TEST(Subprocess, TheRestOfTheGroupDiesWithTheChild) {
  CommandResult result = run_command({"sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"});
  EXPECT_FALSE(result.is_timed_out);
  std::optional<int64_t> grandchild = parse_int(trim(result.output));
  ASSERT_TRUE(grandchild.has_value()) << result.output;
  EXPECT_TRUE(is_gone(static_cast<pid_t>(*grandchild)));
}

TEST(Subprocess, DestroyingTheObjectKillsTheChild) {
  pid_t pid;
  {
    Subprocess child = Subprocess::spawn({.argv = {"sleep", "60"}});
    pid = child.pid();
    EXPECT_EQ(child.wait(0), std::nullopt);
    EXPECT_EQ(child.wait(0.01), std::nullopt);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Subprocess, WaitCanBeRepeatedAndReportsUse) {
  Subprocess child = Subprocess::spawn({.argv = {"sh", "-c", "exit 7"}});
  EXPECT_EQ(child.wait()->exit_code, 7);
  EXPECT_EQ(child.wait(0)->exit_code, 7);
  EXPECT_GT(child.wait()->max_rss_bytes, 0);
}

TEST(Subprocess, PassedDescriptorsAreThreeAndUpAndNoOthersAreOpen) {
  Pipe first = make_pipe();
  Pipe second = make_pipe();
  // In the order in which one would overwrite the other if they were copied straight to their
  // places.
  Subprocess child = Subprocess::spawn(
      {.argv = {"sh", "-c", "echo one >&3; echo two >&4; ls /proc/self/fd | wc -l >&4"},
       .passed_fds = {second.write_end.get(), first.write_end.get()}});
  EXPECT_TRUE(child.wait()->is_success());
  second.write_end.reset();
  first.write_end.reset();
  EXPECT_EQ(read_exactly(second.read_end.get(), 4, "pipe"), "one\n");
  // 0, 1, 2, 3, 4 and the directory that ls reads.
  EXPECT_EQ(read_exactly(first.read_end.get(), 6, "pipe"), "two\n6\n");
}

TEST(Subprocess, EnvironmentAndDirectoryAreGiven) {
  CommandResult result =
      run_command({"/bin/sh", "-c", "echo $A-$HOME-$PWD"},
                  {.environment = std::vector<std::string>{"A=1"}, .working_directory = "/usr"});
  EXPECT_EQ(result.output, "1--/usr\n");
}

TEST(Subprocess, SignalMasksAreNotInherited) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  Subprocess child = Subprocess::spawn({.argv = {"sleep", "60"}});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  child.kill_group(SIGTERM);
  EXPECT_EQ(child.wait()->signal, SIGTERM);
}

}  // namespace
}  // namespace tenon
