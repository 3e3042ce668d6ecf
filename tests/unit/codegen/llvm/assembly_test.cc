// What the assembly checks catch: each mutation of lowering that costs speed breaks a promise that
// tests/golden/asm shows kept.
#include "tests/golden/assembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/codegen/llvm/library.h"
#include "compiler/lowering/lower.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

using namespace tir;
using golden::InnerLoop;
using golden::Registers;

// 6x16 on 13x21: a main tile and three tail copies.
constexpr const char* kGemm = R"(
@T.prim_func(s_tir=True)
def main(A: T.Buffer((13, 64), "float32"), B: T.Buffer((2, 64, 16), "float32"),
         D: T.Buffer((13, 21), "float32")):
    T.func_attr({"layout_free_buffers": [1], "tirx.noalias": True})
    # with T.sblock("root"):
    C_local = T.sblock_alloc_buffer((13, 21), scope="local")
    for j_0 in T.serial(2, annotations={"tails": "copies"}):
        for i_0 in T.serial(3, annotations={"tails": "copies"}):
            for i_1, j_1 in T.grid(6, 2):
                for j_2 in T.vectorized(8):
                    with T.sblock("C_init"):
                        vi = T.axis.spatial(13, i_0 * 6 + i_1)
                        vj = T.axis.spatial(21, j_0 * 16 + j_1 * 8 + j_2)
                        T.where(i_0 * 6 + i_1 < 13)
                        C_local[vi, vj] = T.float32(0.0)
            for k in range(64):
                for i_1, j_1 in T.grid(6, 2):
                    for j_2 in T.vectorized(8):
                        with T.sblock("C_update"):
                            vi = T.axis.spatial(13, i_0 * 6 + i_1)
                            vj = T.axis.spatial(21, j_0 * 16 + j_1 * 8 + j_2)
                            vk = T.axis.reduce(64, k)
                            T.where(i_0 * 6 + i_1 < 13)
                            C_local[vi, vj] = C_local[vi, vj] + A[vi, vk] * B[vj // 16, vk, vj % 16]
            for i_1, j_1 in T.grid(6, 2):
                for j_2 in T.vectorized(8):
                    with T.sblock("D"):
                        vi = T.axis.spatial(13, i_0 * 6 + i_1)
                        vj = T.axis.spatial(21, j_0 * 16 + j_1 * 8 + j_2)
                        T.where(i_0 * 6 + i_1 < 13 and j_0 * 16 + (j_1 * 8 + j_2) < 21)
                        D[vi, vj] = C_local[vi, vj]
)";

// The function with every plain loop of a tile unrolled.
PrimFunc gemm() {
  const PrimFunc func = parse_prim_func(kGemm);
  return with_body(func, rewrite(func.body, {.stmt = [](const Stmt& s) -> Stmt {
                                   const auto* n = s.as<For>();
                                   const std::string name = n ? var(n->var).name : "";
                                   if (!name.starts_with("i_1") && !name.starts_with("j_1"))
                                     return s;
                                   For loop = *n;
                                   loop.kind = ForKind::kUnrolled;
                                   return loop;
                                 }}));
}

// What breaks the promises of the loops and of their number; empty when all is kept.
std::vector<std::string> broken(const PrimFunc& func) {
  const Target target = parse_target("llvm -mcpu=haswell");
  const auto report = golden::read_assembly(emit_assembly({lower("main", func, target)}, target));
  std::vector<std::string> list = problems(report);
  const std::vector<int> expected{12, 2, 6, 1};
  std::vector<int> found;
  for (const InnerLoop& loop : report.loops) {
    found.push_back(loop.fma);
    for (const std::string& problem : problems(loop, Registers::kYmm)) list.push_back(problem);
  }
  if (found != expected) list.push_back("loops of other sizes");
  return list;
}

TEST(Assembly, KeepsItsPromises) { EXPECT_THAT(broken(gemm()), testing::IsEmpty()); }

TEST(Assembly, ShowsLoopsThatAreNotPartitioned) {
  const PrimFunc func = gemm();
  const PrimFunc mutated = with_body(func, rewrite(func.body, {.stmt = [](const Stmt& s) -> Stmt {
                                                     const auto* n = s.as<For>();
                                                     if (!n) return s;
                                                     For loop = *n;
                                                     loop.annotations.clear();
                                                     return loop;
                                                   }}));
  EXPECT_THAT(broken(mutated), testing::Not(testing::IsEmpty()));
}

PrimFunc with_tile_in(const PrimFunc& func, const std::string& scope) {
  std::map<Buffer, Buffer, IdLess> made;
  return with_body(func, rewrite(func.body, {.buffer = [&](const Buffer& b) {
                                   if (node(b).scope != "local") return b;
                                   Buffer& buffer = made[b];
                                   if (!buffer) {
                                     BufferNode n = node(b);
                                     n.scope = scope;
                                     buffer = n;
                                   }
                                   return buffer;
                                 }}));
}

TEST(Assembly, ShowsATileInMemory) {
  EXPECT_THAT(broken(with_tile_in(gemm(), "global")), testing::Not(testing::IsEmpty()));
}

// The function after partitioning, with one tile for all its copies.
PrimFunc with_merged_tiles(const PrimFunc& func) {
  PrimFunc cut;
  LowerOptions options;
  options.observe = [&](const std::string& pass, const PrimFunc& stage) {
    if (pass == "registers") cut = stage;
  };
  lower("main", func, parse_target("llvm -mcpu=haswell"), options);
  Buffer largest;
  const auto size = [](const Buffer& b) { return *as_int(node(b).shape[0]); };
  walk(cut.body, {.stmt = [&](const Stmt& s) {
         const auto* n = s.as<AllocBuffer>();
         const bool is_tile = n && node(n->buffer).scope == "local";
         if (is_tile && (!largest || size(n->buffer) > size(largest))) largest = n->buffer;
         return true;
       }});
  const Stmt merged =
      rewrite(cut.body,
              {.stmt = [](const Stmt& s) -> Stmt {
                 const auto* n = s.as<AllocBuffer>();
                 return n && node(n->buffer).scope == "local" ? Stmt(Evaluate{i32(0)}) : s;
               },
               .buffer = [&](const Buffer& b) { return node(b).scope == "local" ? largest : b; }});
  return with_body(cut, seq({AllocBuffer{largest}, merged}));
}

// Each element of a tile is a value of its own, so that one tile for all copies is no worse here
// than a tile for each: nothing of a copy lives on in the next.
TEST(Assembly, DoesNotDependOnSeparateTiles) {
  EXPECT_THAT(broken(with_merged_tiles(gemm())), testing::IsEmpty());
}

TEST(Assembly, CountsWhatALoopHolds) {
  const auto report = golden::read_assembly(
      "main:\n"
      "\tsubq\t$264, %rsp\n"
      ".LBB0_1:\n"
      "\tvbroadcastss\t(%rdi), %ymm1\n"
      "\tvmovaps\t(%rsi), %ymm2\n"
      "\tvfmadd231ps\t%ymm1, %ymm2, %ymm0\n"
      "\tvfmadd231ps\t8(%rsp), %ymm2, %ymm3\n"
      "\tvmulps\t%xmm1, %xmm2, %xmm4\n"
      "\tvmovss\t(%rdi), %xmm5\n"
      "\tcallq\texpf@PLT\n"
      "\tjl\t.LBB0_1\n");
  ASSERT_EQ(report.loops.size(), 1u);
  EXPECT_THAT(problems(report.loops[0], Registers::kYmm),
              testing::ElementsAre("1 stack operands", "1 calls", "1 scalar",
                                   "1 products and sums apart", "some xmm"));
  EXPECT_THAT(problems(report),
              testing::ElementsAre("undefined symbol expf", "a frame of 264 bytes"));
}

}  // namespace
}  // namespace tenon
