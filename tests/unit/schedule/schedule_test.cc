#include "compiler/schedule/schedule.h"

#include <gtest/gtest.h>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"
#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

Schedule two_blocks() {
  return {tir::parse_module(R"(
from tvm.script import tirx as T

@T.prim_func(s_tir=True)
def main(A: T.Buffer((8, 6), "float32"), C: T.Buffer((8, 6), "float32")):
    B = T.sblock_alloc_buffer((8, 6))
    for i, j in T.grid(8, 6):
        with T.sblock("B"):
            vi, vj = T.axis.remap("SS", [i, j])
            B[vi, vj] = A[vi, vj] + T.float32(1)
    for i, j in T.grid(8, 6):
        with T.sblock("C"):
            vi, vj = T.axis.remap("SS", [i, j])
            C[vi, vj] = B[vi, vj] * T.float32(2)
)")};
}

TEST(Schedule, AStepSharesWhatItDoesNotChange) {
  Schedule before = two_blocks();
  BlockRef b = get_sblock(before, "B", "main"), c = get_sblock(before, "C", "main");
  tir::Stmt untouched = site_of(before, c).stmt();
  Schedule after = split(before, {get_loops(before, b)[0], {{}, tir::i32(2)}}).schedule;
  EXPECT_TRUE(site_of(after, c).stmt().same_as(untouched));
  EXPECT_EQ(get_loops(before, b).size(), 2U);
  EXPECT_EQ(get_loops(after, b).size(), 3U);
}

TEST(Schedule, ReferencesSurviveRewriting) {
  Schedule schedule = two_blocks();
  BlockRef b = get_sblock(schedule, "B", "main"), c = get_sblock(schedule, "C", "main");
  LoopRef inner = get_loops(schedule, c)[1];
  schedule = compute_at(schedule, {b, get_loops(schedule, c)[0], false, -1});
  schedule = vectorize(schedule, inner);
  EXPECT_EQ(site_of(schedule, inner).loop().kind, tir::ForKind::kVectorized);
  EXPECT_EQ(site_of(schedule, b).block().name, "B");
}

TEST(Schedule, ARefusedStepLeavesNoTrace) {
  Schedule schedule = two_blocks();
  tir::TirModule before = schedule.module;
  BlockRef c = get_sblock(schedule, "C", "main");
  EXPECT_THROW(compute_inline(schedule, c), UserError);
  EXPECT_TRUE(schedule.module.functions[0].second.body.same_as(before.functions[0].second.body));
}

TEST(Schedule, AGoneLoopIsNamed) {
  Schedule schedule = two_blocks();
  BlockRef b = get_sblock(schedule, "B", "main");
  LoopRef loop = get_loops(schedule, b)[0];
  Schedule after = split(schedule, {loop, {{}, tir::i32(2)}}).schedule;
  try {
    unroll(after, loop);
    FAIL() << "a loop that was split is gone";
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 42),
              "loop i is no longer part of the schedule\nh");
  }
}

TEST(Schedule, ProducersAndConsumers) {
  Schedule schedule = two_blocks();
  BlockRef b = get_sblock(schedule, "B", "main"), c = get_sblock(schedule, "C", "main");
  EXPECT_EQ(get_producers(schedule, c), std::vector<BlockRef>{b});
  EXPECT_EQ(get_consumers(schedule, b), std::vector<BlockRef>{c});
  EXPECT_EQ(get_output_blocks(schedule, get_sblock(schedule, "root", "main")),
            std::vector<BlockRef>{c});
}

}  // namespace
}  // namespace tenon
