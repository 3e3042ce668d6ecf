// The program tenon-tracker as a process: what it refuses, how it starts and ends, and kill -9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/subprocess.h"
#include "compiler/support/text.h"
#include "rpc/net/client.h"

namespace tenon::tracker {
namespace {

using ::testing::HasSubstr;

const std::string kProgram = std::string(TENON_BINARY_DIR) + "/tenon-tracker";

class Process : public ::testing::Test {
 protected:
  std::vector<std::string> command(std::vector<std::string> more) const {
    std::vector<std::string> argv = {kProgram, "--db", path("db"), "--blobs", path("blobs")};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string url() const { return "ipc://" + path("socket"); }

  // A private tracker: keys, lifeline and readiness through descriptors.
  Subprocess start_private() {
    Pipe keys = make_pipe();
    write_all(keys.write_end.get(), rpc::format_tracker_keys(keys_), "keys");
    keys.write_end.reset();
    lifeline_ = make_pipe();
    Pipe ready = make_pipe();
    SpawnOptions options;
    options.argv =
        command({"--listen", url(), "--keys-fd", "3", "--lifeline-fd", "4", "--ready-fd", "5"});
    options.passed_fds = {keys.read_end.get(), lifeline_.read_end.get(), ready.write_end.get()};
    Subprocess child = Subprocess::spawn(options);
    lifeline_.read_end.reset();
    ready.write_end.reset();
    bound_ = read_file(str_cat("/proc/self/fd/", ready.read_end.get()));
    return child;
  }
  rpc::ClientOptions client() const {
    rpc::ClientOptions options;
    options.url = url();
    options.key = {pair_, keys_.server.public_key};
    options.give_up_ms = 20000;
    return options;
  }

  static CommandOptions limits() {
    CommandOptions options;
    options.timeout_s = 20;
    return options;
  }

  TempDir dir_{"tenon-process"};
  rpc::KeyPair pair_ = rpc::make_key_pair();
  rpc::TrackerKeys keys_{rpc::make_key_pair(),
                         {{"tune", pair_.public_key, {rpc::Role::kSubmitter}}}};
  Pipe lifeline_;
  std::string bound_;
};

TEST_F(Process, APrivateTrackerSaysWhenItListensAndEndsWithItsParent) {
  Subprocess tracker = start_private();
  EXPECT_EQ(bound_, url() + "\n");
  rpc::Client(client()).wait_until_up();
  lifeline_.write_end.reset();
  const auto status = tracker.wait(5);
  ASSERT_TRUE(status) << "still there 5 s after its parent";
  EXPECT_TRUE(status->is_success()) << status->describe();
}

TEST_F(Process, AKilledTrackerGoesOnWhereItWas) {
  rpc::Submit submit;
  submit.job = rpc::sha256("job");
  submit.manifest = "{}";
  rpc::Client client_of_both(client());
  std::uint64_t epoch = 0;
  {
    Subprocess tracker = start_private();
    EXPECT_FALSE(client_of_both.submit(submit).is_existing);
    epoch = client_of_both.wait_until_up().epoch;
    tracker.kill_group(SIGKILL);
    tracker.wait(5);
  }
  Subprocess tracker = start_private();
  EXPECT_TRUE(client_of_both.submit(submit).is_existing);
  EXPECT_EQ(client_of_both.wait_until_up().epoch, epoch + 1);
}

TEST_F(Process, TerminationIsOrderly) {
  Subprocess tracker = start_private();
  tracker.kill_group(SIGINT);  // a private tracker leaves Ctrl-C to its parent
  EXPECT_FALSE(tracker.wait(0.3));
  tracker.kill_group(SIGTERM);
  const auto status = tracker.wait(5);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->is_success()) << status->describe();
}

TEST_F(Process, WhatIsAskedWronglyEndsWith2AndOneClearError) {
  struct Case {
    std::vector<std::string> argv;
    std::string error;
  };
  std::filesystem::create_directory(path("bad-keys"));
  std::ofstream(path("bad-keys/server.key")) << "tenon-key 1\n";
  ::chmod(path("bad-keys/server.key").c_str(), 0644);
  const std::vector<Case> cases = {
      {command({"--listen", "tcp://127.0.0.1:*"}), "error: tracker: no keys"},
      {command({"--listen", "smoke://signals", "--keys", path("keys")}),
       "listen on \"smoke://signals\""},
      {command({"--listen", "tcp://127.0.0.1:*", "--keys", path("bad-keys")}),
       "others may read it; chmod 600 it"},
      {{kProgram, "--listen", "tcp://127.0.0.1:*"}, "--db is required"},
      {command({"--liste", "x"}), "--listen is required"}};
  for (const Case& one : cases) {
    const CommandResult result = run_command(one.argv, limits());
    EXPECT_EQ(result.status.exit_code, 2) << one.error << "\n" << result.error_output;
    EXPECT_THAT(result.error_output, HasSubstr(one.error));
  }
}

TEST_F(Process, ASecondTrackerOnOneDatabaseIsRefused) {
  Subprocess tracker = start_private();
  const CommandResult second =
      run_command(command({"--listen", "tcp://127.0.0.1:*", "--keys", path("keys")}), limits());
  EXPECT_EQ(second.status.exit_code, 2);
  EXPECT_THAT(second.error_output, HasSubstr("error: "));
}

TEST_F(Process, AKeyAuthorisedWhileItRunsIsLetIn) {
  rpc::open_key_directory(path("keys"));
  SpawnOptions options;
  options.argv = command({"--listen", url(), "--keys", path("keys")});
  Subprocess tracker = Subprocess::spawn(options);
  const std::string server = rpc::open_key_directory(path("keys")).server.public_key;
  rpc::ClientOptions late = client();
  late.key.server_public_key = server;
  EXPECT_THROW(rpc::Client(late).wait_until_up(), UserError);
  rpc::authorize(path("keys"), {"late", pair_.public_key, {rpc::Role::kSubmitter}});
  for (int attempt = 0; attempt < 50; ++attempt) {
    try {
      rpc::Client(late).wait_until_up();
      return;
    } catch (const UserError&) {
      ASSERT_FALSE(tracker.wait(0.2));  // it looks at its keys every 2 s
    }
  }
  FAIL() << "never let in";
}

}  // namespace
}  // namespace tenon::tracker
