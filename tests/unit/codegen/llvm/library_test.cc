// Whole libraries: symbols, refusals by number, constants, several kernels, workers.
#include "compiler/codegen/llvm/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "compiler/runtime/model_session.h"
#include "compiler/runtime/thread_team.h"
#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

using namespace tir;

constexpr const char* kScale = R"(
@T.prim_func(s_tir=True)
def scale(x: T.handle, y: T.handle):
    n = T.int64()
    X = T.match_buffer(x, (n, 12), "float32")
    Y = T.match_buffer(y, (n, 12), "float32")
    with T.sblock("root"):
        for i in T.parallel(n):
            for j in T.vectorized(12):
                with T.sblock("Y"):
                    vi, vj = T.axis.remap("SS", [i, j])
                    Y[vi, vj] = X[vi, vj] * T.float32(2.0) + T.float32(1.0)
)";

NdArray filled(std::vector<std::int64_t> shape, float start) {
  NdArray array = NdArray::zeros(kDlFloat32, std::move(shape));
  for (float& x : array.as<float>()) x = start++;
  return array;
}

TEST(SymbolicLibrary, RunsAtAnySizeWithAnyWorkers) {
  const KernelRunner runner(parse_prim_func(kScale), parse_target("native"));
  const TenonModelV1& model = runner.library().model();
  ASSERT_EQ(model.num_symbols, 1);
  EXPECT_STREQ(model.symbols[0].name, "n");
  for (const std::int64_t n : {1, 7, 64}) {
    for (const int workers : {1, 3}) {
      std::vector<NdArray> tensors;
      tensors.push_back(filled({n, 12}, 1));
      tensors.push_back(filled({n, 12}, 0));
      runner.run(tensors, workers);
      for (std::int64_t i = 0; i < n * 12; ++i) {
        const std::size_t at = static_cast<std::size_t>(i);
        ASSERT_EQ(tensors[1].as<float>()[at], tensors[0].as<float>()[at] * 2 + 1) << i;
      }
    }
  }
}

TEST(SymbolicLibrary, RefusesWhatDoesNotFit) {
  const KernelRunner runner(parse_prim_func(kScale), parse_target("native"));
  ModelSession session(runner.library(), nullptr);
  const auto code = [&](NdArray input, NdArray output) {
    const DLTensor* in = input.view();
    DLTensor* out = output.view();
    return session.run(&in, &out);
  };
  EXPECT_EQ(code(filled({3, 12}, 0), filled({3, 12}, 0)), TENON_OK);
  EXPECT_EQ(code(filled({36}, 0), filled({3, 12}, 0)), TENON_ERROR_RANK);
  EXPECT_EQ(code(filled({3, 11}, 0), filled({3, 12}, 0)), TENON_ERROR_SHAPE);
  EXPECT_EQ(session.context().error.axis, 1);
  EXPECT_EQ(session.context().error.expected, 12);
  EXPECT_EQ(session.context().error.found, 11);
  EXPECT_EQ(code(filled({3, 12}, 0), filled({4, 12}, 0)), TENON_ERROR_SHAPE);
  EXPECT_EQ(session.context().error.tensor, TENON_OUTPUT_BASE);
  EXPECT_EQ(session.context().error.expected, 3);
  EXPECT_EQ(code(filled({0, 12}, 0), filled({0, 12}, 0)), TENON_ERROR_SYMBOL);
  EXPECT_EQ(code(NdArray::zeros(kDlFloat64, {3, 12}), filled({3, 12}, 0)), TENON_ERROR_DTYPE);
  NdArray strided = filled({3, 12}, 0);
  std::int64_t strides[] = {1, 3};
  strided.view()->strides = strides;
  EXPECT_EQ(code(std::move(strided), filled({3, 12}, 0)), TENON_ERROR_STRIDES);
}

// y = relu(x) * w through an intermediate in the arena.
LibrarySpec two_kernels(const Target& target, const std::vector<ConstantBytes>& constants) {
  const PrimFunc relu = parse_prim_func(R"(
@T.prim_func(s_tir=True)
def relu(X: T.Buffer((16,), "float32"), Y: T.Buffer((16,), "float32")):
    with T.sblock("root"):
        for i in range(16):
            with T.sblock("Y"):
                vi = T.axis.spatial(16, i)
                Y[vi] = T.max(X[vi], T.float32(0.0))
)");
  const PrimFunc multiply = parse_prim_func(R"(
@T.prim_func(s_tir=True)
def multiply(X: T.Buffer((16,), "float32"), W: T.Buffer((16,), "float32"),
             Y: T.Buffer((16,), "float32")):
    with T.sblock("root"):
        for i in range(16):
            with T.sblock("Y"):
                vi = T.axis.spatial(16, i)
                Y[vi] = X[vi] * W[vi]
)");
  LibrarySpec spec;
  spec.name = "two";
  spec.target = target;
  spec.inputs = {{"x", kFloat32, {i64(16)}, 0, 64}};
  spec.outputs = {{"y", kFloat32, {i64(16)}, 0, 64}};
  spec.kernels = {{lower("relu", relu, target), "", 16, 128},
                  {lower("multiply", multiply, target), "", 16, 192}};
  const Expr x = make_pointer("x", kFloat32, "global"), y = make_pointer("y", kFloat32, "global");
  const Buffer weights = make_buffer({.name = "constants", .dtype = kUInt8, .shape = {i64(128)}});
  const Buffer arena = make_buffer({.name = "arena", .dtype = kUInt8, .shape = {i64(64)}});
  spec.host.func.params = {
      {x, {}}, {y, {}}, {node(weights).data, weights}, {node(arena).data, arena}};
  const auto at = [](const Buffer& buffer, std::int64_t offset) {
    return call(Intrinsic::kAddressOf, kHandleType, {load(buffer, {i64(offset)})});
  };
  const auto run = [](std::vector<Expr> args) -> Stmt {
    return Evaluate{call(Intrinsic::kCallExtern, kInt32, std::move(args))};
  };
  spec.host.func.body = seq({run({string_imm("relu"), x, at(arena, 0)}),
                             run({string_imm("multiply"), at(arena, 0),
                                  at(weights, constant_offsets(constants)[1]), y})});
  spec.host.arena_bytes = i64(64);
  spec.constants = constants;
  return spec;
}

TEST(ModelLibrary, CallsKernelsWithArenaAndConstants) {
  std::vector<float> weights(16);
  for (int i = 0; i < 16; ++i) weights[static_cast<std::size_t>(i)] = static_cast<float>(i + 1);
  const std::vector<ConstantBytes> constants = {
      "seven b", {reinterpret_cast<const char*>(weights.data()), 64}};
  const LibrarySpec spec = two_kernels(parse_target("native"), constants);
  const std::string path = std::string(TENON_BINARY_DIR) + "/two_kernels.so";
  build_library(spec, path);
  const Library library = Library::load(path);
  EXPECT_STREQ(library.model().kernels[1].name, "multiply");
  ModelSession session(library, nullptr);
  session.enable_profile();
  std::vector<NdArray> inputs, outputs;
  inputs.push_back(filled({16}, -4));
  outputs.push_back(filled({16}, 0));
  session.run(inputs, outputs);
  for (std::size_t i = 0; i < 16; ++i) {
    const float x = inputs[0].as<float>()[i];
    EXPECT_EQ(outputs[0].as<float>()[i], (x > 0 ? x : 0) * weights[i]);
  }
  EXPECT_GT(session.kernel_ns()[0] + session.kernel_ns()[1], 0);
}

TEST(ModelLibrary, SameInputGivesSameBytes) {
  const std::vector<ConstantBytes> constants = {"a", std::string_view("0123456789abcdef", 16)};
  const Target target = parse_target("llvm -mcpu=znver3");
  EXPECT_EQ(build_library(two_kernels(target, constants)),
            build_library(two_kernels(target, constants)));
}

TEST(ModelLibrary, IsBuiltForAnotherArchitecture) {
  const std::vector<ConstantBytes> constants = {"a", "b"};
  const Target target = parse_target("llvm -mcpu=neoverse-n1");
  const std::string arm = build_library(two_kernels(target, constants));
  constexpr unsigned char kMachineAArch64 = 0xb7;
  ASSERT_GT(arm.size(), 20u);
  EXPECT_EQ(static_cast<unsigned char>(arm[18]), kMachineAArch64);
}

// What the workspace parameter points to is written through other buffers.
TEST(Kernel, ReadsBackWhatItWroteToTheWorkspace) {
  const PrimFunc func = parse_prim_func(R"(
@T.prim_func(s_tir=True)
def main(X: T.Buffer((8,), "float32"), Y: T.Buffer((8,), "float32")):
    with T.sblock("root"):
        P = T.sblock_alloc_buffer((8,))
        for i in range(8):
            with T.sblock("P"):
                vi = T.axis.spatial(8, i)
                P[vi] = X[vi] + T.float32(1.0)
        for i in range(8):
            with T.sblock("Y"):
                vi = T.axis.spatial(8, i)
                Y[vi] = P[7 - vi]
)");
  const Target target = parse_target("native");
  EXPECT_EQ(difference_when_compiled(func, target, 0), "");
  const std::string ir = emit_llvm_ir({lower("main", func, target)}, target);
  EXPECT_THAT(ir, testing::HasSubstr("ptr noalias %2"));
}

// The order of symbols is that of the text, wherever their nodes lie in memory.
TEST(SymbolicLibrary, NumbersSymbolsInTheOrderOfTheText) {
  const PrimFunc func = parse_prim_func(R"(
@T.prim_func(s_tir=True)
def main(x: T.handle, y: T.handle):
    f = T.int64()
    e = T.int64()
    d = T.int64()
    c = T.int64()
    b = T.int64()
    a = T.int64()
    X = T.match_buffer(x, (a + b * c, d + e * f), "float32")
    Y = T.match_buffer(y, (f, a), "float32")
    with T.sblock("root"):
        for i, j in T.grid(f, a):
            with T.sblock("Y"):
                vi, vj = T.axis.remap("SS", [i, j])
                Y[vi, vj] = X[0, 0]
)");
  const Target target = parse_target("native");
  const LoweredKernel kernel = lower("main", func, target);
  std::string lowered, library;
  for (const Expr& symbol : kernel.symbols) lowered += var(symbol).name;
  for (const SymbolSpec& symbol : candidate_library(func, kernel, target).symbols) {
    library += var(symbol.var).name;
  }
  EXPECT_EQ(lowered, "abcdef");
  EXPECT_EQ(library, "abcdef");
}

TEST(ModelLibrary, UnknownKernelIsRefusedByName) {
  const std::vector<ConstantBytes> constants = {"a", "b"};
  LibrarySpec spec = two_kernels(parse_target("native"), constants);
  spec.kernels.pop_back();
  try {
    build_library(spec);
    FAIL() << "built";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "llvm: call of \"multiply\", which is no kernel of this library");
  }
}

}  // namespace
}  // namespace tenon
