#include "compiler/relax/ops/list.h"
#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

tir::PrimFunc definition(std::string_view op) {
  const Call call = make_call(op, {param("x", {2})}).get<Call>();
  return call.op->define(call, infer_type(call));
}

TEST(DeadCode, UnusedChainsGo) {
  Builder b;
  const Expr x = param("x", {2});
  b.emit("nn.relu", {b.emit("exp", {x})});
  const Module before = main_module(b, {x}, b.emit("negative", {x}));
  const Module after = remove_dead_code(before);
  EXPECT_EQ(bindings_of(after).size(), 1u);
  EXPECT_EQ(difference(before, after), "");
}

TEST(DeadCode, ChecksStayWithWhatTheyCheck) {
  Builder b;
  const Expr x = param("x", {2});
  b.match_cast(b.emit("exp", {x}), float_type({2}));
  b.emit("abs", {x});
  const Module before = main_module(b, {x}, b.emit("negative", {x}));
  EXPECT_EQ(bindings_of(before).size(), 4u);
  EXPECT_EQ(bindings_of(remove_dead_code(before)).size(), 3u);
}

TEST(DeadCode, NothingToDoGivesTheSameBindings) {
  Builder b;
  const Expr x = param("x", {2});
  const Module before = main_module(b, {x}, b.emit("negative", {x}));
  EXPECT_TRUE(remove_dead_code(before).find_function("main")->body.same_as(
      before.find_function("main")->body));
}

TEST(DeadCode, PrivateFunctionsThatNothingCallsGo) {
  Builder b;
  const Expr x = param("x", {2});
  const Expr y = b.emit(call_tir("used", {x}, float_type({2})), "y");
  Module before = main_module(b, {x}, y);
  before.functions.emplace_back("used", definition("exp"));
  before.functions.emplace_back("unused", definition("abs"));
  tir::PrimFunc exported = definition("negative");
  exported.is_private = false;
  before.functions.emplace_back("exported", exported);
  const Module after = remove_dead_code(before);
  EXPECT_TRUE(after.find_prim_func("used"));
  EXPECT_TRUE(after.find_prim_func("exported"));
  EXPECT_FALSE(after.find_prim_func("unused"));
  EXPECT_EQ(difference(before, after), "");
}

TEST(DeadCode, AValueThatIsOnlyCalledIsUsed) {
  const Expr x = param("x", {2}), a = param("a", {2});
  const Expr f = make_var("f", AnyType{}), r = make_var("r", float_type({2}));
  Function inner;
  inner.params = {a};
  inner.body = SeqExpr{{}, a};
  inner.result = float_type({2});
  Function main;
  main.params = {x};
  main.body = SeqExpr{{{true, {{f, inner, {}}, {r, Call{nullptr, f, {x}, {}, {}}, {}}}}}, r};
  main.result = float_type({2});
  Module before;
  before.functions.emplace_back("main", main);
  const Module after = remove_dead_code(before);
  EXPECT_EQ(bindings_of(after).size(), 2u);
  EXPECT_EQ(difference(before, after), "");
}

}  // namespace
}  // namespace tenon::relax
