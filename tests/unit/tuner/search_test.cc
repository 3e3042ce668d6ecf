#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "compiler/support/rng.h"
#include "tests/unit/tuner/synthetic.h"
#include "tuner/search/generation.h"

namespace tenon {
namespace {

using Asked = std::vector<std::pair<std::size_t, std::size_t>>;  // task, point

// Proposes and measures `count` candidates in batches of 8, one batch ahead.
Asked tune(Portfolio& portfolio, std::size_t count) {
  Asked asked;
  std::deque<std::vector<Proposal>> in_flight;
  for (;;) {
    portfolio.learn();
    const auto batch = portfolio.propose(std::min<std::size_t>(8, count - asked.size()));
    for (const Proposal& p : batch) asked.emplace_back(p.task, p.point);
    if (!batch.empty()) in_flight.push_back(batch);
    if (in_flight.empty()) return asked;
    if (in_flight.size() < 2 && !batch.empty()) continue;
    for (const Proposal& p : in_flight.front()) {
      const Space& space = portfolio.task(p.task).space();
      const double seconds = synthetic_seconds(space, space.points()[p.point]);
      portfolio.consume(p.task, p.point, seconds > 0 ? Verdict::kValid : Verdict::kInvalid,
                        seconds);
    }
    in_flight.pop_front();
  }
}

std::vector<TaskSetup> two_tasks(std::uint64_t seed) {
  return {setup_of(conv_task(64, 28), seed), setup_of(matmul_task(128, 96, 64), seed)};
}

TEST(Search, ProposesTheDefaultOfEveryTaskFirst) {
  Portfolio portfolio(two_tasks(1));
  const auto first = portfolio.propose(2);
  ASSERT_EQ(first.size(), 2u);
  for (const Proposal& p : first) {
    const Space& space = portfolio.task(p.task).space();
    EXPECT_TRUE(portfolio.task(p.task).is_default(p.point));
    EXPECT_EQ(space.points()[p.point], space.seeds(1).front());
    EXPECT_EQ(p.stop_above_ns, 0u);
  }
  EXPECT_NE(first[0].task, first[1].task);
}

TEST(Search, LaterCandidatesRaceAgainstTheBest) {
  Portfolio portfolio({setup_of(conv_task(64, 28), 1)});
  const auto first = portfolio.propose(1);
  portfolio.consume(0, first[0].point, Verdict::kValid, 1e-3);
  for (const Proposal& p : portfolio.propose(8)) EXPECT_EQ(p.stop_above_ns, 1'500'000u);
}

TEST(Search, NeverProposesAPointTwice) {
  Portfolio portfolio(two_tasks(1));
  const Asked asked = tune(portfolio, 150);
  EXPECT_EQ(std::set(asked.begin(), asked.end()).size(), asked.size());
}

TEST(Search, SameSeedAndResultsGiveTheSameProposals) {
  Portfolio first(two_tasks(7)), second(two_tasks(7)), other(two_tasks(8));
  const Asked asked = tune(first, 120);
  EXPECT_EQ(asked, tune(second, 120));
  EXPECT_NE(asked, tune(other, 120));
}

TEST(Search, EndsByItself) {
  Portfolio portfolio(two_tasks(3));
  const Asked asked = tune(portfolio, 100'000);
  EXPECT_TRUE(portfolio.is_converged());
  EXPECT_TRUE(portfolio.propose(8).empty());
  EXPECT_LT(asked.size(), 1000u);
}

TEST(Search, BeatsRandomDraws) {
  const std::size_t budget = 40;
  double search_regret = 0, random_regret = 0;
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    Portfolio portfolio({setup_of(conv_task(64, 28), seed)});
    const Space& space = portfolio.task(0).space();
    double optimum = 1e9, random = 1e9;
    for (const SpacePoint& point : space.points()) {
      const double seconds = synthetic_seconds(space, point);
      if (seconds > 0) optimum = std::min(optimum, seconds);
    }
    Rng rng(seed);
    for (std::size_t i = 0; i < budget; ++i) {
      const double seconds =
          synthetic_seconds(space, space.points()[rng.below(space.points().size())]);
      if (seconds > 0) random = std::min(random, seconds);
    }
    ASSERT_GT(space.points().size(), 2 * budget);
    tune(portfolio, budget);
    search_regret += portfolio.task(0).best_seconds() / optimum - 1;
    random_regret += random / optimum - 1;
  }
  RecordProperty("search_regret", std::to_string(search_regret / 5));
  RecordProperty("random_regret", std::to_string(random_regret / 5));
  EXPECT_LT(search_regret, 0.6 * random_regret);
  EXPECT_LT(search_regret / 5, 0.10);
}

TEST(Search, ATraceTellsItsPoint) {
  for (const TuningTask& task : {conv_task(64, 28), matmul_task(128, 96, 64)}) {
    const TaskSearch search(setup_of(task, 0));
    for (std::size_t i = 0; i < search.space().points().size(); i += 5) {
      const Trace trace = search.space().trace(search.space().points()[i]);
      EXPECT_EQ(search.find(parse_trace(to_json(trace))), i);
    }
    EXPECT_EQ(search.find(Trace{}), std::nullopt);
  }
}

TEST(Search, NeighboursDifferInOneStepOfOneKnob) {
  const TaskSearch search(setup_of(conv_task(64, 28), 0));
  const PointIndex index(search.space().points());
  const std::size_t center = search.space().points().size() / 2;
  const auto beside = neighbours(search.space(), index, center);
  EXPECT_FALSE(beside.empty());
  for (const std::size_t point : beside) {
    std::size_t distance = 0;
    for (std::size_t k = 0; k < search.space().points()[center].decisions.size(); ++k) {
      const std::size_t a = search.space().points()[center].decisions[k];
      const std::size_t b = search.space().points()[point].decisions[k];
      distance += a > b ? a - b : b - a;
    }
    EXPECT_EQ(distance, 1u);
  }
}

TEST(Search, WhatTheDeviceSpoiltTeachesNothing) {
  Portfolio portfolio({setup_of(matmul_task(128, 96, 64), 1)});
  const auto first = portfolio.propose(1);
  portfolio.consume(0, first[0].point, Verdict::kUnknown, 0);
  EXPECT_EQ(portfolio.task(0).best_point(), std::nullopt);
}

}  // namespace
}  // namespace tenon
