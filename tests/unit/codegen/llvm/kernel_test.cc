// Kernels from script to machine code and back: right numbers for every kind of statement.
#include <gtest/gtest.h>

#include <cmath>

#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

using tir::parse_prim_func;
using tir::PrimFunc;

std::string difference(const std::string& script, double tolerance = 1e-6) {
  return difference_when_compiled(parse_prim_func(script), parse_target("native"), tolerance);
}

TEST(Kernel, MatmulWithRelu) {
  EXPECT_EQ(difference(R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer((20, 30), "float32"),
         B: T.Buffer((30, 17), "float32"),
         D: T.Buffer((20, 17), "float32")):
    with T.sblock("root"):
        C = T.sblock_alloc_buffer((20, 17))
        for i, j, k in T.grid(20, 17, 30):
            with T.sblock("C"):
                vi, vj, vk = T.axis.remap("SSR", [i, j, k])
                with T.init():
                    C[vi, vj] = T.float32(0.0)
                C[vi, vj] = C[vi, vj] + A[vi, vk] * B[vk, vj]
        for i, j in T.grid(20, 17):
            with T.sblock("D"):
                vi, vj = T.axis.remap("SS", [i, j])
                D[vi, vj] = T.max(C[vi, vj], T.float32(0.0))
)",
                       0),
            "");
}

TEST(Kernel, ConvolutionWithPadding) {
  EXPECT_EQ(difference(R"(
@T.prim_func(s_tir=True)
def main(X: T.Buffer((1, 3, 9, 9), "float32"),
         W: T.Buffer((5, 3, 3, 3), "float32"),
         Y: T.Buffer((1, 5, 9, 9), "float32")):
    with T.sblock("root"):
        P = T.sblock_alloc_buffer((1, 3, 11, 11))
        C = T.sblock_alloc_buffer((1, 5, 9, 9))
        for n, c, y, x in T.grid(1, 3, 11, 11):
            with T.sblock("pad"):
                vn, vc, vy, vx = T.axis.remap("SSSS", [n, c, y, x])
                P[vn, vc, vy, vx] = T.if_then_else(
                    1 <= vy and vy < 10 and 1 <= vx and vx < 10,
                    X[vn, vc, vy - 1, vx - 1], T.float32(0.0))
        for n, o, y, x, c, p, q in T.grid(1, 5, 9, 9, 3, 3, 3):
            with T.sblock("conv"):
                vn, vo, vy, vx, vc, vp, vq = T.axis.remap("SSSSRRR", [n, o, y, x, c, p, q])
                with T.init():
                    C[vn, vo, vy, vx] = T.float32(0.0)
                C[vn, vo, vy, vx] = C[vn, vo, vy, vx] + P[
                    vn, vc, vy + vp, vx + vq] * W[vo, vc, vp, vq]
        for n, o, y, x in T.grid(1, 5, 9, 9):
            with T.sblock("relu"):
                vn, vo, vy, vx = T.axis.remap("SSSS", [n, o, y, x])
                Y[vn, vo, vy, vx] = T.max(C[vn, vo, vy, vx], T.float32(0.0))
)",
                       0),
            "");
}

// Processors convert float64 to float16 by float32, where rounding twice goes wrong near ties.
TEST(Kernel, DoubleToHalfRoundsOnce) {
  const PrimFunc func = parse_prim_func(R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer((8,), "float64"), B: T.Buffer((8,), "float16")):
    with T.sblock("root"):
        for i in range(8):
            with T.sblock("B"):
                vi = T.axis.spatial(8, i)
                B[vi] = T.Cast("float16", A[vi])
)");
  const double above = 1 + std::ldexp(1, -11) + std::ldexp(1, -40);
  const double below = 1 + 3 * std::ldexp(1, -11) - std::ldexp(1, -40);
  const double given[] = {above, -above, below, 1 + std::ldexp(1, -11), 1e300, 1e-300, 0.1, NAN};
  std::vector<tir::Tensor> tensors{tir::Tensor::zeros(kFloat64, {8}),
                                   tir::Tensor::zeros(kFloat16, {8})};
  for (int i = 0; i < 8; ++i) tensors[0].set(i, given[i]);
  KernelRunner(func, parse_target("native")).run(tensors);
  const double up = 1 + std::ldexp(1, -10);
  const double expected[] = {up, -up, up, 1, INFINITY, 0, 0.0999755859375};
  for (int i = 0; i < 7; ++i) EXPECT_EQ(tensors[1].get(i), expected[i]) << "element " << i;
  EXPECT_TRUE(std::isnan(tensors[1].get(7)));
}

}  // namespace
}  // namespace tenon
