// The Relax interpreter: every construct, and every refusal with its words.
#include "compiler/relax/interpret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/relax/ops/list.h"
#include "compiler/tir/script/parser.h"
#include "tests/unit/relax/graph_fixture.h"

namespace tenon::relax {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Function function(std::vector<Expr> params, std::vector<BindingBlock> blocks, const Expr& body,
                  const Type& result) {
  Function func;
  func.params = std::move(params);
  func.body = SeqExpr{std::move(blocks), body};
  func.result = result;
  return func;
}

Value run(const Module& module, const std::vector<Value>& arguments) {
  return interpret(module, "main", arguments);
}

TEST(RelaxInterpret, OperatorsRunInOrderOfTheirBindings) {
  Builder b;
  const Expr x = param("x", {2, 2});
  const Expr sum = b.emit("add", {x, float_constant({2}, {10, 20})});
  const Module module = main_module(b, {x}, b.emit("nn.relu", {sum}));
  EXPECT_THAT(values_of(run(module, {floats({2, 2}, {1, 2, -30, 4})})), ElementsAre(11, 22, 0, 24));
}

TEST(RelaxInterpret, SymbolsTakeTheirSizesFromTheArguments) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n, tir::i64(2)});
  const Expr flat = b.emit("reshape", {x, ShapeExpr{{n * tir::i64(2)}}});
  const Module module = main_module(b, {x}, b.emit("sum", {flat}));
  EXPECT_THAT(values_of(run(module, {floats({3, 2}, {1, 2, 3, 4, 5, 6})})), ElementsAre(21));
  EXPECT_THAT(values_of(run(module, {floats({1, 2}, {1, 2})})), ElementsAre(3));
}

TEST(RelaxInterpret, ContradictorySizesNameBothInputs) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n}), y = symbolic("y", {tir::i64(2), n});
  const Module module = main_module(b, {x, y}, b.emit("add", {x, y}));
  EXPECT_EQ(refusal([&] { run(module, {floats({3}, {1, 2, 3}), floats({2, 1}, {1, 2})}); }),
            "symbol n is 3 by dimension 0 of input \"x\" of main, but 1 by dimension 1 of input "
            "\"y\" of main");
}

TEST(RelaxInterpret, DimensionsThatAreExpressionsAreChecked) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n + tir::i64(1)}), y = symbolic("y", {n});
  const Module module = main_module(b, {x, y}, b.emit("nn.relu", {x}));
  EXPECT_THAT(values_of(run(module, {floats({2}, {1, 2}), floats({1}, {0})})), ElementsAre(1, 2));
  EXPECT_EQ(refusal([&] { run(module, {floats({2}, {1, 2}), floats({2}, {0, 0})}); }),
            "dimension 0 of input \"x\" of main is 2; n + T.int64(1) = 3 is needed (n = 2 by "
            "dimension 0 of input \"y\" of main)");
}

TEST(RelaxInterpret, MultiplesOfASymbolAreSolved) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n * tir::i64(4)});
  const Module module = main_module(b, {x}, b.emit("reshape", {x, ShapeExpr{{n, tir::i64(4)}}}));
  EXPECT_EQ(describe(run(module, {floats({8}, {1, 2, 3, 4, 5, 6, 7, 8})})),
            "a tensor float32 (2, 4)");
  EXPECT_THAT(refusal([&] { run(module, {floats({3}, {1, 2, 3})}); }),
              HasSubstr("dimension 0 of input \"x\" of main is 3, but n * T.int64(4) needs a "
                        "multiple of 4"));
}

TEST(RelaxInterpret, FactsOfTheModuleHold) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n});
  Module module = main_module(b, {x}, b.emit("nn.relu", {x}));
  module.symbols.push_back({n, 2, 4, 2});
  EXPECT_EQ(refusal([&] { run(module, {floats({1}, {1})}); }),
            "n = 1 by dimension 0 of input \"x\" of main; at least 2 is needed");
  EXPECT_EQ(refusal([&] { run(module, {floats({3}, {1, 2, 3})}); }),
            "n = 3 by dimension 0 of input \"x\" of main; a multiple of 2 is needed");
  EXPECT_EQ(refusal([&] { run(module, {floats({6}, {1, 2, 3, 4, 5, 6})}); }),
            "n = 6 by dimension 0 of input \"x\" of main; at most 4 is allowed");
  EXPECT_EQ(refusal([&] { run(module, {floats({4}, {1, 2, 3, 4})}); }), "");
}

TEST(RelaxInterpret, ArgumentsAreCounted) {
  Builder b;
  const Expr x = param("x", {1});
  const Module module = main_module(b, {x}, x);
  EXPECT_EQ(refusal([&] { run(module, {}); }), "function main takes 1 arguments, found 0");
  EXPECT_EQ(refusal([&] { run(module, {floats({1, 1}, {1})}); }),
            "input \"x\" of main is a tensor float32 (1, 1); rank 1 is needed");
  EXPECT_EQ(refusal([&] { run(module, {made_up_tensor(kInt32, {1}, 0, 0)}); }),
            "input \"x\" of main is a tensor int32 (1); float32 is needed");
}

TEST(RelaxInterpret, MatchCastBindsAndChecks) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = make_var("x", TensorType{std::nullopt, 2, kFloat32});
  const Expr cast = b.match_cast(x, tensor_type({n, n}, kFloat32), "square");
  const Module module = main_module(b, {x}, b.emit("reshape", {cast, ShapeExpr{{n * n}}}));
  EXPECT_THAT(values_of(run(module, {floats({2, 2}, {1, 2, 3, 4})})), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(refusal([&] { run(module, {floats({2, 3}, {1, 2, 3, 4, 5, 6})}); }),
            "function main, binding square: symbol n is 2 by dimension 0 of match_cast square, but "
            "3 by dimension 1 of match_cast square");
  const Module narrow = [] {
    Builder c;
    const Expr y = make_var("x", TensorType{std::nullopt, -1, kFloat32});
    return main_module(c, {y}, c.match_cast(y, float_type({4}), "four"));
  }();
  EXPECT_EQ(refusal([&] { run(narrow, {floats({3}, {1, 2, 3})}); }),
            "function main, binding four: dimension 0 of match_cast four is 3; 4 is needed");
}

TEST(RelaxInterpret, IfRunsOneBranch) {
  const Expr x = param("x", {1}), c = param("c", {}, kBoolType);
  const auto branch = [&](std::string_view op) -> Expr {
    const Expr v = make_var("v", float_type({1}));
    return SeqExpr{{{false, {{v, make_call(op, {x}), {}}}}}, v};
  };
  const Expr r = make_var("r", float_type({1}));
  Module module;
  module.functions.emplace_back(
      "main", function({c, x}, {{false, {{r, If{c, branch("negative"), branch("square")}, {}}}}}, r,
                       float_type({1})));
  const auto flag = [](double value) { return scalar_constant(kBoolType, value).get<Constant>(); };
  EXPECT_THAT(values_of(run(module, {flag(1).data, floats({1}, {3})})), ElementsAre(-3));
  EXPECT_THAT(values_of(run(module, {flag(0).data, floats({1}, {3})})), ElementsAre(9));
  Module wrong;
  wrong.functions.emplace_back(
      "main", function({x}, {{false, {{r, If{x, branch("abs"), branch("square")}, {}}}}}, r,
                       float_type({1})));
  EXPECT_EQ(refusal([&] { run(wrong, {floats({1}, {3})}); }),
            "function main, binding r: the condition of an if is a tensor float32 (1); a bool "
            "tensor of one element is needed");
}

TEST(RelaxInterpret, TuplesAreBuiltAndTaken) {
  const Expr x = param("x", {1}), y = param("y", {2});
  const Expr both = make_var("both", type_of(Tuple{{x, y}}));
  const Expr second = make_var("second", float_type({2}));
  Module module;
  module.functions.emplace_back(
      "main",
      function({x, y}, {{true, {{both, Tuple{{x, y}}, {}}, {second, TupleGetItem{both, 1}, {}}}}},
               Tuple{{second, both}}, AnyType{}));
  EXPECT_THAT(values_of(run(module, {floats({1}, {1}), floats({2}, {2, 3})})),
              ElementsAre(2, 3, 1, 2, 3));
}

TEST(RelaxInterpret, OtherFunctionsAreCalledWithTheirOwnSymbols) {
  const Dim n = tir::make_var("n", kInt64), m = tir::make_var("m", kInt64);
  Builder inner;
  const Expr a = symbolic("a", {m});
  const Expr doubled = inner.emit("add", {a, a});
  Module module;
  module.functions.emplace_back("twice", inner.finish({a}, doubled));
  const Expr x = symbolic("x", {n}), y = param("y", {3});
  const Expr u = make_var("u", tensor_type({n}, kFloat32));
  const Expr v = make_var("v", float_type({3}));
  const auto call = [](const Expr& arg) -> Expr {
    return Call{nullptr, GlobalVar{"twice"}, {arg}, {}, {}};
  };
  module.functions.emplace_back(
      "main",
      function({x, y}, {{false, {{u, call(x), {}}, {v, call(y), {}}}}}, Tuple{{u, v}}, AnyType{}));
  EXPECT_THAT(values_of(run(module, {floats({2}, {1, 2}), floats({3}, {3, 4, 5})})),
              ElementsAre(2, 4, 6, 8, 10));
  module.functions[0].first = "twise";
  EXPECT_EQ(refusal([&] { run(module, {floats({2}, {1, 2}), floats({3}, {3, 4, 5})}); }),
            "function main, binding u: the module has no function \"twice\"\nhint: did you mean "
            "twise?");
}

TEST(RelaxInterpret, FunctionValuesSeeTheVariablesAroundThem) {
  const Expr x = param("x", {1}), a = param("a", {1});
  const Expr f = make_var("f", AnyType{});
  const Expr local = make_var("sum", float_type({1}));
  const Expr adder =
      function({a}, {{false, {{local, make_call("add", {a, x}), {}}}}}, local, float_type({1}));
  const Expr r = make_var("r", float_type({1}));
  Module module;
  module.functions.emplace_back(
      "main", function({x}, {{false, {{f, adder, {}}, {r, Call{nullptr, f, {x}, {}, {}}, {}}}}}, r,
                       float_type({1})));
  EXPECT_THAT(values_of(run(module, {floats({1}, {4})})), ElementsAre(8));
}

TEST(RelaxInterpret, EndlessRecursionIsRefused) {
  const Expr x = param("x", {1});
  const Expr r = make_var("r", float_type({1}));
  Module module;
  module.functions.emplace_back(
      "main", function({x}, {{false, {{r, Call{nullptr, GlobalVar{"main"}, {x}, {}, {}}, {}}}}}, r,
                       float_type({1})));
  EXPECT_EQ(refusal([&] { run(module, {floats({1}, {4})}); }),
            "function main: calls are nested deeper than 256");
}

constexpr const char* kShift = R"(
@T.prim_func(s_tir=True)
def shift(x: T.handle, y: T.handle, by: T.int64):
    n = T.int64()
    X = T.match_buffer(x, (n,), "float32")
    Y = T.match_buffer(y, (n,), "float32")
    with T.sblock("root"):
        for i in range(n - by):
            with T.sblock("Y"):
                vi = T.axis.spatial(n - by, i)
                Y[vi + by] = X[vi]
)";

TEST(RelaxInterpret, CallTirRunsTheModulesFunctionWithScalars) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n});
  const Expr y =
      b.emit(call_tir("shift", {x}, tensor_type({n}, kFloat32), {n - tir::i64(1)}), "shifted");
  Module module = main_module(b, {x}, y);
  module.functions.emplace_back("shift", tir::parse_prim_func(kShift));
  const std::vector<float> shifted = values_of(run(module, {floats({3}, {1, 2, 3})}));
  EXPECT_EQ(shifted[2], 1);
  EXPECT_TRUE(shifted[0] != shifted[0]) << "what nothing writes is NaN";
}

TEST(RelaxInterpret, WhatAKernelRefusesNamesTheBinding) {
  Builder b;
  const Expr x = param("x", {3});
  const Expr y = b.emit(call_tir("shift", {x}, float_type({4}), {tir::i64(1)}), "shifted");
  Module module = main_module(b, {x}, y);
  module.functions.emplace_back("shift", tir::parse_prim_func(kShift));
  EXPECT_EQ(refusal([&] { run(module, {floats({3}, {1, 2, 3})}); }),
            "function main, binding shifted: dimension 0 of buffer Y is 3, the tensor's is 4");
}

TEST(RelaxInterpret, AValueOfAnotherTypeThanDeclaredIsRefused) {
  const Expr x = param("x", {2});
  const Expr wrong = make_var("wrong", float_type({3}));
  Module module;
  module.functions.emplace_back(
      "main",
      function({x}, {{true, {{wrong, make_call("nn.relu", {x}), {}}}}}, wrong, float_type({3})));
  EXPECT_EQ(refusal([&] { run(module, {floats({2}, {1, 2})}); }),
            "function main, binding wrong: dimension 0 of its value is 2; 3 is needed");
}

TEST(RelaxInterpret, ExternalFunctionsAreRefusedByName) {
  const Expr x = param("x", {2});
  const Expr r = make_var("r", float_type({2}));
  Module module;
  module.functions.emplace_back(
      "main", function({x}, {{false, {{r, Call{nullptr, ExternFunc{"my.op"}, {x}, {}, {}}, {}}}}},
                       r, float_type({2})));
  EXPECT_EQ(refusal([&] { run(module, {floats({2}, {1, 2})}); }),
            "function main, binding r: external function \"my.op\" cannot be interpreted");
}

}  // namespace
}  // namespace tenon::relax
