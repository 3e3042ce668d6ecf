#include "compiler/support/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "compiler/support/error.h"

namespace tenon {
namespace {

// The known answers published with the Random123 library for philox4x32-10.
TEST(Rng, PhiloxKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Stored logs rely on these values: a change here changes what a seed means.
TEST(Rng, TheStreamOfASeedIsFixed) {
  Rng rng(1, 2, 3, 4);
  Rng other(1, 2, 3, 4);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    uint64_t word = rng.next();
    EXPECT_EQ(word, other.next());
    seen.insert(word);
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(Rng(42).next(), 1720294880125606514ULL);
}

TEST(Rng, EachPartOfTheKeyMatters) {
  std::set<uint64_t> first = {Rng(1, 2, 3, 4).next(), Rng(2, 2, 3, 4).next(),
                              Rng(1, 3, 3, 4).next(), Rng(1, 2, 4, 4).next(),
                              Rng(1, 2, 3, 5).next(), Rng(2, 1, 3, 4).next()};
  EXPECT_EQ(first.size(), 6u);
}

TEST(Rng, BelowIsUniform) {
  Rng rng(7);
  std::vector<int> counts(6);
  for (int i = 0; i < 60000; ++i) ++counts[rng.below(6)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(rng.below(1), 0u);
  EXPECT_THROW(rng.below(0), Bug);
}

TEST(Rng, BetweenIncludesBothEnds) {
  Rng rng(8);
  std::set<int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.between(-1, 1));
  EXPECT_EQ(seen, (std::set<int64_t>{-1, 0, 1}));
  EXPECT_EQ(rng.between(5, 5), 5);
  rng.between(INT64_MIN, INT64_MAX);
  EXPECT_THROW(rng.between(1, 0), Bug);
}

TEST(Rng, UniformAndNormalHaveTheirMoments) {
  Rng rng(9);
  double sum = 0, normal_sum = 0, normal_squares = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    double value = rng.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
    double normal = rng.normal();
    normal_sum += normal;
    normal_squares += normal * normal;
  }
  EXPECT_NEAR(sum / kCount, 0.5, 0.02);
  EXPECT_NEAR(normal_sum / kCount, 0, 0.03);
  EXPECT_NEAR(normal_squares / kCount, 1, 0.05);
}

TEST(Rng, WeightedFollowsTheWeights) {
  Rng rng(10);
  std::vector<int> counts(3);
  for (int i = 0; i < 40000; ++i) ++counts[rng.weighted({1, 0, 3})];
  EXPECT_NEAR(counts[0], 10000, 500);
  EXPECT_EQ(counts[1], 0);
  EXPECT_THROW(rng.weighted({0, 0}), Bug);
  EXPECT_THROW(rng.weighted({1, -1}), Bug);
}

TEST(Rng, ShuffleKeepsTheItems) {
  Rng rng(11);
  std::vector<int> items = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<int> before = items;
  rng.shuffle(items);
  EXPECT_NE(items, before);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, before);
}

}  // namespace
}  // namespace tenon
