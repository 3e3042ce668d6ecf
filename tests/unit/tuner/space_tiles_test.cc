// What a space offers keeps what lowering promises of register tiles: the builder of candidates
// refuses the rest, so a rule that disagrees with the estimate would waste the search.
#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "compiler/compile/packing.h"
#include "compiler/lowering/lower.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "tuner/space/space.h"

namespace tenon {
namespace {

constexpr const char* kMatmul = R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer(($M, $K), "float32"), B: T.Buffer(($K, $N), "float32"),
         bias: T.Buffer(($N,), "float32"), D: T.Buffer(($M, $N), "float32")):
    T.func_attr({"layout_free_buffers": [1], "tirx.noalias": True})
    # with T.sblock("root"):
    C = T.sblock_alloc_buffer(($M, $N))
    for i, j, k in T.grid($M, $N, $K):
        with T.sblock("C"):
            vi, vj, vk = T.axis.remap("SSR", [i, j, k])
            with T.init():
                C[vi, vj] = T.float32(0.0)
            C[vi, vj] = C[vi, vj] + A[vi, vk] * B[vk, vj]
    for i, j in T.grid($M, $N):
        with T.sblock("D"):
            vi, vj = T.axis.remap("SS", [i, j])
            D[vi, vj] = T.max(C[vi, vj] + bias[vj], T.float32(0.0))
)";

// Channel-blocked images, no padding, 2 blocks to 4 blocks.
constexpr const char* kConvolution = R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer((1, 2, $I, $I, $B), "float32"), W: T.Buffer(($O, $C, $K, $K), "float32"),
         D: T.Buffer((1, 4, $X, $X, $B), "float32")):
    T.func_attr({"layout_free_buffers": [1], "tirx.noalias": True})
    for n, b, y, x, o, c, ky, kx in T.grid(1, 4, $X, $X, $B, $C, $K, $K):
        with T.sblock("D"):
            vn, vb, vy, vx, vo, vc, vky, vkx = T.axis.remap("SSSSSRRR", [n, b, y, x, o, c, ky, kx])
            with T.init():
                D[vn, vb, vy, vx, vo] = T.float32(0.0)
            D[vn, vb, vy, vx, vo] = (
                D[vn, vb, vy, vx, vo] +
                A[vn, vc // $B, vy * $S + vky, vx * $S + vkx, vc % $B] *
                W[vb * $B + vo, vc, vky, vkx])
)";

constexpr const char* kPool = R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer((1, 2, 29, 29, $B), "float32"), D: T.Buffer((1, 2, 14, 14, $B), "float32")):
    for n, b, y, x, o, ky, kx in T.grid(1, 2, 14, 14, $B, 3, 3):
        with T.sblock("D"):
            vn, vb, vy, vx, vo, vky, vkx = T.axis.remap("SSSSSRR", [n, b, y, x, o, ky, kx])
            with T.init():
                D[vn, vb, vy, vx, vo] = T.float32(-3.4e+38)
            D[vn, vb, vy, vx, vo] = T.max(D[vn, vb, vy, vx, vo],
                                          A[vn, vb, vy * 2 + vky, vx * 2 + vkx, vo])
)";

std::string filled(std::string text, const std::vector<std::pair<std::string, int>>& values) {
  for (const auto& [name, value] : values) {
    for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) {
      text.replace(at, name.size(), std::to_string(value));
    }
  }
  return text;
}

std::string convolution(int block, int size, int kernel, int stride) {
  const int image = (size - 1) * stride + kernel;
  return filled(kConvolution, {{"$B", block},
                               {"$C", 2 * block},
                               {"$O", 4 * block},
                               {"$I", image},
                               {"$X", size},
                               {"$K", kernel},
                               {"$S", stride}});
}

// Lowers seeds and points spread over the space; the messages of those that are refused.
std::vector<std::string> refusals(const Space& space, const tir::PrimFunc& func,
                                  const Target& target) {
  constexpr std::size_t kSeeds = 8, kPoints = 60;
  std::vector<SpacePoint> points = space.seeds(kSeeds);
  const std::size_t step = std::max<std::size_t>(1, space.points().size() / kPoints);
  for (std::size_t i = 0; i < space.points().size(); i += step) points.push_back(space.points()[i]);
  LowerOptions options;
  options.refuses_slow_tiles = true;
  std::vector<std::string> list;
  for (const SpacePoint& point : points) {
    try {
      lower("main", schedule_function(func, space.trace(point)).func, target, options);
    } catch (const UserError& error) {
      list.push_back(error.what());
    }
  }
  return list;
}

class SpaceTiles : public testing::TestWithParam<const char*> {
 protected:
  void expect_none(const std::string& text, const std::string& sketch, const std::string& name) {
    const tir::PrimFunc func = tir::parse_prim_func(text);
    const Space space(func, target_, 1);
    ASSERT_EQ(space.sketches()[0]->name(), sketch) << name;
    ASSERT_FALSE(space.points().empty()) << name;
    const std::vector<std::string> list = refusals(space, func, target_);
    EXPECT_TRUE(list.empty()) << name << ": " << list.size() << " refused, the first: " << list[0];
  }

  const Target target_ = parse_target(GetParam());
};

TEST_P(SpaceTiles, OfMatrixProductsFit) {
  for (const auto& [m, n, k] :
       {std::array{128, 768, 768}, {333, 517, 291}, {16, 1001, 64}, {1, 1000, 512}}) {
    expect_none(filled(kMatmul, {{"$M", m}, {"$N", n}, {"$K", k}}), "matmul_packed",
                str_cat(m, "x", n, "x", k));
  }
}

// Taps of an unrolled row of the kernel share pixels, which stay in registers.
TEST_P(SpaceTiles, OfDirectConvolutionsFit) {
  for (const auto& [size, kernel, stride] :
       {std::array{14, 3, 1}, {14, 3, 2}, {12, 5, 2}, {14, 1, 1}, {7, 1, 2}}) {
    expect_none(convolution(target_.vector_lanes(32), size, kernel, stride), "conv2d_direct",
                str_cat(kernel, "x", kernel, " stride ", stride, " of ", size));
  }
}

TEST_P(SpaceTiles, OfPoolsFit) {
  expect_none(filled(kPool, {{"$B", target_.vector_lanes(32)}}), "window_reduction", "pool");
}

INSTANTIATE_TEST_SUITE_P(Targets, SpaceTiles,
                         testing::Values("llvm -mcpu=haswell", "llvm -mcpu=znver3",
                                         "llvm -mcpu=icelake-server", "llvm -mcpu=znver5",
                                         "llvm -mcpu=neoverse-n1"));

}  // namespace
}  // namespace tenon
