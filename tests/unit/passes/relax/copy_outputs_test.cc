#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

TEST(CopyOutputs, InputsConstantsAndRepeatsAreCopied) {
  Builder b;
  const Expr x = param("x", {2, 3});
  const Expr y = b.emit("exp", {x});
  const Expr flat = b.emit("reshape", {y, ShapeExpr{{tir::i64(6)}}});
  const Module before = main_module(b, {x}, Tuple{{x, y, y, flat, float_constant({2}, {1, 2}), x}});
  const Module after = copy_outputs(before);
  EXPECT_EQ(count_ops(after, "identity"), 5);
  EXPECT_EQ(difference(before, after), "");
}

TEST(CopyOutputs, AReshapedInputIsCopiedWhenItIsTheOnlyResult) {
  Builder b;
  const Expr x = param("x", {2, 3});
  const Module before = main_module(b, {x}, b.emit("reshape", {x, ShapeExpr{{tir::i64(6)}}}));
  const Module after = copy_outputs(before);
  EXPECT_EQ(count_ops(after, "identity"), 1);
  EXPECT_EQ(difference(before, after), "");
}

TEST(CopyOutputs, ComputedResultsStayAsTheyAre) {
  Builder b;
  const Expr x = param("x", {2, 3});
  const Expr y = b.emit("exp", {x});
  const Module before = main_module(b, {x}, Tuple{{y, b.emit("nn.relu", {y})}});
  EXPECT_EQ(bindings_of(copy_outputs(before)).size(), 2u);
}

}  // namespace
}  // namespace tenon::relax
