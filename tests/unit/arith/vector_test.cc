// Vectors, floats, loads and calls: what the simplifier does outside integer scalars.
#include "compiler/tir/visit.h"
#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

class VectorTest : public ArithTest {
 protected:
  void expect(const tir::Expr& in, const tir::Expr& out) {
    EXPECT_TRUE(tir::structural_equal(analyzer.simplify(in), out));
  }
  void keep(const tir::Expr& e) { EXPECT_TRUE(analyzer.simplify(e).same_as(e)); }
  tir::Expr ramp(const std::string& base, int stride, int lanes = 8) {
    return tir::ramp(read(base), tir::i32(stride), lanes);
  }
  tir::Expr all(int value, int lanes = 8) { return tir::broadcast(tir::i32(value), lanes); }
};

TEST_F(VectorTest, RampsAbsorbBroadcasts) {
  expect(ramp("x", 1) * all(4) + all(3), ramp("(+ (* x 4) 3)", 4));
  expect(ramp("x", 1) + ramp("y", 2), ramp("(+ x y)", 3));
  expect(tir::floor_div(ramp("(* x 8)", 1), all(8)), tir::broadcast(var("x"), 8));
  expect(tir::floor_mod(ramp("(* x 8)", 1), all(8)), ramp("0", 1));
  expect(tir::floor_div(ramp("x", 4), all(4)), ramp("(// x 4)", 1));
}

TEST_F(VectorTest, FloatsKeepTheirValue) {
  tir::Expr f = tir::make_var("f", kFloat32), g = tir::make_var("g", kFloat32);
  auto number = [](double v) { return tir::float_imm(kFloat32, v); };
  expect(f * number(1), f);
  expect(number(1) * f, f);
  expect(tir::binary(tir::BinaryOp::kDiv, f, number(1)), f);
  expect(f - number(0), f);
  expect(number(0.5) * number(4), number(2));
  keep(f + number(0));  // -0 + 0 is +0
  keep(f * number(0));  // NaN, infinity
  keep(f - f);
  keep((f + g) - g);
  keep(f * g + f * g);
}

TEST_F(VectorTest, ZeroProductsFoldWhenAskedTo) {
  tir::Expr f = tir::make_var("f", kFloat32), g = tir::make_var("g", kFloat32);
  auto number = [](double v) { return tir::float_imm(kFloat32, v); };
  tir::Expr e = number(0) * f + g * number(1) + f * number(0);
  EXPECT_TRUE(analyzer.simplify_float_zero(e).same_as(g));
  EXPECT_FALSE(analyzer.simplify(e).same_as(g));
  tir::Expr zero = number(0);
  EXPECT_TRUE(
      tir::structural_equal(analyzer.simplify_float_zero(zero - f * number(2)), f * number(-2)));
}

TEST_F(VectorTest, IndicesInsideLoadsAreSimplified) {
  loop("i", "4");
  tir::Buffer a = tir::make_buffer({.name = "A", .shape = {tir::i32(64)}});
  tir::Expr e = tir::load(a, {read("(// (+ (* x 4) i) 4)")});
  expect(e + tir::float_imm(kFloat32, 2), tir::load(a, {var("x")}) + tir::float_imm(kFloat32, 2));
}

// The value of a guarded load may rely on the guard, that of a select may not.
TEST_F(VectorTest, OnlyGuardedLoadsUseTheCondition) {
  tir::Buffer a = tir::make_buffer({.name = "A", .shape = {tir::i32(64)}});
  tir::Expr guarded = tir::load(a, {read("(min x 63)")}), zero = tir::float_imm(kFloat32, 0);
  expect(tir::if_then_else(read("(< x 64)"), guarded, zero),
         tir::if_then_else(read("(< x 64)"), tir::load(a, {var("x")}), zero));
  keep(tir::select(read("(< x 64)"), guarded, zero));
  tir::Buffer b = tir::make_buffer({.name = "B", .dtype = kInt32, .shape = {tir::i32(64)}});
  tir::Expr integer = tir::load(b, {read("(min x 63)")});
  keep(tir::select(read("(< x 64)"), integer, tir::i32(0)));
}

TEST_F(VectorTest, DecidedSelectsOfFloatsGo) {
  loop("i", "4");
  tir::Expr f = tir::make_var("f", kFloat32), g = tir::make_var("g", kFloat32);
  expect(tir::select(read("(< i 4)"), f, g), f);
  expect(tir::select(read("(== x y)"), f, f), f);
}

TEST_F(VectorTest, LetsOfNamesAndNumbersAreInlined) {
  tir::Expr v = tir::make_var("v", kInt32);
  expect(tir::Let{v, tir::i32(3), v + var("x")}, read("(+ x 3)"));
}

// Unsigned arithmetic wraps: only constants are folded.
TEST_F(VectorTest, UnsignedArithmeticIsLeftAlone) {
  tir::Expr u = tir::make_var("u", kUInt8), v = tir::make_var("v", kUInt8);
  keep((u + v) - v);
}

}  // namespace
}  // namespace tenon
