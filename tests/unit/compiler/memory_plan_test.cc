// The plan's verifier finds every way in which a plan can be wrong.
#include "compiler/compile/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/passes/relax/passes.h"
#include "compiler/support/error.h"
#include "tests/unit/relax/graph_fixture.h"

namespace tenon {
namespace {

using relax::Builder;
using relax::Expr;
using relax::param;
using testing::HasSubstr;

// Six intermediates whose lives overlap in part.
class MemoryPlanTest : public testing::Test {
 protected:
  MemoryPlanTest() {
    Builder b;
    const Expr x = param("x", {4, 8});
    const Expr e = b.emit("exp", {x}, {}, "e"), a = b.emit("abs", {x}, {}, "a");
    const Expr t = b.emit("permute_dims", {e}, {}, "t"), u = b.emit("permute_dims", {a}, {}, "u");
    const Expr s = b.emit("matmul", {t, a}, {}, "s");
    const Expr v = b.emit("permute_dims", {s}, {}, "v");
    const Expr y = b.emit("matmul", {v, u}, {}, "y");
    module_ = relax::lower_and_fuse(relax::main_module(b, {x}, y));
    plan_ = plan_memory(func());
  }

  const relax::Function& func() const { return relax::main_of(module_); }
  // The planned result with that name.
  Expr tensor(const std::string& name) const {
    for (const PlannedCall& call : plan_.calls) {
      if (relax::var(call.result).name == name) return call.result;
    }
    ADD_FAILURE() << "no tensor " << name;
    return {};
  }
  Place& place(const std::string& name) { return plan_.places.at(tensor(name)); }
  std::string fault() const {
    try {
      verify_plan(func(), plan_);
    } catch (const Bug& bug) {
      return bug.what();
    }
    return "";
  }

  relax::Module module_;
  MemoryPlan plan_;
};

TEST_F(MemoryPlanTest, APlanIsRight) {
  EXPECT_EQ(fault(), "");
  EXPECT_EQ(*tir::as_int(plan_.arena_bytes) % 64, 0);
  EXPECT_LT(*tir::as_int(plan_.arena_bytes), 4 * 128 + 2 * 256) << "lives that end share bytes";
}

TEST_F(MemoryPlanTest, OverlapIsFound) {
  place("a").offset = place("t").offset;
  EXPECT_THAT(fault(), HasSubstr("overwritten"));
}

TEST_F(MemoryPlanTest, PartialOverlapIsFound) {
  // One cache line into its neighbour.
  place("a").offset = place("e").offset + tir::i64(64);
  EXPECT_NE(fault(), "");
}

TEST_F(MemoryPlanTest, AKernelThatWritesWhatItReadsIsFound) {
  place("t").offset = place("e").offset;
  EXPECT_THAT(fault(), HasSubstr("reads e where it writes its result"));
}

TEST_F(MemoryPlanTest, MisalignmentIsFound) {
  place("a").offset = place("a").offset + tir::i64(4);
  EXPECT_THAT(fault(), HasSubstr("not aligned"));
}

TEST_F(MemoryPlanTest, APlaceBehindTheArenaIsFound) {
  place("a").offset = plan_.arena_bytes;
  EXPECT_THAT(fault(), HasSubstr("behind its memory"));
}

TEST_F(MemoryPlanTest, ANegativeOffsetIsFound) {
  place("a").offset = tir::i64(-64);
  EXPECT_NE(fault(), "");
}

TEST_F(MemoryPlanTest, AnArenaThatIsTooSmallIsFound) {
  plan_.arena_bytes = tir::i64(*tir::as_int(plan_.arena_bytes) - 64);
  EXPECT_THAT(fault(), HasSubstr("behind its memory"));
}

TEST_F(MemoryPlanTest, AnOutputElsewhereIsFound) {
  place("y") = place("t");
  EXPECT_NE(fault(), "");
}

TEST_F(MemoryPlanTest, WritingAnInputIsFound) {
  place("a") = {PlaceKind::kInput, 0, tir::i64(0)};
  EXPECT_THAT(fault(), HasSubstr("writes to an input or a constant"));
}

TEST_F(MemoryPlanTest, AnIntermediateInTheOutputIsFound) {
  // The last kernel reads it while it writes the output.
  place("u") = {PlaceKind::kOutput, 0, tir::i64(0)};
  EXPECT_THAT(fault(), HasSubstr("reads u where it writes its result"));
}

TEST_F(MemoryPlanTest, AMissingCallIsFound) {
  plan_.calls.erase(plan_.calls.begin());
  EXPECT_THAT(fault(), HasSubstr("is not the function's call"));
}

TEST_F(MemoryPlanTest, AMissingLastCallIsFound) {
  plan_.calls.pop_back();
  EXPECT_THAT(fault(), HasSubstr("is not planned"));
}

TEST_F(MemoryPlanTest, CallsInAnotherOrderAreFound) {
  std::swap(plan_.calls.front(), plan_.calls.back());
  EXPECT_THAT(fault(), HasSubstr("is not the function's call"));
}

TEST_F(MemoryPlanTest, AnotherArgumentIsFound) {
  plan_.calls.back().args[0] = plan_.calls.front().result;
  EXPECT_THAT(fault(), HasSubstr("is not the function's call"));
}

TEST_F(MemoryPlanTest, ATensorWithoutPlaceIsFound) {
  plan_.places.erase(tensor("a"));
  EXPECT_THAT(fault(), HasSubstr("a tensor has no place"));
}

TEST(MemoryPlanOfSymbols, IsRightAndMutationsAreFound) {
  const relax::Dim n = tir::make_var("n", kInt64), m = tir::make_var("m", kInt64);
  Builder b;
  const Expr x = relax::symbolic("x", {n, tir::i64(3)}), z = relax::symbolic("z", {m});
  const Expr e = b.emit("exp", {x}), w = b.emit("exp", {z});
  const Expr t = b.emit("permute_dims", {e}), s = b.emit("sum", {w});
  const Expr y = b.emit("add", {b.emit("matmul", {t, e}), s});
  const relax::Module module = relax::lower_and_fuse(relax::main_module(b, {x, z}, y));
  const relax::Function& func = relax::main_of(module);
  const MemoryPlan plan = plan_memory(func);
  EXPECT_NO_THROW(verify_plan(func, plan));
  int mutations = 0, found = 0;
  for (const auto& [tensor, place] : plan.places) {
    if (place.kind != PlaceKind::kArena) continue;
    for (const tir::Expr& offset :
         {tir::Expr(place.offset + tir::i64(4)), tir::Expr(place.offset + plan.arena_bytes),
          tir::Expr(n * tir::i64(64))}) {
      MemoryPlan mutated = plan;
      mutated.places[tensor].offset = offset;
      ++mutations;
      try {
        verify_plan(func, mutated);
      } catch (const Bug&) {
        ++found;
      }
    }
  }
  EXPECT_GE(mutations, 9);
  EXPECT_GE(found, mutations * 2 / 3) << "misaligned and outside are always found";
}

TEST(MemoryPlanRefusals, SayWhichTensorCannotBePlaced) {
  Builder b;
  const Expr x = param("x", {4});
  const Expr cast = b.match_cast(x, relax::float_type({4}), "checked");
  const relax::Module check = relax::lower_and_fuse(relax::main_module(b, {x}, cast));
  EXPECT_THAT(relax::refusal([&] { plan_memory(relax::main_of(check)); }),
              HasSubstr("tensor checked: a run-time shape check"));
  Builder c;
  const Expr y = c.emit("exp", {x});
  const relax::Module graph = relax::main_module(c, {x}, y);
  EXPECT_THAT(relax::refusal([&] { plan_memory(relax::main_of(graph)); }),
              HasSubstr("tensor exp: operator R.exp has no kernel"));
  Builder d;
  const relax::Module input = relax::main_module(d, {x}, x);
  EXPECT_THAT(relax::refusal([&] { plan_memory(relax::main_of(input)); }),
              HasSubstr("output 0 has no bytes of its own"));
}

// A bound variable may be another name of a tensor.
TEST(MemoryPlanAliases, ShareTheBytes) {
  const Expr x = param("x", {4});
  Builder b;
  const Expr y = b.emit("exp", {x});
  const relax::Module module = relax::lower_and_fuse(relax::main_module(b, {x}, y));
  std::vector<relax::Binding> bindings = relax::bindings_of(module);
  const Expr alias = relax::make_var("alias", relax::float_type({4}), true);
  bindings.push_back({alias, bindings.back().var, {}});
  const Expr named = relax::with_bindings(relax::main_of(module), bindings, alias);
  const auto& func = named.get<relax::Function>();
  const MemoryPlan plan = plan_memory(func);
  EXPECT_NO_THROW(verify_plan(func, plan));
  EXPECT_EQ(plan.places.at(func.body.get<relax::SeqExpr>().body).kind, PlaceKind::kOutput);
}

}  // namespace
}  // namespace tenon
