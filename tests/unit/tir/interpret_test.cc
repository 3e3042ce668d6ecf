#include "compiler/tir/interpret.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"

namespace tenon::tir {
namespace {

PrimFunc function(const std::string& signature, const std::string& body) {
  return parse_prim_func("@T.prim_func(s_tir=True)\ndef f(" + signature + "):\n" + body);
}

Tensor tensor(DataType type, std::vector<std::int64_t> shape, const std::vector<double>& values) {
  Tensor t = Tensor::zeros(type, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) t.set(static_cast<std::int64_t>(i), values[i]);
  return t;
}

std::vector<double> values_of(const Tensor& t) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < t.num_elements(); ++i) values.push_back(t.get(i));
  return values;
}

std::string error_of(const PrimFunc& f, std::vector<Tensor> tensors) {
  try {
    interpret(f, tensors);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

using Values = std::vector<double>;

TEST(Interpret, ReductionsStartFromTheirInit) {
  const PrimFunc f = function("A: T.Buffer((2, 3), \"float32\"), B: T.Buffer((2,), \"float32\")",
                              "    for i, k in T.grid(2, 3):\n"
                              "        with T.sblock(\"B\"):\n"
                              "            vi, vk = T.axis.remap(\"SR\", [i, k])\n"
                              "            with T.init():\n"
                              "                B[vi] = T.float32(10.0)\n"
                              "            B[vi] = B[vi] + A[vi, vk]\n");
  std::vector<Tensor> t{tensor(kFloat32, {2, 3}, {1, 2, 3, 4, 5, 6}),
                        tensor(kFloat32, {2}, {99, 99})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[1]), (Values{16, 25}));
}

TEST(Interpret, PredicatesSkipTheBlock) {
  const PrimFunc f = function("B: T.Buffer((5,), \"int32\")",
                              "    for i, j in T.grid(2, 3):\n"
                              "        with T.sblock(\"B\"):\n"
                              "            vi = T.axis.spatial(5, i * 3 + j)\n"
                              "            T.where(i * 3 + j < 5)\n"
                              "            B[vi] = vi * vi\n");
  std::vector<Tensor> t{Tensor::zeros(kInt32, {5})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[0]), (Values{0, 1, 4, 9, 16}));
}

TEST(Interpret, ABindingOutsideItsDomainIsAnError) {
  const PrimFunc f = function("B: T.Buffer((8,), \"int32\")",
                              "    for i in range(8):\n"
                              "        with T.sblock(\"B\"):\n"
                              "            vi = T.axis.spatial(5, i)\n"
                              "            B[vi] = 1\n");
  EXPECT_EQ(error_of(f, {Tensor::zeros(kInt32, {8})}), "block B: vi is 5, outside [0, 5)");
}

TEST(Interpret, AccessesOutsideABufferAreErrors) {
  const PrimFunc f = function("A: T.Buffer((4,), \"int32\"), B: T.Buffer((4, 4), \"int32\")",
                              "    for i in range(5):\n        B[2, i] = A[i - 1]\n");
  EXPECT_EQ(error_of(f, {Tensor::zeros(kInt32, {4}), Tensor::zeros(kInt32, {4, 4})}),
            "index -1 of dimension 0 of buffer A is outside [0, 4)");
}

TEST(Interpret, IfThenElseReadsOneSideOnly) {
  const PrimFunc f = function("A: T.Buffer((4,), \"int32\"), B: T.Buffer((6,), \"int32\")",
                              "    for i in range(6):\n"
                              "        B[i] = T.if_then_else(1 <= i and i < 5, A[i - 1], -1)\n");
  std::vector<Tensor> t{tensor(kInt32, {4}, {5, 6, 7, 8}), Tensor::zeros(kInt32, {6})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[1]), (Values{-1, 5, 6, 7, 8, -1}));
}

TEST(Interpret, SumsOfProductsRoundOnce) {
  const PrimFunc fused = function("A: T.Buffer((3,), \"float32\"), B: T.Buffer((3,), \"float32\")",
                                  "    B[0] = A[0] + A[1] * A[2]\n"
                                  "    B[1] = A[1] * A[2] + A[0]\n"
                                  "    t: T.let[T.float32] = A[1] * A[2]\n"
                                  "    B[2] = A[0] + t\n");
  const float x = 1.0F + std::ldexp(1.0F, -12), c = -1.0F;
  std::vector<Tensor> t{tensor(kFloat32, {3}, {c, x, x}), Tensor::zeros(kFloat32, {3})};
  interpret(fused, t);
  EXPECT_EQ(t[1].get(0), std::fmaf(x, x, c));
  EXPECT_EQ(t[1].get(1), std::fmaf(x, x, c));
  const volatile float product = x * x;
  EXPECT_EQ(t[1].get(2), product + c);
  EXPECT_NE(t[1].get(0), t[1].get(2));
}

TEST(Interpret, MaxAndMinGiveTheirSecondOperandForNaN) {
  const double nan = std::nan("");
  const PrimFunc f = function("A: T.Buffer((2,), \"float32\"), B: T.Buffer((4,), \"float32\")",
                              "    B[0] = T.max(A[0], A[1])\n    B[1] = T.max(A[1], A[0])\n"
                              "    B[2] = T.min(A[0], A[1])\n    B[3] = T.min(A[1], A[0])\n");
  std::vector<Tensor> t{tensor(kFloat32, {2}, {nan, 3}), Tensor::zeros(kFloat32, {4})};
  interpret(f, t);
  EXPECT_EQ(t[1].get(0), 3);
  EXPECT_TRUE(std::isnan(t[1].get(1)));
  EXPECT_EQ(t[1].get(2), 3);
  EXPECT_TRUE(std::isnan(t[1].get(3)));
}

TEST(Interpret, VectorsAndTheirStridesAndMasks) {
  const PrimFunc f =
      function("A: T.Buffer((8,), \"float32\"), B: T.Buffer((8,), \"float32\")",
               "    B[0:4] = A[T.Ramp(0, 2, 4)] * T.Broadcast(A[1], 4)\n"
               "    B[4:8] = T.Select(T.Ramp(0, 1, 4) < T.Broadcast(2, 4), A[T.Ramp(4, 1, 4)], "
               "T.Broadcast(T.float32(0.0), 4))\n");
  std::vector<Tensor> t{tensor(kFloat32, {8}, {0, 1, 2, 3, 4, 5, 6, 7}),
                        Tensor::zeros(kFloat32, {8})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[1]), (Values{0, 2, 4, 6, 4, 5, 0, 0}));
}

TEST(Interpret, MatchedRegionsAreViews) {
  const PrimFunc f = function("A: T.Buffer((4, 4), \"int32\")",
                              "    for i in range(2):\n"
                              "        with T.sblock(\"b\"):\n"
                              "            vi = T.axis.spatial(2, i)\n"
                              "            T.reads()\n"
                              "            T.writes(A[vi * 2:vi * 2 + 2, 1:3])\n"
                              "            V = T.match_buffer(A[vi * 2:vi * 2 + 2, 1:3], (2, 2), "
                              "\"int32\", strides=(\"s\", 1), "
                              "offset_factor=1)\n"
                              "            V[1, 0] = V.strides[0] * 100 + V.elem_offset\n");
  std::vector<Tensor> t{Tensor::zeros(kInt32, {4, 4})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[0]), (Values{0, 0, 0, 0, 0, 401, 0, 0, 0, 0, 0, 0, 0, 409, 0, 0}));
}

TEST(Interpret, SymbolsTakeTheirValuesFromTheTensors) {
  const PrimFunc f =
      function("A: T.Buffer((\"n * 2\",), \"int32\"), B: T.Buffer((\"n\",), \"int32\")",
               "    n = T.int32()\n    for i in range(n):\n        B[i] = A[i * 2] + n\n");
  std::vector<Tensor> t{tensor(kInt32, {6}, {1, 0, 2, 0, 3, 0}), Tensor::zeros(kInt32, {3})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[1]), (Values{4, 5, 6}));
  EXPECT_EQ(error_of(f, {Tensor::zeros(kInt32, {6}), Tensor::zeros(kInt32, {4})}),
            "dimension 0 of buffer B is 3, the tensor's is 4");
}

TEST(Interpret, ControlFlowAndScalars) {
  const PrimFunc f = function("B: T.Buffer((2,), \"int32\")",
                              "    i: T.int32 = 0\n"
                              "    while T.bool(True):\n"
                              "        if i >= 5:\n            T.break_loop()\n"
                              "        i = i + 1\n"
                              "        if i == 2:\n            T.continue_loop()\n"
                              "        B[0] = B[0] + i\n"
                              "    B[1] = i\n");
  std::vector<Tensor> t{Tensor::zeros(kInt32, {2})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[0]), (Values{13, 5}));
}

TEST(Interpret, FunctionsReturnAndCallEachOther) {
  const TirModule m = parse_module(
      "@I.ir_module\nclass Module:\n"
      "    @T.prim_func(private=True)\n    def triple(x: T.int32) -> T.int32:\n        return x * "
      "3\n"
      "    @T.prim_func\n    def main(A: T.Buffer((3,), \"int32\")):\n"
      "        for i in range(3):\n            A[i] = Module.triple(i)\n");
  Tensor a = Tensor::zeros(kInt32, {3});
  interpret(*m.find("main"), {&a}, &m);
  EXPECT_EQ(values_of(a), (Values{0, 3, 6}));
  EXPECT_EQ(interpret(*m.find("triple"), {std::int64_t{7}})->i, 21);
}

TEST(Interpret, IntegersWrapAndDivideAsTheirOperatorsSay) {
  const PrimFunc f =
      function("A: T.Buffer((2,), \"int8\"), B: T.Buffer((5,), \"int8\")",
               "    B[0] = A[0] + T.int8(100)\n    B[1] = A[1] // T.int8(2)\n"
               "    B[2] = A[1] % T.int8(4)\n    B[3] = T.truncdiv(A[1], T.int8(2))\n"
               "    B[4] = T.truncmod(A[1], T.int8(4))\n");
  std::vector<Tensor> t{tensor(kInt8, {2}, {100, -7}), Tensor::zeros(kInt8, {5})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[1]), (Values{-56, -4, 1, -3, -3}));
}

TEST(Interpret, DotProductIntrinsicsComputeTheirDescription) {
  const PrimFunc f = function(
      "A: T.Buffer((4,), \"uint8\"), B: T.Buffer((16, 4), \"int8\"), C: T.Buffer((16,), \"int32\")",
      "    C[0:16] = T.call_llvm_pure_intrin(\"int32x16\", \"llvm.x86.avx512.vpdpbusd.512\", "
      "C[T.Ramp(0, 1, 16)], "
      "T.Broadcast(T.reinterpret(\"int32\", A[T.Ramp(0, 1, 4)]), 16), T.reinterpret(\"int32x16\", "
      "B[0, T.Ramp(0, 1, 64)]))\n");
  const PrimFunc plain = function(
      "A: T.Buffer((4,), \"uint8\"), B: T.Buffer((16, 4), \"int8\"), C: T.Buffer((16,), \"int32\")",
      "    for i, k in T.grid(16, 4):\n"
      "        C[i] = C[i] + T.Cast(\"int32\", A[k]) * T.Cast(\"int32\", B[i, k])\n");
  EXPECT_EQ(difference_by_running(f, plain, 3, 0), "");
}

TEST(Interpret, PairSumsOfBytesSaturateAndOfWordsDoNot) {
  const PrimFunc f = function(
      "A: T.Buffer((4,), \"uint8\"), B: T.Buffer((4,), \"int8\"), C: T.Buffer((2,), \"int16\"), "
      "D: T.Buffer((1,), \"int32\")",
      "    C[0:2] = T.call_llvm_pure_intrin(\"int16x2\", \"llvm.x86.ssse3.pmaddubs.w\", "
      "A[T.Ramp(0, 1, 4)], B[T.Ramp(0, 1, 4)])\n"
      "    D[0] = T.call_llvm_pure_intrin(\"int32\", \"llvm.x86.sse2.pmaddw.d\", "
      "C[T.Ramp(0, 1, 2)], C[T.Ramp(0, 1, 2)])\n");
  std::vector<Tensor> t{tensor(kUInt8, {4}, {255, 255, 2, 3}),
                        tensor(kInt8, {4}, {127, 127, -4, 5}),
                        Tensor::zeros(parse_dtype("int16"), {2}), Tensor::zeros(kInt32, {1})};
  interpret(f, t);
  EXPECT_EQ(values_of(t[2]), (Values{32767, 7}));
  EXPECT_EQ(values_of(t[3]), (Values{32767.0 * 32767 + 49}));
}

TEST(Interpret, DifferencesAreFound) {
  const std::string signature = "A: T.Buffer((4,), \"float32\"), B: T.Buffer((4,), \"float32\")";
  const PrimFunc f =
      function(signature, "    for i in range(4):\n        B[i] = A[i] * T.float32(2.0)\n");
  const PrimFunc g = function(signature, "    for i in range(4):\n        B[i] = A[i] + A[i]\n");
  const PrimFunc h =
      function(signature, "    for i in range(3):\n        B[i] = A[i] * T.float32(2.0)\n");
  EXPECT_EQ(difference_by_running(f, g, 1, 0), "");
  EXPECT_TRUE(difference_by_running(f, h, 1, 0).starts_with("tensor 1, element 3: "));
}

TEST(Interpret, WhatOnlyADeviceCanRunIsRefused) {
  const PrimFunc f =
      function("A: T.Buffer((4,), \"float32\")", "    T.call_extern(\"int32\", \"f\", A.data)\n");
  EXPECT_TRUE(error_of(f, {Tensor::zeros(kFloat32, {4})})
                  .starts_with("the interpreter cannot run T.call_extern("));
}

}  // namespace
}  // namespace tenon::tir
