#include "compiler/tir/script/regions.h"

#include <gtest/gtest.h>

#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"

namespace tenon::tir {
namespace {

// The T.reads and T.writes lines of a block whose regions the script leaves out.
std::string regions_of(const std::string& body) {
  const std::string text =
      "@T.prim_func(s_tir=True)\n"
      "def f(A: T.Buffer((16, 16), \"float32\"), B: T.Buffer((16, 16), \"float32\"), Idx: "
      "T.Buffer((16,), \"int32\")):\n"
      "    for i in range(4):\n"
      "        with T.sblock(\"b\"):\n"
      "            vi = T.axis.spatial(4, i)\n" +
      body;
  std::string result;
  for (const std::string& line : split_lines(print(parse_prim_func(text), "f"))) {
    const std::string_view inner = trim(line);
    if (inner.starts_with("T.reads") || inner.starts_with("T.writes"))
      result += std::string(inner) + " ";
  }
  return result;
}

TEST(Regions, PointsStayPoints) {
  EXPECT_EQ(regions_of("            B[vi, 3] = A[vi * 2, vi]\n"),
            "T.reads(A[vi * 2, vi]) T.writes(B[vi, 3]) ");
}

TEST(Regions, LoopsWidenToTheirRange) {
  EXPECT_EQ(regions_of("            for j, k in T.grid(16, 4):\n"
                       "                B[vi * 4 + k, j] = A[vi * 4 + k, 15 - j]\n"),
            "T.reads(A[vi * 4:vi * 4 + 4, 0:16]) T.writes(B[vi * 4:vi * 4 + 4, 0:16]) ");
}

TEST(Regions, SeveralAccessesUnite) {
  EXPECT_EQ(regions_of("            B[vi + 1, 0] = A[vi, 0] + A[vi + 2, 0]\n"),
            "T.reads(A[vi:vi + 3, 0]) T.writes(B[vi + 1, 0]) ");
}

TEST(Regions, AnIndirectIndexTakesTheWholeDimension) {
  EXPECT_EQ(regions_of("            for j in range(16):\n"
                       "                B[vi, j] = A[Idx[j], j]\n"),
            "T.reads(Idx[0:16], A[0:16, 0:16]) T.writes(B[vi, 0:16]) ");
}

TEST(Regions, QuotientsOfLoopsHaveConstantBounds) {
  EXPECT_EQ(regions_of("            for j in range(16):\n"
                       "                B[j // 4, j % 4] = A[vi, 0]\n"),
            "T.reads(A[vi, 0]) T.writes(B[0:4, 0:4]) ");
}

TEST(Regions, AReductionDoesNotReadWhatItWrites) {
  EXPECT_EQ(regions_of("            vk = T.axis.reduce(4, i)\n"
                       "            with T.init():\n"
                       "                B[vi, 0] = T.float32(0.0)\n"
                       "            B[vi, 0] = B[vi, 0] + A[vi, vk]\n"),
            "T.reads(A[vi, vk]) T.writes(B[vi, 0]) ");
}

TEST(Regions, WhatTheBlockAllocatesIsItsOwn) {
  EXPECT_EQ(regions_of("            C = T.sblock_alloc_buffer((16,))\n"
                       "            C[vi] = A[vi, 1]\n"
                       "            B[vi, 1] = C[vi]\n"),
            "T.reads(A[vi, 1]) T.writes(B[vi, 1]) ");
}

TEST(Regions, NestedBlocksCountWithTheirRegions) {
  EXPECT_EQ(regions_of("            for j in range(4):\n"
                       "                with T.sblock(\"inner\"):\n"
                       "                    vj = T.axis.spatial(16, vi * 4 + j)\n"
                       "                    T.reads(A[vj, 0:8])\n"
                       "                    T.writes(B[vj, 0:8])\n"
                       "                    T.evaluate(0)\n"),
            "T.reads(A[vi * 4:vi * 4 + 4, 0:8]) T.writes(B[vi * 4:vi * 4 + 4, 0:8]) "
            "T.reads(A[vj, 0:8]) T.writes(B[vj, 0:8]) ");
}

TEST(Regions, DifferenceDropsCommonTerms) {
  const Expr x = make_var("x", kInt32);
  EXPECT_EQ(as_int(difference(x * i32(4) + i32(7), i32(3) + x * i32(4))), 4);
  EXPECT_EQ(print(difference(x + i32(5), i32(2))), "x + 3");
}

}  // namespace
}  // namespace tenon::tir
