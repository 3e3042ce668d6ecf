#include "compiler/compile/pack_constants.h"

#include <gtest/gtest.h>

#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"

namespace tenon {
namespace {

constexpr const char* kMarked = R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer((4, 6), "float32"), W: T.Buffer((6, 8), "float32"),
         B: T.Buffer((8,), "float32"), Y: T.Buffer((4, 8), "float32")):
    T.func_attr({"layout_free_buffers": [1]})
    with T.sblock("root"):
        V = T.sblock_alloc_buffer((6, 8))
        for i, j in T.grid(6, 8):
            with T.sblock("V"):
                vi, vj = T.axis.remap("SS", [i, j])
                T.sblock_attr({"constant": 1})
                V[vi, vj] = W[vi, vj] * T.float32(2.0)
        for i, j, k in T.grid(4, 8, 6):
            with T.sblock("Y"):
                vi, vj, vk = T.axis.remap("SSR", [i, j, k])
                with T.init():
                    Y[vi, vj] = B[vj]
                Y[vi, vj] = Y[vi, vj] + A[vi, vk] * V[vk, vj]
)";

TEST(SplitKernel, MadeConstantsStandBeforeTheResult) {
  const tir::PrimFunc func = tir::parse_prim_func(kMarked);
  const SplitKernel split = split_kernel(func);
  ASSERT_TRUE(split.constants);
  ASSERT_EQ(split.func.params.size(), 4u);
  EXPECT_EQ(tir::node(split.func.params[2].buffer).name, "V");
  EXPECT_EQ(tir::node(split.func.params[3].buffer).name, "Y");
  ASSERT_EQ(split.sources.size(), 3u);
  EXPECT_FALSE(split.sources[0].is_made);
  EXPECT_EQ(split.sources[0].index, 0u);  // A
  EXPECT_FALSE(split.sources[1].is_made);
  EXPECT_EQ(split.sources[1].index, 2u);  // B
  EXPECT_TRUE(split.sources[2].is_made);
  EXPECT_EQ(split.constant_params, (std::vector<std::size_t>{1}));
}

TEST(SplitKernel, WithoutMarksNothingChanges) {
  std::string text = kMarked;
  text.replace(text.find("                T.sblock_attr({\"constant\": 1})\n"), 47, "");
  const tir::PrimFunc func = tir::parse_prim_func(text);
  const SplitKernel split = split_kernel(func);
  EXPECT_FALSE(split.constants);
  ASSERT_EQ(split.func.params.size(), 4u);
  EXPECT_TRUE(split.func.params[3].buffer.same_as(func.params[3].buffer));
}

}  // namespace
}  // namespace tenon
