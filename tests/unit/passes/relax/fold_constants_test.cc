#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

Module folded(const Module& module) { return fold_constants(module, evaluate_by_interpreter); }

TEST(FoldConstants, CallsOfConstantsAreEvaluated) {
  Builder b;
  const Expr x = param("x", {2});
  const Expr c = b.emit("add", {float_constant({2}, {1, 2}), float_constant({2}, {10, 20})});
  const Expr d = b.emit("multiply", {c, c});
  const Module before = main_module(b, {x}, b.emit("add", {x, d}));
  const Module after = folded(before);
  ASSERT_EQ(bindings_of(after).size(), 1u);
  const Expr& folded_leaf = bindings_of(after)[0].value.get<Call>().args[1];
  EXPECT_EQ(values_of(folded_leaf.get<Constant>().data), (std::vector<float>{121, 484}));
  EXPECT_EQ(difference(before, after), "");
}

TEST(FoldConstants, ReshapesShareTheBytes) {
  Builder b;
  const Expr c = float_constant({2, 2}, {1, 2, 3, 4});
  const Expr x = param("x", {4});
  const Expr flat = b.emit("reshape", {c, ShapeExpr{{tir::i64(4)}}});
  const Module before = main_module(b, {x}, b.emit("add", {x, flat}));
  const Module after = folded(before);
  ASSERT_EQ(bindings_of(after).size(), 1u);
  const auto& view = bindings_of(after)[0].value.get<Call>().args[1].get<Constant>().data;
  EXPECT_EQ(view->bytes, c.get<Constant>().data->bytes);
  EXPECT_EQ(view->shape, (std::vector<std::int64_t>{4}));
  EXPECT_EQ(difference(before, after), "");
}

TEST(FoldConstants, ConcatOfConstantsIsOneConstant) {
  Builder b;
  const Expr joined =
      b.emit("concat", {Tuple{{float_constant({1}, {1}), float_constant({2}, {2, 3})}}});
  const Expr x = param("x", {3});
  const Module before = main_module(b, {x}, b.emit("add", {x, joined}));
  EXPECT_EQ(count_ops(folded(before), "concat"), 0);
  EXPECT_EQ(difference(before, folded(before)), "");
}

TEST(FoldConstants, WhatDependsOnAnInputOrASymbolStays) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n});
  const Expr wide = b.emit("broadcast_to", {float_constant({1}, {2}), ShapeExpr{{n}}});
  const Module before = main_module(b, {x}, b.emit("add", {x, wide}));
  const Module after = folded(before);
  EXPECT_EQ(count_ops(after, "broadcast_to"), 1);
  EXPECT_EQ(count_ops(after, "add"), 1);
  EXPECT_EQ(difference(before, after), "");
}

TEST(FoldConstants, ItemsOfTuplesAreTheirFields) {
  const Expr x = param("x", {2}), y = param("y", {2});
  Builder b;
  const Expr second = b.emit(TupleGetItem{Tuple{{x, y}}, 1});
  const Module before = main_module(b, {x, y}, b.emit("negative", {second}));
  const Module after = folded(before);
  EXPECT_EQ(bindings_of(after).size(), 1u);
  EXPECT_EQ(difference(before, after), "");
}

}  // namespace
}  // namespace tenon::relax
