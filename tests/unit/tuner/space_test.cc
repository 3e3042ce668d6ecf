// The space of every kind of workload: constraints and legal points agree on every vector that is
// drawn, and what a sketch writes for a legal one replays and computes the same.
#include "tuner/space/space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "compiler/compile/packing.h"
#include "compiler/support/rng.h"
#include "compiler/tir/interpret.h"
#include "compiler/tir/script/parser.h"
#include "tests/unit/tuner/synthetic.h"

namespace tenon {
namespace {

constexpr int kDrawn = 300, kRun = 12;

TuningTask pool_task() {
  TuningTask task;
  task.name = "pool";
  task.func = tir::parse_prim_func(R"py(@T.prim_func(s_tir=True)
def main(A: T.Buffer((1, 2, 9, 9, 8), "float32"), C: T.Buffer((1, 2, 4, 4, 8), "float32")):
    for n, b, y, x, i, ky, kx in T.grid(1, 2, 4, 4, 8, 3, 3):
        with T.sblock("C"):
            vn, vb, vy, vx, vi, vky, vkx = T.axis.remap("SSSSSRR", [n, b, y, x, i, ky, kx])
            with T.init():
                C[vn, vb, vy, vx, vi] = T.float32(-3.4028234663852886e+38)
            C[vn, vb, vy, vx, vi] = T.max(C[vn, vb, vy, vx, vi],
                                          A[vn, vb, vy * 2 + vky, vx * 2 + vkx, vi])
)py");
  return task;
}

TuningTask relu_task() {
  TuningTask task;
  task.name = "relu";
  task.func = tir::parse_prim_func(R"py(@T.prim_func(s_tir=True)
def main(A: T.Buffer((5, 24), "float32"), C: T.Buffer((5, 24), "float32")):
    for i, j in T.grid(5, 24):
        with T.sblock("C"):
            vi, vj = T.axis.remap("SS", [i, j])
            C[vi, vj] = T.max(A[vi, vj], T.float32(0.0))
)py");
  return task;
}

std::vector<TuningTask> tasks() {
  return {matmul_task(6, 32, 10), conv_task(16, 6), pool_task(), relu_task()};
}

// The element of a row-major tensor of that shape, or -1 outside of it.
std::int64_t place(const std::vector<std::int64_t>& index, const std::vector<std::int64_t>& shape) {
  std::int64_t flat = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (index[i] < 0 || index[i] >= shape[i]) return -1;
    flat = flat * shape[i] + index[i];
  }
  return flat;
}

tir::Tensor packed(const tir::Tensor& logical, const ParamPacking& packing) {
  tir::Tensor result = tir::Tensor::zeros(logical.dtype, packing.packed);
  const std::size_t rank = packing.packed.size();
  std::vector<std::int64_t> at(rank, 0);
  for (std::int64_t flat = 0; flat < result.num_elements(); ++flat) {
    std::int64_t rest = flat;
    for (std::size_t j = rank; j-- > 0;) {
      at[j] = rest % packing.packed[j];
      rest /= packing.packed[j];
    }
    std::vector<std::int64_t> from(packing.logical.size(), 0);
    for (std::size_t i = 0; i < from.size(); ++i) {
      for (std::size_t j = 0; j < rank; ++j) from[i] += packing.map[i * rank + j] * at[j];
    }
    const std::int64_t source = place(from, packing.logical);
    if (source >= 0) result.set(flat, logical.get(source));
  }
  return result;
}

// Runs the workload and its scheduled form on the same values; the last tensor is the output.
void expect_same(const tir::PrimFunc& workload, const ScheduledFunction& scheduled,
                 const std::string& where) {
  tir::RandomInputs drawn(workload, 7);
  std::vector<tir::Tensor> tensors = drawn.tensors;
  for (const ParamPacking& packing : scheduled.packings) {
    tensors[packing.param] = packed(tensors[packing.param], packing);
  }
  tir::interpret(workload, drawn.tensors);
  tir::interpret(scheduled.func, tensors);
  const tir::Tensor& expected = drawn.tensors.back();
  ASSERT_EQ(tensors.back().num_elements(), expected.num_elements()) << where;
  for (std::int64_t i = 0; i < expected.num_elements(); ++i) {
    ASSERT_NEAR(tensors.back().get(i), expected.get(i), 1e-3) << where << ", element " << i;
  }
}

Decisions draw(const Sketch& sketch, Rng& rng) {
  Decisions decisions;
  for (const Knob& knob : sketch.knobs()) decisions.push_back(rng.below(knob.values.size()));
  return decisions;
}

TEST(Space, EveryWorkloadHasLegalPointsAndTheirDraftIsATime) {
  for (const TuningTask& task : tasks()) {
    const Space space(task.func, synthetic_target(), 1);
    ASSERT_FALSE(space.sketches().empty()) << task.name;
    ASSERT_FALSE(space.points().empty()) << task.name;
    for (const SpacePoint& point : space.points()) {
      EXPECT_TRUE(std::isfinite(point.draft_seconds) && point.draft_seconds > 0) << task.name;
    }
  }
}

TEST(Space, AVectorIsAPointExactlyWhenItBreaksNoConstraint) {
  for (const TuningTask& task : tasks()) {
    const Space space(task.func, synthetic_target(), 2);
    std::set<std::pair<std::size_t, Decisions>> legal;
    for (const SpacePoint& point : space.points()) legal.emplace(point.sketch, point.decisions);
    EXPECT_EQ(legal.size(), space.points().size()) << task.name << ": a point is there twice";
    for (std::size_t index = 0; index < space.sketches().size(); ++index) {
      const Sketch& sketch = *space.sketches()[index];
      Rng rng(1, index);
      for (int i = 0; i < kDrawn; ++i) {
        const Decisions decisions = draw(sketch, rng);
        EXPECT_EQ(sketch.broken_constraint(decisions).empty(), legal.contains({index, decisions}))
            << task.name << " " << sketch.name();
      }
    }
  }
}

TEST(Space, WhatALegalPointWritesReplaysAndComputesTheSame) {
  for (const TuningTask& task : tasks()) {
    for (const int threads : {1, 2}) {
      const Space space(task.func, synthetic_target(), threads);
      Rng rng(2, static_cast<std::uint64_t>(threads));
      for (int i = 0; i < kRun; ++i) {
        const SpacePoint& point = space.points()[rng.below(space.points().size())];
        const std::string text = to_json(space.trace(point));
        const std::string where = task.name + " " + text;
        EXPECT_EQ(to_json(parse_trace(text)), text) << where;
        expect_same(task.func, schedule_function(task.func, parse_trace(text)), where);
      }
    }
  }
}

TEST(Space, SeedsAreLegalPointsWithTilesOfTheirOwn) {
  for (const TuningTask& task : tasks()) {
    const Space space(task.func, synthetic_target(), 1);
    const std::vector<SpacePoint> seeds = space.seeds(5);
    ASSERT_FALSE(seeds.empty()) << task.name;
    EXPECT_EQ(seeds.front(), space.points().front()) << task.name;
    for (const SpacePoint& seed : seeds) {
      EXPECT_EQ(space.sketches()[seed.sketch]->broken_constraint(seed.decisions), "");
    }
  }
}

TEST(Facts, OfAConvolutionAndOfAPool) {
  const WorkloadFacts conv = workload_facts(conv_task(16, 6).func);
  ASSERT_EQ(conv.blocks.size(), 1u);
  const BlockFacts& block = conv.blocks[conv.anchor];
  EXPECT_TRUE(block.is_reduction);
  EXPECT_EQ(block.num_spatial, 5u);
  EXPECT_EQ(block.num_reduce(), 3u);
  EXPECT_EQ(block.extents, (std::vector<std::int64_t>{1, 2, 6, 6, 8, 16, 3, 3}));
  ASSERT_EQ(block.loads.size(), 2u);
  EXPECT_FALSE(block.loads[0].is_layout_free);
  EXPECT_TRUE(block.loads[1].is_layout_free);
  EXPECT_EQ(block.store.param, 2);
  const WorkloadFacts pool = workload_facts(pool_task().func);
  EXPECT_EQ(pool.blocks[pool.anchor].loads.size(), 1u);
  // The last axis of the image is what a vector moves along.
  EXPECT_TRUE(is_vector_access(pool.blocks[0].loads[0], pool.blocks[0].vars[4]));
  EXPECT_FALSE(is_vector_access(pool.blocks[0].loads[0], pool.blocks[0].vars[3]));
}

}  // namespace
}  // namespace tenon
