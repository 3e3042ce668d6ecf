// What a space offers keeps what lowering promises of register tiles: the builder of candidates
// refuses the rest, so a rule that disagrees with the estimate would waste the search.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>

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

std::string matmul(int m, int n, int k) {
  std::string text = kMatmul;
  for (const auto& [name, value] : {std::pair{"$M", m}, {"$N", n}, {"$K", k}}) {
    for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) {
      text.replace(at, 2, std::to_string(value));
    }
  }
  return text;
}

std::string shared_workload(const std::string& folder) {
  std::ifstream file(
      str_cat(TENON_SOURCE_DIR, "/../shared/design/schedules/", folder, "/workload.py"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Lowers seeds and points spread over the space; the messages of those that are refused.
std::vector<std::string> refusals(const std::string& text, const Target& target) {
  constexpr std::size_t kSeeds = 8, kPoints = 24;
  const tir::PrimFunc func = tir::parse_prim_func(text);
  const Space space(func, target, 1);
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
  static void expect_none(const std::string& text, const std::string& name) {
    const std::vector<std::string> list = refusals(text, parse_target(GetParam()));
    EXPECT_TRUE(list.empty()) << name << ": " << list.size() << " refused, the first: " << list[0];
  }
};

TEST_P(SpaceTiles, OfMatrixProductsFit) {
  for (const auto& [m, n, k] :
       {std::array{128, 768, 768}, {333, 517, 291}, {16, 1001, 64}, {1, 1000, 512}}) {
    expect_none(matmul(m, n, k), str_cat(m, "x", n, "x", k));
  }
}

TEST_P(SpaceTiles, OfConvolutionsAndWindowsFit) {
  for (const char* folder : {"04_conv3x3_64_56", "05_conv1x1_64_256_56", "06_conv7x7s2_3_64_224",
                             "07_depthwise_144_56", "11_maxpool_64_112", "12_gap_2048_7"}) {
    const std::string text = shared_workload(folder);
    if (text.empty()) GTEST_SKIP() << "../shared/design/schedules is absent";
    expect_none(text, folder);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, SpaceTiles,
                         testing::Values("llvm -mcpu=haswell", "llvm -mcpu=znver3",
                                         "llvm -mcpu=icelake-server", "llvm -mcpu=znver5",
                                         "llvm -mcpu=neoverse-n1"));

}  // namespace
}  // namespace tenon
