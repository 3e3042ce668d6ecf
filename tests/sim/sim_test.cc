// Seeds by the hundred through each scenario. A failure prints the one line that repeats it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "compiler/support/text.h"
#include "tests/sim/world.h"

namespace tenon::sim {
namespace {

struct Case {
  const char* scenario;
  int num_seeds;
};

class Simulation : public ::testing::TestWithParam<Case> {};

std::string replay_line(const std::string& scenario, std::uint64_t seed) {
  return str_cat("replay: TENON_SIM=", scenario, ":", seed, " ", TENON_BINARY_DIR,
                 "/tests/sim_test --gtest_filter=Replay.*");
}

TEST_P(Simulation, HoldsItsPromisesForEverySeed) {
  const Scenario scenario = read_scenario(GetParam().scenario);
  for (int seed = 1; seed <= GetParam().num_seeds; ++seed) {
    World world(scenario, static_cast<std::uint64_t>(seed));
    const std::string violation = world.run();
    EXPECT_EQ(violation, "") << replay_line(scenario.name, static_cast<std::uint64_t>(seed));
    if (!violation.empty()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Simulation,
                         ::testing::Values(Case{"calm", 20}, Case{"lossy", 40}, Case{"killing", 80},
                                           Case{"cut", 40}, Case{"full_disk", 30}),
                         [](const auto& entry) { return std::string(entry.param.scenario); });

// A check that cannot fail proves nothing: with a rule broken, some seed must break a promise, and
// say which.
class Canary : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Canary, IsCaught) {
  const Scenario scenario = read_scenario(GetParam().first);
  constexpr std::uint64_t kMaxSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kMaxSeeds; ++seed) {
    const std::string violation = World(scenario, seed).run();
    if (violation.find(GetParam().second) != std::string::npos) {
      std::cout << "caught: " << violation << "\n" << replay_line(scenario.name, seed) << "\n";
      return;
    }
    ASSERT_EQ(violation, "") << "another promise broke: " << replay_line(scenario.name, seed);
  }
  FAIL() << scenario.name << " passed " << kMaxSeeds << " seeds: the checks see nothing";
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Canary,
                         ::testing::Values(std::pair{"canary_early_ack",
                                                     "acknowledged and is not on disk"},
                                           std::pair{"canary_same_epoch", "was granted twice"}),
                         [](const auto& entry) { return std::string(entry.param.first); });

TEST(Replay, TheSameSeedHasTheSameHistory) {
  const Scenario scenario = read_scenario("killing");
  World first(scenario, 7);
  World second(scenario, 7);
  World other(scenario, 8);
  EXPECT_EQ(first.run(), second.run());
  other.run();
  EXPECT_EQ(first.history(), second.history());
  EXPECT_NE(first.history(), other.history());
}

// One seed again, as a failure's last line asks for.
TEST(Replay, Given) {
  const char* given = std::getenv("TENON_SIM");
  if (given == nullptr) GTEST_SKIP() << "TENON_SIM=SCENARIO:SEED is not set";
  const std::vector<std::string> parts = split(given, ':');
  ASSERT_EQ(parts.size(), 2u);
  World world(read_scenario(parts[0]), static_cast<std::uint64_t>(parse_int(parts[1]).value()));
  EXPECT_EQ(world.run(), "");
}

}  // namespace
}  // namespace tenon::sim
