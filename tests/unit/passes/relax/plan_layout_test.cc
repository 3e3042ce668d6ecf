#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

constexpr double kTolerance = 1e-5;
constexpr int kLanes = 8;

tir::AttrMap padded() { return {{"padding", ints_attr({1, 1, 1, 1})}}; }

Expr conv(Builder& b, const Expr& x, std::int64_t in, std::int64_t out, std::uint64_t seed) {
  return b.emit("nn.conv2d", {x, random_constant({out, in, 3, 3}, seed)}, padded());
}

// Conversions that are left after layouts that cancel are gone.
int conversions(const Module& planned) {
  return count_ops(remove_dead_code(simplify_algebra(planned)), "layout_transform");
}

std::string data_layout(const Module& module, std::string_view op,
                        const char* name = "data_layout") {
  for (const Binding& binding : bindings_of(module)) {
    const auto* call = binding.value.as<Call>();
    if (call && call->op->name == op) return attr_string(*call, name, "NCHW");
  }
  return "";
}

TEST(PlanLayout, AChainOfConvolutionsIsConvertedOnceAtEachEnd) {
  Builder b;
  const Expr x = param("x", {1, 16, 5, 5});
  Expr y = b.emit("nn.relu", {conv(b, x, 16, 16, 1)});
  y = conv(b, y, 16, 8, 2);
  const Module before = main_module(b, {x}, y);
  const Module after = plan_layout(before, kLanes);
  EXPECT_EQ(data_layout(after, "nn.conv2d"), "NCHW8c");
  EXPECT_EQ(conversions(after), 2);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(PlanLayout, TheFirstConvolutionReadsThePlainImage) {
  Builder b;
  const Expr x = param("x", {1, 3, 5, 5});
  const Module before = main_module(b, {x}, conv(b, x, 3, 8, 1));
  const Module after = plan_layout(before, kLanes);
  EXPECT_EQ(data_layout(after, "nn.conv2d"), "NCHW");
  EXPECT_EQ(data_layout(after, "nn.conv2d", "out_layout"), "NCHW8c");
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(PlanLayout, TheBlockIsTheLargestThatDividesTheChannels) {
  for (const auto& [channels, layout] : std::vector<std::pair<std::int64_t, std::string>>{
           {16, "NCHW8c"}, {12, "NCHW4c"}, {6, "NCHW"}, {4, "NCHW4c"}}) {
    Builder b;
    const Expr x = param("x", {1, 3, 4, 4});
    const Module before = main_module(b, {x}, conv(b, x, 3, channels, 1));
    const Module after = plan_layout(before, kLanes);
    EXPECT_EQ(data_layout(after, "nn.conv2d", "out_layout"), layout) << channels;
    EXPECT_EQ(difference(before, after, kTolerance), "") << channels;
  }
}

TEST(PlanLayout, PoolsActivationsAndBroadcastsStayBlocked) {
  Builder b;
  const Expr x = param("x", {2, 3, 6, 6});
  Expr y = conv(b, x, 3, 8, 1);
  y = b.emit("add", {y, random_constant({8, 1, 1}, 2)});
  y = b.emit("multiply", {y, float_constant({}, {0.5})});
  y = b.emit("maximum", {y, random_constant({1, 1, 6, 6}, 3)});
  y = b.emit("nn.max_pool2d", {y},
             {{"pool_size", ints_attr({2, 2})}, {"strides", ints_attr({2, 2})}});
  y = b.emit("nn.avg_pool2d", {y}, {{"pool_size", ints_attr({2, 2})}});
  y = b.emit("mean", {y}, {{"axis", ints_attr({2, 3})}});
  const Module before = main_module(b, {x}, y);
  const Module after = plan_layout(before, kLanes);
  EXPECT_EQ(data_layout(after, "nn.max_pool2d", "layout"), "NCHW8c");
  EXPECT_EQ(data_layout(after, "nn.avg_pool2d", "layout"), "NCHW8c");
  const Module folded = fold_constants(after, evaluate_by_interpreter);
  EXPECT_EQ(conversions(folded), 0);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(PlanLayout, ResidualsAndConcatsOfBlocksStayBlocked) {
  Builder b;
  const Expr x = param("x", {1, 8, 4, 4});
  const Expr u = conv(b, x, 8, 8, 1), v = conv(b, u, 8, 8, 2), w = conv(b, v, 8, 4, 3);
  const Expr sum = b.emit("add", {u, v});
  const Expr joined = b.emit("concat", {Tuple{{sum, w}}}, {{"axis", int_attr(1)}});
  const Module before = main_module(b, {x}, joined);
  const Module after = plan_layout(before, kLanes);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(PlanLayout, WhatKnowsNoBlocksGetsThePlainImageBack) {
  Builder b;
  const Expr x = param("x", {1, 8, 4, 4});
  const Expr y = conv(b, x, 8, 8, 1);
  const Expr flat = b.emit("flatten", {y});
  const Expr moved = b.emit("permute_dims", {y}, {{"axes", ints_attr({0, 2, 3, 1})}});
  const Expr soft = b.emit("nn.softmax", {y}, {{"axis", int_attr(1)}});
  const Expr channel_sum = b.emit("sum", {y}, {{"axis", ints_attr({1})}});
  const Module before = main_module(b, {x}, Tuple{{flat, moved, soft, channel_sum, y}});
  const Module after = plan_layout(before, kLanes);
  EXPECT_EQ(conversions(after), 2);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(PlanLayout, TrianglesAndChoicesOfImages) {
  Builder b;
  const Expr x = param("x", {1, 8, 4, 4});
  const Expr y = conv(b, x, 8, 8, 1);
  const Expr z = b.emit("where", {b.emit("less", {x, y}), x, y});
  const Module before = main_module(b, {x}, Tuple{{b.emit("lower_triangle", {y}), z}});
  EXPECT_EQ(difference(before, plan_layout(before, kLanes), kTolerance), "");
}

TEST(PlanLayout, DepthwiseAndGroupedConvolutions) {
  Builder b;
  const Expr x = param("x", {1, 8, 5, 5});
  Expr y = conv(b, x, 8, 8, 1);
  tir::AttrMap depthwise = padded();
  depthwise["groups"] = int_attr(8);
  y = b.emit("nn.conv2d", {y, random_constant({8, 1, 3, 3}, 2)}, depthwise);
  tir::AttrMap grouped = padded();
  grouped["groups"] = int_attr(2);
  const Expr z = b.emit("nn.conv2d", {y, random_constant({8, 4, 3, 3}, 3)}, grouped);
  const Module before = main_module(b, {x}, Tuple{{y, z}});
  EXPECT_EQ(difference(before, plan_layout(before, kLanes), kTolerance), "");
}

TEST(PlanLayout, BlocksOfDifferentSizesMeet) {
  Builder b;
  const Expr x = param("x", {1, 8, 4, 4});
  const Expr u = conv(b, x, 8, 8, 1), v = conv(b, u, 8, 12, 2);
  const Expr w = conv(b, v, 12, 8, 3);
  const Expr sum = b.emit("add", {w, u});
  const Module before = main_module(b, {x}, Tuple{{sum, v}});
  EXPECT_EQ(difference(before, plan_layout(before, kLanes), kTolerance), "");
}

TEST(PlanLayout, SymbolicBatchAndImageSize) {
  const Dim n = tir::make_var("n", kInt64), h = tir::make_var("h", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n, tir::i64(3), h, tir::i64(6)});
  Expr y = b.emit("nn.relu", {conv(b, x, 3, 8, 1)});
  y = conv(b, y, 8, 8, 2);
  const Module before = main_module(b, {x}, b.emit("mean", {y}, {{"axis", ints_attr({2, 3})}}));
  const Module after = plan_layout(before, kLanes);
  EXPECT_EQ(data_layout(after, "nn.conv2d", "out_layout"), "NCHW8c");
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

}  // namespace
}  // namespace tenon::relax
