#include "compiler/tir/verify.h"

#include <gtest/gtest.h>

#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

PrimFunc copy_function() {
  return parse_prim_func(R"(
@T.prim_func(s_tir=True)
def f(A: T.Buffer((16,), "float32"), B: T.Buffer((16,), "float32")):
    for i in range(16):
        with T.sblock("B"):
            vi = T.axis.spatial(16, i)
            B[vi] = A[vi]
)");
}

PrimFunc with_store(Stmt s) {
  PrimFunc f = copy_function();
  f.body = std::move(s);
  return f;
}

TEST(Verify, AcceptsAnOrdinaryFunction) { EXPECT_EQ(find_fault(copy_function()), ""); }

TEST(Verify, LoweredFunctionsHaveNoBlocks) {
  EXPECT_EQ(find_fault(copy_function(), {.allow_blocks = false}),
            "block root stands in a lowered function");
}

TEST(Verify, VariablesAreDefinedBeforeUse) {
  const PrimFunc f = copy_function();
  const Expr j = make_var("j", kInt32);
  const Buffer b = f.params[1].buffer;
  EXPECT_EQ(find_fault(with_body(f, store(b, {j}, float_imm(kFloat32, 1)))),
            "variable j is used where it is not defined");
}

TEST(Verify, LoopVariablesAreDefinedOnce) {
  const PrimFunc f = copy_function();
  const Stmt loop = root_block(f).body;
  EXPECT_EQ(find_fault(with_body(f, seq({loop, loop}))), "variable i is defined twice");
}

TEST(Verify, BuffersAreAllocatedBeforeUse) {
  const PrimFunc f = copy_function();
  const Buffer other = make_buffer({.name = "C", .shape = {i32(4)}});
  EXPECT_EQ(find_fault(with_body(f, store(other, {i32(0)}, float_imm(kFloat32, 1)))),
            "buffer C is written where it is not defined");
  EXPECT_EQ(find_fault(with_body(
                f, seq({AllocBuffer{other, {}}, store(other, {i32(0)}, float_imm(kFloat32, 1))}))),
            "");
}

TEST(Verify, IndicesFitTheBuffer) {
  const PrimFunc f = copy_function();
  const Buffer b = f.params[1].buffer;
  EXPECT_EQ(find_fault(with_body(f, Store{b, {i32(0), i32(1)}, float_imm(kFloat32, 1), {}})),
            "buffer B has 1 dimensions and is written with 2 indices");
  EXPECT_EQ(
      find_fault(with_body(f, Store{b, {float_imm(kFloat32, 0)}, float_imm(kFloat32, 1), {}})),
      "index 0 of buffer B is float32");
}

TEST(Verify, StoredValuesHaveTheBuffersType) {
  const PrimFunc f = copy_function();
  EXPECT_EQ(find_fault(with_body(f, Store{f.params[1].buffer, {i32(0)}, i32(1), {}})),
            "buffer B takes float32, the value is int32");
}

TEST(Verify, BreaksStandInLoops) {
  EXPECT_EQ(find_fault(with_store(Break{})), "a break stands outside any loop");
}

TEST(Verify, ConditionsAreBool) {
  EXPECT_EQ(find_fault(with_store(If{i32(1), Evaluate{i32(0)}, {}})),
            "the condition 1 is not a bool");
}

TEST(Verify, BlockIdsAreUnique) {
  const PrimFunc f = copy_function();
  Block root = root_block(f);
  const Stmt inner = root.body.get<For>().body;
  Block copy = renew_definitions(inner).get<Block>();
  copy.id = inner.get<Block>().id;
  For loop = root.body.get<For>();
  loop.body = seq({inner, copy});
  root.body = loop;
  EXPECT_EQ(find_fault(with_body(f, root)), "block B has the id of another block");
}

TEST(Verify, RegionsAndDomainsAreChecked) {
  const PrimFunc f = copy_function();
  Block root = root_block(f);
  For loop = root.body.get<For>();
  Block inner = loop.body.get<Block>();
  const auto fault = [&](Block changed) {
    For l = loop;
    l.body = std::move(changed);
    Block r = root;
    r.body = l;
    return find_fault(with_body(f, r));
  };
  Block b = inner;
  b.reads[0].region.push_back({i32(0), i32(1)});
  EXPECT_EQ(fault(b), "block B: buffer A has 1 dimensions, its region 2");
  b = inner;
  b.iter_vars[0].domain.extent = i64(16);
  EXPECT_EQ(fault(b), "block B: iter var vi has a domain or binding of another type");
  b = inner;
  b.iter_vars[0].domain.extent = i32(0);
  EXPECT_EQ(fault(b), "block B: iter var vi has an empty domain");
  b = inner;
  b.init = b.body;
  EXPECT_EQ(fault(b), "block B has an init but no reduce iter");
  b = inner;
  b.predicate = i32(1);
  EXPECT_EQ(fault(b), "the predicate 1 is not a bool");
}

TEST(Verify, TheErrorNamesTheFunction) {
  try {
    verify(with_store(Break{}), "kernel");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "kernel: a break stands outside any loop");
  }
}

}  // namespace
}  // namespace tenon::tir
