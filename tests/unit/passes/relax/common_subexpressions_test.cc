#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

TEST(CommonSubexpressions, EqualCallsBecomeOne) {
  Builder b;
  const Expr x = param("x", {2, 3});
  const Expr first = b.emit("exp", {x}), second = b.emit("exp", {x});
  const Expr u = b.emit("nn.relu", {first}), v = b.emit("nn.relu", {second});
  const Module before = main_module(b, {x}, b.emit("add", {u, v}));
  const Module after = eliminate_common_subexpressions(before);
  EXPECT_EQ(count_ops(after, "exp"), 1);
  EXPECT_EQ(count_ops(after, "nn.relu"), 1);
  EXPECT_EQ(difference(before, after), "");
}

TEST(CommonSubexpressions, ConstantsAreComparedByTheirBytes) {
  Builder b;
  const Expr x = param("x", {2});
  const Expr u = b.emit("add", {x, float_constant({2}, {1, 2})});
  const Expr v = b.emit("add", {x, float_constant({2}, {1, 2})});
  const Expr w = b.emit("add", {x, float_constant({2}, {1, 3})});
  const Module before = main_module(b, {x}, Tuple{{u, v, w}});
  const Module after = eliminate_common_subexpressions(before);
  EXPECT_EQ(count_ops(after, "add"), 2);
  EXPECT_EQ(difference(before, after), "");
}

TEST(CommonSubexpressions, AttributesAndOrderOfArgumentsCount) {
  Builder b;
  const Expr x = param("x", {2, 2}), y = param("y", {2, 2});
  const Expr a = b.emit("sum", {x}, {{"axis", ints_attr({0})}});
  const Expr c = b.emit("sum", {x}, {{"axis", ints_attr({1})}});
  const Expr d = b.emit("subtract", {x, y}), e = b.emit("subtract", {y, x});
  const Module before = main_module(b, {x, y}, Tuple{{a, c, d, e}});
  const Module after = eliminate_common_subexpressions(before);
  EXPECT_EQ(count_ops(after, "sum"), 2);
  EXPECT_EQ(count_ops(after, "subtract"), 2);
  EXPECT_EQ(difference(before, after), "");
}

TEST(CommonSubexpressions, TuplesAndShapesAreLookedInto) {
  Builder b;
  const Expr x = param("x", {2, 2});
  const auto concat = [&](std::int64_t axis) {
    return b.emit("concat", {Tuple{{x, x}}}, {{"axis", int_attr(axis)}});
  };
  const auto flat = [&] { return b.emit("reshape", {x, ShapeExpr{{tir::i64(4)}}}); };
  const Expr p = concat(0), q = concat(0), r = concat(1), s = flat(), t = flat();
  const Module before = main_module(b, {x}, Tuple{{p, q, r, s, t}});
  const Module after = eliminate_common_subexpressions(before);
  EXPECT_EQ(count_ops(after, "concat"), 2);
  EXPECT_EQ(count_ops(after, "reshape"), 1);
  EXPECT_EQ(difference(before, after), "");
}

}  // namespace
}  // namespace tenon::relax
