// The private tracker and worker as processes: up, noticed when killed, gone at the end.
#include "tuner/session/local_fleet.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "rpc/net/client.h"

namespace tenon {
namespace {

// Live processes whose command line has both words.
std::set<pid_t> processes_with(const std::string& first, const std::string& second) {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto pid = parse_int(entry.path().filename().string());
    FILE* file = pid ? std::fopen((entry.path() / "cmdline").c_str(), "re") : nullptr;
    if (file == nullptr) continue;
    char text[4096];
    const std::string line(text, std::fread(text, 1, sizeof text, file));
    std::fclose(file);
    const bool has_both =
        line.find(first) != std::string::npos && line.find(second) != std::string::npos;
    if (has_both) found.insert(static_cast<pid_t>(*pid));
  }
  return found;
}

template <class Condition>
bool eventually(Condition is_done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

struct LocalFleetTest : testing::Test {
  TempDir folder;
  LocalFleetOptions options{.database = (folder.path() / "t.db").string(),
                            .program_directory = TENON_BINARY_DIR};
  rpc::ClientOptions client_options(const LocalFleet& fleet) {
    rpc::ClientOptions client;
    client.url = fleet.url();
    client.key = fleet.client_key();
    client.name = "test";
    return client;
  }
};

TEST_F(LocalFleetTest, ComesUpWithAWorkerAndLeavesNothing) {
  std::string url;
  {
    const LocalFleet fleet(options);
    url = fleet.url();
    EXPECT_LT(url.size(), 100u);
    rpc::Client client(client_options(fleet));
    EXPECT_TRUE(eventually([&] { return !client.fleet().workers.empty(); })) << fleet.log_tail();
  }
  EXPECT_TRUE(processes_with("tenon-", url).empty());
  EXPECT_FALSE(std::filesystem::exists(url.substr(std::string("ipc://").size())));
}

TEST_F(LocalFleetTest, StartsAKilledTrackerAndWorkerAgain) {
  LocalFleet fleet(options);
  rpc::Client client(client_options(fleet));
  client.wait_until_up();
  for (const std::string name : {"tenon-tracker", "tenon-worker"}) {
    const auto before = processes_with(name, fleet.url());
    ASSERT_EQ(before.size(), 1u) << name;
    ASSERT_EQ(kill(*before.begin(), SIGKILL), 0);
    std::string note;
    EXPECT_TRUE(eventually([&] {
      if (const std::string news = fleet.news(); !news.empty()) note += news + "\n";
      return note.find(" ended with signal ") != std::string::npos;
    }));
    EXPECT_NE(note.find(name.substr(6) + " ended with signal 9"), std::string::npos) << note;
  }
  EXPECT_TRUE(eventually([&] { return !client.fleet().workers.empty(); })) << fleet.log_tail();
}

TEST_F(LocalFleetTest, AMissingProgramIsNamed) {
  options.program_directory = folder.path().string();
  EXPECT_THROW(LocalFleet fleet(options), UserError);
}

}  // namespace
}  // namespace tenon
