#include <numeric>

#include <gtest/gtest.h>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tiles.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"

namespace tenon {
namespace {

Schedule copy_of_size(int extent) {
  const std::string script = R"(
from tvm.script import tirx as T

@T.prim_func(s_tir=True)
def main(A: T.Buffer((SIZE,), "float32"), B: T.Buffer((SIZE,), "float32")):
    for i in range(SIZE):
        with T.sblock("B"):
            vi = T.axis.spatial(SIZE, i)
            B[vi] = A[vi]
)";
  return {tir::parse_module(replace_all(script, "SIZE", str_cat(extent)))};
}

LoopRef first_loop(const Schedule& schedule) {
  return get_loops(schedule, get_sblock(schedule, "B", "main")).front();
}

std::int64_t product(const std::vector<std::int64_t>& factors) {
  return std::accumulate(factors.begin(), factors.end(), std::int64_t{1}, std::multiplies<>());
}

TEST(Sampling, PerfectTilesMultiplyToTheExtentWithinTheLimit) {
  Schedule schedule = copy_of_size(360);
  Rng random(11);
  for (int i = 0; i < 200; ++i) {
    auto tile = sample_perfect_tile(schedule, {first_loop(schedule), 4, 16}, random);
    ASSERT_EQ(tile.size(), 4U);
    EXPECT_EQ(product(tile), 360);
    EXPECT_LE(tile.back(), 16);
  }
}

TEST(Sampling, PartitionedTilesKeepTheInnerMultiple) {
  Schedule schedule = copy_of_size(96);
  Rng random(12);
  for (int i = 0; i < 200; ++i) {
    auto tile = sample_partitioned_tile(schedule, {first_loop(schedule), 4, 2, 8}, random);
    EXPECT_EQ(product(tile), 96);
    EXPECT_EQ(tile[2] * tile[3] % 8, 0);
  }
}

TEST(Sampling, TheSameSeedDrawsTheSame) {
  Schedule schedule = copy_of_size(4096);
  Rng first(5), second(5);
  for (int i = 0; i < 20; ++i) {
    SampleTileArgs args{first_loop(schedule), 3, 64};
    EXPECT_EQ(sample_perfect_tile(schedule, args, first),
              sample_perfect_tile(schedule, args, second));
  }
}

TEST(Sampling, ADecisionThatNoLongerDividesIsRepaired) {
  Schedule schedule = copy_of_size(96);
  EXPECT_EQ(repaired_tile(schedule, first_loop(schedule), {4, 3, 16}),
            (std::vector<std::int64_t>{2, 3, 16}));
  EXPECT_EQ(product(repaired_tile(schedule, first_loop(schedule), {2, 5, 16})), 96);
}

TEST(Tiles, DivisorsAndPrimeFactors) {
  EXPECT_EQ(divisors(12), (std::vector<std::int64_t>{1, 2, 3, 4, 6, 12}));
  EXPECT_EQ(prime_factors(360), (std::vector<std::int64_t>{2, 2, 2, 3, 3, 5}));
  EXPECT_EQ(prime_factors(1), std::vector<std::int64_t>{});
}

}  // namespace
}  // namespace tenon
