// What scripts cannot say: modules that only a program can get wrong.
#include "compiler/relax/verify.h"

#include <gtest/gtest.h>

#include "compiler/relax/builder.h"
#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

const Type kRow = tensor_type(std::vector<std::int64_t>{4}, kFloat32);

struct Parts {
  std::vector<Expr> params;
  std::vector<BindingBlock> blocks;
  Expr result;
};

Module module_of(Parts parts) {
  Function func;
  func.params = std::move(parts.params);
  func.result = type_of(parts.result);
  func.body = SeqExpr{std::move(parts.blocks), std::move(parts.result)};
  Module module;
  module.add("main", Expr(func));
  return module;
}

std::string fault(const Module& module) {
  try {
    verify(module);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

Binding exp_of(const Expr& variable, const Expr& x) {
  return {variable, make_call("exp", {x}), {}};
}

TEST(VerifyRelax, AcceptsWhatTheBuilderMakes) {
  Builder builder;
  const Expr x = make_var("x", kRow);
  const Expr y = builder.emit("exp", {x});
  const Expr z = builder.emit("add", {x, y});
  Module module;
  module.add("main", builder.finish({x}, Tuple{{y, z}}));
  EXPECT_EQ(fault(module), "");
}

TEST(VerifyRelax, UndefinedVariable) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow), z = make_var("z", kRow);
  EXPECT_EQ(fault(module_of({{x}, {{false, {exp_of(z, y)}}}, z})),
            "main: variable y is used, but nothing before defines it");
}

TEST(VerifyRelax, VariableBeforeItsDefinition) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow), z = make_var("z", kRow);
  EXPECT_EQ(fault(module_of({{x}, {{false, {exp_of(z, y), exp_of(y, x)}}}, z})),
            "main: variable y is used, but nothing before defines it");
}

TEST(VerifyRelax, DataflowVariableOutsideOfItsBlock) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow, true), z = make_var("z", kRow);
  EXPECT_EQ(fault(module_of({{x}, {{true, {exp_of(y, x)}}, {false, {exp_of(z, y)}}}, z})),
            "main: dataflow variable y is used outside of the block that defines it");
  EXPECT_EQ(fault(module_of({{x}, {{true, {exp_of(y, x)}}}, y})),
            "main: dataflow variable y is used outside of the block that defines it");
  EXPECT_EQ(fault(module_of({{x}, {{false, {exp_of(y, x)}}}, x})),
            "main: dataflow variable y is bound outside of a dataflow block");
}

TEST(VerifyRelax, VariableDefinedTwice) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow);
  EXPECT_EQ(fault(module_of({{x}, {{false, {exp_of(y, x), exp_of(y, x)}}}, y})),
            "main: variable y is defined twice");
  EXPECT_EQ(fault(module_of({{x, x}, {}, x})), "main: variable x is defined twice");
}

TEST(VerifyRelax, FunctionsOfOneName) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow);
  Module module = module_of({{x}, {}, x});
  module.functions.push_back(module_of({{y}, {}, y}).functions[0]);
  EXPECT_EQ(fault(module), "function main is defined twice");
}

TEST(VerifyRelax, NestedCall) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow);
  const Expr nested = make_call("exp", {make_call("exp", {x})});
  EXPECT_EQ(fault(module_of({{x}, {{false, {{y, nested, {}}}}}, y})),
            "main: argument 0 of the call that defines y is no leaf: bind it to a variable");
}

TEST(VerifyRelax, TypeAgainstInference) {
  const Expr x = make_var("x", kRow);
  const Expr y = make_var("y", tensor_type(std::vector<std::int64_t>{5}, kFloat32));
  EXPECT_EQ(fault(module_of({{x}, {{false, {exp_of(y, x)}}}, y})),
            "main: variable y has another type than it says: R.Tensor((5,), dtype=\"float32\") and "
            "R.Tensor((4,), dtype=\"float32\") differ in extents of axis 0");
}

TEST(VerifyRelax, WhatAnOperatorRefuses) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow);
  const Expr w = make_var("w", tensor_type(std::vector<std::int64_t>{3}, kFloat32));
  EXPECT_EQ(fault(module_of({{x, w}, {{false, {{y, make_call("add", {x, w}), {}}}}}, y})),
            "main: variable y: R.add: shapes (4) and (3) do not broadcast at axis 0: equal extents "
            "or 1 are needed");
}

TEST(VerifyRelax, CallOfUnknownFunction) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow);
  Call call;
  call.callee = GlobalVar{"mian"};
  call.args = {x};
  EXPECT_EQ(fault(module_of({{x}, {{false, {{y, call, {}}}}}, y})),
            "main: the module has no function mian; did you mean main?");
}

TEST(VerifyRelax, NumberOfArguments) {
  const Expr x = make_var("x", kRow), y = make_var("y", kRow);
  Call call;
  call.callee = GlobalVar{"main"};
  call.args = {x, x};
  EXPECT_EQ(fault(module_of({{x}, {{false, {{y, call, {}}}}}, y})),
            "main: main takes 1 arguments, got 2");
}

}  // namespace
}  // namespace tenon::relax
