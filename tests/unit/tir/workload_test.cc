#include "compiler/tir/workload.h"

#include <gtest/gtest.h>

#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

PrimFunc scale(const std::string& a, const std::string& i, const std::string& block,
               const std::string& extra = "") {
  return parse_prim_func("@T.prim_func(s_tir=True)\ndef " + block + "_fn(" + a +
                         ": T.Buffer((16,), \"float32\"), Out: T.Buffer((16,), \"float32\")):\n" +
                         extra + "    for " + i + " in range(16):\n        with T.sblock(\"" +
                         block + "\"):\n" + "            v" + i + " = T.axis.spatial(16, " + i +
                         ")\n            Out[v" + i + "] = " + a + "[v" + i +
                         "] * T.float32(2.0)\n");
}

TEST(Workload, TextIsVersionedAndHasNoNames) {
  EXPECT_EQ(canonical_text(scale("A", "i", "scale")), R"(# tenon-tir-1
@T.prim_func(s_tir=True)
def main(v: T.Buffer((16,), "float32"), v_1: T.Buffer((16,), "float32")):
    # with T.sblock("root"):
    for v_2 in range(16):
        with T.sblock("b0"):
            v_3 = T.axis.spatial(16, v_2)
            T.reads(v[v_3])
            T.writes(v_1[v_3])
            v_1[v_3] = v[v_3] * T.float32(2.0)
)");
}

// These never change: stored records and logs are found by them.
TEST(Workload, HashesAreStable) {
  EXPECT_EQ(workload_hash(scale("A", "i", "scale")),
            "2ed5271fb89a4d1e60516361094e4dcea22a1b410154bfc1a9f500d544a0f4a2");
  EXPECT_EQ(
      workload_hash(scale("A", "i", "scale", "    T.func_attr({\"layout_free_buffers\": [0]})\n")),
      "151e740634d3b7dd32a3e3fff53dc67a64debf4984b6bbfa9807aa7c44be07d8");
}

TEST(Workload, NamesDoNotCount) {
  EXPECT_EQ(workload_hash(scale("A", "i", "scale")), workload_hash(scale("X", "loop", "other")));
}

TEST(Workload, AttributesCountButTheSymbolDoesNot) {
  const PrimFunc plain = scale("A", "i", "s");
  PrimFunc named = plain, marked = plain;
  named.attrs["global_symbol"] = {std::string("kernel")};
  named.is_private = true;
  marked.attrs["op_pattern"] = {std::int64_t{4}};
  EXPECT_EQ(workload_hash(plain), workload_hash(named));
  EXPECT_NE(workload_hash(plain), workload_hash(marked));
}

TEST(Workload, TheTextReadsBackToTheSameWorkload) {
  const PrimFunc f = parse_prim_func(R"py(
n = TypeVar("n")
@T.prim_func(s_tir=True)
def f(A: T.Buffer((n, "m"), "float32"), B: T.Buffer(("n * T.int64(4)",), "float32"), m: T.int32):
    C = T.sblock_alloc_buffer((n,), scope="local")
    for i in range(n):
        with T.sblock("C"):
            vi = T.axis.spatial(n, i)
            C[vi] = A[vi, 0]
    for i in range(n):
        with T.sblock("B"):
            vi = T.axis.spatial(n, i)
            B[vi * T.int64(4)] = C[vi]
)py");
  const PrimFunc again = parse_prim_func(canonical_text(f));
  EXPECT_EQ(canonical_text(again), canonical_text(f));
  EXPECT_EQ(first_difference(f, again), "");
}

}  // namespace
}  // namespace tenon::tir
