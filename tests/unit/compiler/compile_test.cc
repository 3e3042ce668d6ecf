// Modules compiled to libraries, against the interpreter.
#include "compiler/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "compiler/tir/visit.h"
#include "tests/unit/compiler/compiled_model.h"

namespace tenon {
namespace {

using relax::Builder;
using relax::Dim;
using relax::Expr;
using relax::ints_attr;
using relax::main_module;
using relax::Module;
using relax::param;
using relax::random_constant;
using relax::ShapeExpr;
using relax::symbolic;
using relax::Tuple;
using relax::Value;
using testing::HasSubstr;

void expect_right(const Module& module, std::int64_t size = 3) {
  EXPECT_EQ(difference_when_compiled(module, CompiledModel(module), size), "");
}

TEST(Outputs, MayBeInputsConstantsAndRepeats) {
  Builder b;
  const Expr x = param("x", {2, 3});
  const Expr y = b.emit("exp", {x});
  const Expr flat = b.emit("reshape", {y, ShapeExpr{{tir::i64(6)}}});
  expect_right(main_module(b, {x}, Tuple{{x, y, random_constant({5}, 1), y, flat, x}}));
}

TEST(Outputs, MayBeNothingButTheInput) {
  Builder b;
  const Expr x = param("x", {2, 3});
  expect_right(main_module(b, {x}, x));
}

TEST(Outputs, MayBeAReshapedInputOfAnyType) {
  for (const DataType dtype : {kFloat32, kInt64, kInt32, kUInt8, kBoolType}) {
    Builder b;
    const Expr x = param("x", {2, 3}, dtype);
    expect_right(main_module(b, {x}, b.emit("flatten", {x}, {{"axis", relax::int_attr(0)}})));
  }
}

TEST(Outputs, MayBeAPartOfAnotherOutput) {
  Builder b;
  const Expr x = param("x", {1, 16});
  const Expr u = b.emit("exp", {x}), v = b.emit("abs", {x});
  const Expr flat = b.emit("reshape", {u, ShapeExpr{{tir::i64(1), tir::i64(16)}}});
  const Expr joined = b.emit("concat", {Tuple{{flat, v}}}, {{"axis", relax::int_attr(1)}});
  expect_right(main_module(b, {x}, Tuple{{u, joined}}));
}

// A kernel that writes a part may use aligned vectors: parts of odd sizes need a kernel.
TEST(Concat, OfPartsWithOddSizes) {
  Builder b;
  const Expr x = param("x", {1, 3, 5, 5});
  const Expr u = b.emit("exp", {x}), v = b.emit("abs", {x});
  const Expr joined = b.emit("concat", {Tuple{{u, v, u}}}, {{"axis", relax::int_attr(1)}});
  expect_right(main_module(b, {x}, b.emit("nn.relu", {joined})));
}

TEST(Concat, OfInputsThroughReshapes) {
  Builder b;
  const Expr x = param("x", {16}), y = param("y", {16});
  const auto row = [&](const Expr& e) {
    return b.emit("reshape", {e, ShapeExpr{{tir::i64(1), tir::i64(16)}}});
  };
  const Expr joined = b.emit("concat", {Tuple{{row(x), row(y)}}}, {{"axis", relax::int_attr(1)}});
  expect_right(main_module(b, {x, y}, joined));
}

Module perceptron(const Dim& batch) {
  Builder b;
  const Expr x = symbolic("x", {batch, tir::i64(12)});
  Expr y = b.emit("matmul", {x, random_constant({12, 8}, 1)});
  y = b.emit("nn.relu", {b.emit("add", {y, random_constant({8}, 2)})});
  y = b.emit("matmul", {y, random_constant({8, 4}, 3)});
  return main_module(b, {x}, b.emit("nn.softmax", {y}));
}

TEST(DynamicBatch, IsRightAtEverySize) {
  const Module module = perceptron(tir::make_var("n", kInt64));
  const CompiledModel model(module);
  for (const std::int64_t size : {1, 7, 16}) {
    EXPECT_EQ(difference_when_compiled(module, model, size), "") << size;
  }
}

// The kernel knows n only as n * 3.
TEST(DynamicBatch, MayStandInsideAProduct) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n, tir::i64(3)});
  const Expr flat = b.emit("reshape", {x, ShapeExpr{{n * tir::i64(3)}}});
  const Module module = main_module(b, {x}, b.emit("nn.silu", {flat}));
  const CompiledModel model(module);
  for (const std::int64_t size : {1, 7, 16}) {
    EXPECT_EQ(difference_when_compiled(module, model, size), "") << size;
  }
}

TEST(DynamicBatch, SeveralSymbolsKeepTheirPlaces) {
  const Dim n = tir::make_var("n", kInt64), m = tir::make_var("m", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n, m}), y = symbolic("y", {m, n});
  Expr z = b.emit("matmul", {x, y});
  z = b.emit("add", {z, b.emit("sum", {x}, {{"axis", ints_attr({1})}})});
  const Module module = main_module(b, {x, y}, b.emit("permute_dims", {z}));
  const CompiledModel model(module);
  EXPECT_EQ(difference_when_compiled(module, model, 3), "");
  EXPECT_EQ(difference_when_compiled(module, model, 8), "");
}

TEST(DynamicBatch, ContradictorySizesAreRefusedWithBothNamesAndSizes) {
  const Dim n = tir::make_var("n", kInt64);
  Builder b;
  const Expr x = symbolic("left", {n, tir::i64(2)}), y = symbolic("right", {tir::i64(2), n});
  const Module module = main_module(b, {x, y}, b.emit("matmul", {x, y}));
  const CompiledModel model(module);
  const auto tensor = [](std::vector<std::int64_t> shape) {
    return Value(relax::made_up_tensor(kFloat32, std::move(shape), 1, 1));
  };
  EXPECT_EQ(relax::refusal([&] { model.run({tensor({3, 2}), tensor({2, 3})}); }), "");
  EXPECT_EQ(relax::refusal([&] { model.run({tensor({3, 2}), tensor({2, 4})}); }),
            "input 'right', dimension 1: size 4, but input 'left', dimension 0 makes it 3");
}

TEST(Library, TwoThreadsWithTwoContextsGetTheSameBytes) {
  const Module module = perceptron(tir::make_var("n", kInt64));
  const CompiledModel model(module);
  const relax::Function& func = relax::main_of(module);
  const auto arguments = [&](std::int64_t size) {
    return relax::made_up_arguments(func, relax::small_sizes(module, func, size), 1);
  };
  const auto bytes = [](const Value& value) {
    const relax::TensorRef tensor = relax::tensors_of(value)[0];
    return std::string(reinterpret_cast<const char*>(tensor->bytes), tensor->size_bytes);
  };
  // Different sizes need different arenas.
  const std::vector<Value> few = arguments(5), many = arguments(64);
  const std::string expected_few = bytes(model.run(few)), expected_many = bytes(model.run(many));
  std::atomic<int> num_wrong = 0;
  const auto repeat = [&](const std::vector<Value>& inputs, const std::string& expected) {
    for (int i = 0; i < 200; ++i) num_wrong += bytes(model.run(inputs)) != expected;
  };
  std::thread other(repeat, few, expected_few);
  repeat(many, expected_many);
  other.join();
  EXPECT_EQ(num_wrong, 0);
}

TEST(Library, SameModuleAndSchedulesGiveTheSameBytes) {
  const auto build = [] {
    return CompiledModel(perceptron(tir::make_var("n", kInt64))).result().library;
  };
  const std::string first = build();
  // Other allocations in between: nothing may depend on addresses.
  std::vector<Expr> noise;
  for (int i = 0; i < 1000; ++i) noise.push_back(param("x", {i}));
  EXPECT_EQ(first, build());
}

// A schedule that marks the copy of its weight as work on constants.
TEST(Constants, MarkedWorkIsDoneOnceAndTheKernelReadsItsResult) {
  const Schedules marking = [](const std::string&, const tir::PrimFunc& func) {
    std::string block;
    tir::walk(func.body, {.stmt = [&](const tir::Stmt& s) {
                const auto* n = s.as<tir::Block>();
                if (n && n->init) block = n->name;
                return true;
              }});
    return ScheduleChoice{parse_trace(R"([[["GetSBlock",[],[")" + block +
                                      R"(","main"],["b0"]],)"
                                      R"(["CacheRead",["b0",[]],[1,"global"],["b1"]],)"
                                      R"(["Annotate",["b1",1],["constant"],[]]],[]])"),
                          "marked"};
  };
  Builder b;
  const Expr x = param("x", {4, 6});
  const Expr weight = random_constant({6, 8}, 1);
  const Expr y = b.emit("matmul", {x, weight});
  const Module module = main_module(b, {x}, b.emit("matmul", {y, random_constant({8, 8}, 2)}));
  const CompiledModel model(module, marking);
  EXPECT_EQ(difference_when_compiled(module, model), "");
  // Two copies of 6*8 and 8*8 floats, and no workspace for them at run time.
  EXPECT_EQ(model.result().kernels.size(), 2u);
  Builder c;
  const Expr u = param("u", {4, 6}), w = param("w", {6, 8});
  const Module no_constant = main_module(c, {u, w}, c.emit("matmul", {u, w}));
  EXPECT_THAT(relax::refusal([&] { CompiledModel(no_constant, marking); }),
              HasSubstr("is marked constant, but reads"));
}

}  // namespace
}  // namespace tenon
