#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

constexpr double kTolerance = 1e-5;

Expr conv(Builder& b, const Expr& x, const Expr& weight, tir::AttrMap attrs = {}) {
  return b.emit("nn.conv2d", {x, weight}, std::move(attrs));
}

TEST(FoldScale, BatchNormalizationDisappearsIntoWeightAndBias) {
  Builder b;
  const Expr x = param("x", {2, 3, 5, 5});
  Expr y = conv(b, x, random_constant({4, 3, 3, 3}, 1));
  y = b.emit("subtract", {y, random_constant({1, 4, 1, 1}, 2)});
  y = b.emit("divide", {y, float_constant({4, 1, 1}, {1, 2, 0.5, 4})});
  y = b.emit("multiply", {y, random_constant({4, 1, 1}, 3)});
  y = b.emit("add", {y, random_constant({4, 1, 1}, 4)});
  const Module before = main_module(b, {x}, b.emit("nn.relu", {y}));
  const Module after = fold_scale(before);
  EXPECT_EQ(count_ops(after, "multiply") + count_ops(after, "divide"), 0);
  EXPECT_EQ(count_ops(after, "add") + count_ops(after, "subtract"), 1);
  EXPECT_EQ(count_ops(after, "nn.conv2d"), 1);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(FoldScale, ConstantsOnTheLeftOfWhatCommutesFoldToo) {
  Builder b;
  const Expr x = param("x", {1, 2, 4, 4});
  Expr y = conv(b, x, random_constant({2, 2, 1, 1}, 1));
  y = b.emit("multiply", {float_constant({}, {3}), y});
  y = b.emit("add", {float_constant({1, 2, 1, 1}, {1, 2}), y});
  const Module before = main_module(b, {x}, y);
  const Module after = fold_scale(before);
  EXPECT_EQ(count_ops(after, "multiply"), 0);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(FoldScale, DepthwiseWeightsAreScaledByTheirChannel) {
  Builder b;
  const Expr x = param("x", {1, 4, 5, 5});
  Expr y = conv(b, x, random_constant({4, 1, 3, 3}, 1), {{"groups", int_attr(4)}});
  y = b.emit("multiply", {y, random_constant({4, 1, 1}, 2)});
  const Module before = main_module(b, {x}, y);
  const Module after = fold_scale(before);
  EXPECT_EQ(count_ops(after, "multiply"), 0);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(FoldScale, AConvolutionThatIsAlsoUsedElsewhereStays) {
  Builder b;
  const Expr x = param("x", {1, 2, 4, 4});
  const Expr y = conv(b, x, random_constant({2, 2, 1, 1}, 1));
  const Expr scaled = b.emit("multiply", {y, random_constant({2, 1, 1}, 2)});
  const Module before = main_module(b, {x}, Tuple{{scaled, y}});
  const Module after = fold_scale(before);
  EXPECT_EQ(count_ops(after, "multiply"), 1);
  EXPECT_EQ(count_ops(after, "nn.conv2d"), 1);
  EXPECT_EQ(difference(before, after), "");
}

TEST(FoldScale, WhatIsNoValueAChannelStays) {
  Builder b;
  const Expr x = param("x", {1, 2, 4, 4});
  Expr y = conv(b, x, random_constant({2, 2, 1, 1}, 1));
  y = b.emit("multiply", {y, random_constant({4}, 2)});  // a value a column
  Expr z = conv(b, x, random_constant({2, 2, 1, 1}, 3));
  z = b.emit("subtract", {random_constant({2, 1, 1}, 4), z});  // does not commute
  Expr w = conv(b, x, random_constant({2, 2, 1, 1}, 5));
  w = b.emit("add", {w, random_constant({3, 1, 1, 1}, 6)});  // makes the result larger
  const Module before = main_module(b, {x}, Tuple{{y, z, w}});
  const Module after = fold_scale(before);
  EXPECT_EQ(bindings_of(after).size(), bindings_of(before).size());
  EXPECT_EQ(difference(before, after), "");
}

// A result in blocks has its channels on two axes, where the constant of one axis means another.
TEST(FoldScale, ABlockedResultStays) {
  Builder b;
  const Expr x = param("x", {1, 4, 4, 4});
  Expr y = conv(b, x, random_constant({4, 4, 1, 1}, 1), {{"out_layout", string_attr("NCHW4c")}});
  y = b.emit("multiply", {y, random_constant({1, 4, 1, 1}, 2)});
  const Module before = main_module(b, {x}, y);
  const Module after = fold_scale(before);
  EXPECT_EQ(count_ops(after, "multiply"), 1);
  EXPECT_EQ(difference(before, after), "");
}

}  // namespace
}  // namespace tenon::relax
