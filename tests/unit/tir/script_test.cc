// What golden text cannot say about scripts: identities, structure, and the older spelling.
#include <gtest/gtest.h>

#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

constexpr const char* kMatmul = R"(# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(A: T.Buffer((16, 8), "float32"), B: T.Buffer((8, 24), "float32"), )"
                                R"(C: T.Buffer((16, 24), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for i, j, k in T.grid(16, 24, 8):
        with T.sblock("C"):
            vi, vj, vk = T.axis.remap("SSR", [i, j, k])
            T.reads(A[vi, vk], B[vk, vj])
            T.writes(C[vi, vj])
            with T.init():
                C[vi, vj] = T.float32(0.0)
            C[vi, vj] = C[vi, vj] + A[vi, vk] * B[vk, vj]
)";

constexpr const char* kOldMatmul = R"(
from tvm.script import tir as T

@T.prim_func
def main(a: T.handle, b: T.handle, c: T.handle) -> None:
    T.func_attr({"tirx.noalias": True})
    A = T.match_buffer(a, [16, 8], dtype="float32")
    B = T.match_buffer(b, (8, 24))
    C = T.match_buffer(c, (16, 24), "float32")
    for i, j, k in T.grid(16, 24, 8):
        with T.block("C"):
            vi = T.axis.S(16, i)
            vj = T.axis.S(24, j)
            vk = T.axis.R(8, k)
            with T.init():
                C[vi, vj] = 0.0
            C[vi, vj] += A[vi, vk] * B[vk, vj]
)";

TEST(Script, PrintsWhatItReads) { EXPECT_EQ(print(parse_prim_func(kMatmul), "main"), kMatmul); }

TEST(Script, ReadsTheOlderSpellingAndFindsRegions) {
  EXPECT_EQ(first_difference(parse_prim_func(kMatmul), parse_prim_func(kOldMatmul)), "");
}

TEST(Script, EveryLoopHasAVariableOfItsOwn) {
  const PrimFunc f = parse_prim_func(R"(
@T.prim_func(s_tir=True)
def f(A: T.Buffer((4,), "float32")):
    for i in range(4):
        A[i] = T.float32(0.0)
    for i in range(4):
        A[i] = T.float32(1.0)
)");
  const auto& list = f.body.get<Seq>().body;
  EXPECT_FALSE(list[0].get<For>().var.same_as(list[1].get<For>().var));
}

TEST(Script, BlocksTakeFreshIds) {
  const PrimFunc a = parse_prim_func(kMatmul), b = parse_prim_func(kMatmul);
  EXPECT_NE(root_block(a).id, root_block(b).id);
  EXPECT_TRUE(structural_equal(a, b));
}

TEST(Script, PlacesPointAtLoopsAndBlocks) {
  const PrimFunc f = parse_prim_func(kMatmul);
  const PlacedText placed = print_with_places(f, "main");
  EXPECT_EQ(placed.text, kMatmul);
  const For& i = root_block(f).body.get<For>();
  const For& j = i.body.get<For>();
  const Block& block = j.body.get<For>().body.get<Block>();
  EXPECT_EQ(placed.loops.at(i.var.id()).line, 8);
  EXPECT_EQ(placed.loops.at(i.var.id()).column, 9);
  EXPECT_EQ(placed.loops.at(j.var.id()).column, 12);
  EXPECT_EQ(placed.blocks.at(block.id).line, 9);
  EXPECT_EQ(placed.blocks.at(block.id).column, 9);
  EXPECT_EQ(placed.blocks.at(root_block(f).id).line, 7);
}

TEST(Script, NamesInUseGetANumber) {
  const Expr i = make_var("i", kInt32), other = make_var("i", kInt32), odd = make_var("if", kInt32);
  EXPECT_EQ(print(i + other * odd), "i + i_1 * if_1");
}

TEST(Script, OperandsThatWouldFoldKeepTheirNode) {
  const Expr i = make_var("i", kInt32);
  EXPECT_EQ(print(Expr(Binary{BinaryOp::kAdd, i, i32(0), kInt32})), "T.Add(i, 0)");
  EXPECT_EQ(print(Expr(Binary{BinaryOp::kMul, i32(2), i32(3), kInt32})), "T.Mul(2, 3)");
}

TEST(Script, ModuleFunctionsKeepTheirOrder) {
  const TirModule m = parse_module(R"(
@I.ir_module
class Module:
    @T.prim_func(private=True)
    def b(x: T.int32) -> T.int32:
        return x
    @T.prim_func
    def a(A: T.Buffer((1,), "int32")):
        A[0] = Module.b(3)
)");
  ASSERT_EQ(m.functions.size(), 2U);
  EXPECT_EQ(m.functions[0].first, "b");
  EXPECT_TRUE(m.functions[0].second.is_private);
  EXPECT_FALSE(m.functions[1].second.is_schedulable);
}

std::string error_of(const std::string& text) {
  try {
    parse_prim_func(text, "f.py");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(Script, AFileWithoutOneFunctionIsRefused) {
  EXPECT_EQ(error_of("x = TypeVar(\"x\")\n"), "f.py: one function is needed, found 0");
}

}  // namespace
}  // namespace tenon::tir
