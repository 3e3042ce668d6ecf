#include "compiler/tir/visit.h"
#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

constexpr double kTolerance = 1e-5;

int num_kernels(const Module& module) {
  int count = 0;
  for (const auto& entry : module.functions) {
    count += std::holds_alternative<tir::PrimFunc>(entry.second);
  }
  return count;
}

TEST(LowerAndFuse, AGroupIsOneCall) {
  Builder b;
  const Expr x = param("x", {1, 2, 5, 5});
  Expr y = b.emit("nn.conv2d", {x, random_constant({4, 2, 3, 3}, 1)},
                  {{"padding", ints_attr({1, 1, 1, 1})}});
  y = b.emit("add", {y, random_constant({4, 1, 1}, 2)});
  y = b.emit("nn.relu", {y});
  const Module before = main_module(b, {x}, y);
  const Module after = lower_and_fuse(before);
  EXPECT_EQ(count_ops(after, "call_tir"), 1);
  ASSERT_TRUE(after.find_prim_func("fused_conv2d_add_relu"));
  EXPECT_TRUE(after.find_prim_func("fused_conv2d_add_relu")->attrs.count("layout_free_buffers"));
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(LowerAndFuse, EqualGroupsShareOneFunction) {
  Builder b;
  const Expr x = param("x", {4, 4});
  Expr y = x;
  for (std::uint64_t i = 0; i < 3; ++i) {
    y = b.emit("matmul", {y, random_constant({4, 4}, i)});
    y = b.emit("tanh", {y});
  }
  const Module before = main_module(b, {x}, y);
  const Module after = lower_and_fuse(before);
  EXPECT_EQ(count_ops(after, "call_tir"), 3);
  EXPECT_EQ(num_kernels(after), 1);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(LowerAndFuse, AWeightThatIsNotConstantIsNotLayoutFree) {
  Builder b;
  const Expr x = param("x", {4, 4}), w = param("w", {4, 4});
  const Module before = main_module(b, {x, w}, b.emit("matmul", {x, w}));
  const Module after = lower_and_fuse(before);
  EXPECT_FALSE(after.find_prim_func("matmul")->attrs.count("layout_free_buffers"));
  EXPECT_EQ(difference(before, after), "");
}

TEST(LowerAndFuse, ScalarsBecomeImmediatesAndTheSameTensorIsPassedOnce) {
  Builder b;
  const Expr x = param("x", {4});
  Expr y = b.emit("multiply", {x, float_constant({1}, {0.5})});
  y = b.emit("add", {b.emit("exp", {y}), x});
  const Module before = main_module(b, {x}, y);
  const Module after = lower_and_fuse(before);
  EXPECT_EQ(bindings_of(after)[0].value.get<Call>().args[1].get<Tuple>().values.size(), 1u);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

// A script of the function would list the access once, so its workload would be another one.
TEST(LowerAndFuse, ATensorThatIsPassedTwiceIsListedOnceAmongTheReads) {
  Builder b;
  const Expr x = param("x", {4});
  const Module before = main_module(b, {x}, b.emit("subtract", {x, x}));
  const Module after = lower_and_fuse(before);
  const tir::PrimFunc* func = after.find_prim_func("subtract");
  ASSERT_TRUE(func);
  std::size_t num_reads = 0;
  tir::walk(func->body, {.stmt = [&](const tir::Stmt& s) {
              const auto* block = s.as<tir::Block>();
              if (block && !block->iter_vars.empty()) num_reads = block->reads.size();
              return true;
            }});
  EXPECT_EQ(num_reads, 1u);
  EXPECT_EQ(difference(before, after), "");
}

TEST(LowerAndFuse, SeveralAnchorsPoolsAndMovesStayApart) {
  Builder b;
  const Expr x = param("x", {1, 4, 6, 6});
  Expr y = b.emit("nn.max_pool2d", {x},
                  {{"pool_size", ints_attr({3, 3})},
                   {"strides", ints_attr({2, 2})},
                   {"padding", ints_attr({1, 1, 1, 1})}});
  y = b.emit("permute_dims", {y}, {{"axes", ints_attr({0, 2, 3, 1})}});
  y = b.emit("nn.softmax", {y});
  y = b.emit("mean", {y}, {{"axis", ints_attr({1, 2})}});
  y = b.emit("nn.silu", {y});
  const Module before = main_module(b, {x}, y);
  const Module after = lower_and_fuse(before);
  EXPECT_EQ(count_ops(after, "call_tir"), 4);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(LowerAndFuse, SymbolicShapesKeepTheirSymbols) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n, tir::i64(4)});
  Expr y = b.emit("matmul", {x, random_constant({4, 3}, 1)});
  y = b.emit("reshape", {y, ShapeExpr{{n * tir::i64(3)}}});
  y = b.emit("nn.gelu", {y});
  const Module before = main_module(b, {x}, y);
  EXPECT_EQ(difference(before, lower_and_fuse(before), kTolerance), "");
}

// silu reads its argument twice: folded blindly, a chain of n would hold 2^n loads.
TEST(LowerAndFuse, ALongChainOfActivationsStaysSmall) {
  Builder b;
  const Expr x = param("x", {8});
  Expr y = x;
  for (int i = 0; i < 40; ++i) y = b.emit("nn.silu", {y});
  const Module before = main_module(b, {x}, y);
  const Module after = lower_and_fuse(before);
  EXPECT_EQ(count_ops(after, "call_tir"), 1);
  EXPECT_EQ(difference(before, after, kTolerance), "");
}

TEST(LowerAndFuse, ResultsThatNeedNoKernelHaveNone) {
  Builder b;
  const Expr x = param("x", {2, 3});
  const Expr y = b.emit("exp", {x});
  const Module before = main_module(b, {x}, b.emit("reshape", {y, ShapeExpr{{tir::i64(6)}}}));
  const Module after = lower_and_fuse(before);
  EXPECT_EQ(count_ops(after, "call_tir"), 1);
  EXPECT_EQ(count_ops(after, "reshape"), 1);
  EXPECT_EQ(difference(before, after), "");
}

}  // namespace
}  // namespace tenon::relax
