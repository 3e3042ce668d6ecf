// What the simplifier makes of index expressions.
#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

class SimplifyTest : public ArithTest {};

TEST_F(SimplifyTest, SplitLoopsAreFusedAgain) {
  loop("i", "8");
  loop("j", "16");
  loop("k", "4");
  EXPECT_EQ(simplify("(// (+ (* (+ (* i 16) j) 4) k) 64)"), "i");
  EXPECT_EQ(simplify("(% (// (+ (* (+ (* i 16) j) 4) k) 4) 16)"), "j");
  EXPECT_EQ(simplify("(+ (* (// x 12) 12) (% x 12))"), "x");
  EXPECT_EQ(simplify("(+ (* (// x 32) 32) (+ (* (// (% x 32) 4) 4) (% x 4)))"), "x");
  EXPECT_EQ(simplify("(- x (* (// x 4) 4))"), "(% x 4)");
  EXPECT_EQ(simplify("(+ (* (// (+ x y) 4) 4) (% (+ y x) 4))"), "(+ x y)");
}

TEST_F(SimplifyTest, SymbolicExtentsCancel) {
  analyzer.assume(read("(<= 1 n)"));
  analyzer.assume(read("(<= 1 m)"));
  loop("i", "n");
  loop("j", "m");
  EXPECT_EQ(simplify("(// (+ (* i m) j) m)"), "i");
  EXPECT_EQ(simplify("(% (+ (* i m) j) m)"), "j");
  EXPECT_EQ(simplify("(// (+ (* (* i m) 4) (* j 4)) (* m 4))"), "i");
  EXPECT_EQ(simplify("(- (* n (+ m 1)) (* m n))"), "n");
  EXPECT_EQ(simplify("(// (* n 4) 4)"), "n");
  EXPECT_EQ(simplify("(+ (* (// x n) n) (% x n))"), "x");
}

TEST_F(SimplifyTest, CommonFactorsOfQuotients) {
  EXPECT_EQ(simplify("(// (* x 4) 2)"), "(* x 2)");
  EXPECT_EQ(simplify("(// (* x 2) 4)"), "(// x 2)");
  EXPECT_EQ(simplify("(// (+ (* x 2) 1) 4)"), "(// x 2)");
  EXPECT_EQ(simplify("(// (// x 4) 8)"), "(// x 32)");
  EXPECT_EQ(simplify("(% (* x 4) 2)"), "0");
  EXPECT_EQ(simplify("(% (+ (* x 8) y) 4)"), "(% y 4)");
}

TEST_F(SimplifyTest, MinimaAndMaxima) {
  loop("i", "16");
  EXPECT_EQ(simplify("(min i 15)"), "i");
  EXPECT_EQ(simplify("(max i 20)"), "20");
  EXPECT_EQ(simplify("(min (+ x 3) (+ y 3))"), "(+ (min x y) 3)");
  EXPECT_EQ(simplify("(min x (max x y))"), "x");
  EXPECT_EQ(simplify("(+ (min x y) (max y x))"), "(+ x y)");
  EXPECT_EQ(simplify("(min (min x 5) 3)"), "(min x 3)");
}

TEST_F(SimplifyTest, Comparisons) {
  loop("i", "16");
  EXPECT_EQ(simplify("(< i 16)"), "true");
  EXPECT_EQ(simplify("(< (* x 4) 10)"), "(< x 3)");
  EXPECT_EQ(simplify("(< (// x 4) 3)"), "(< x 12)");
  EXPECT_EQ(simplify("(== (+ (* x 4) 1) (* y 2))"), "false");
  EXPECT_EQ(simplify("(and (< x 5) (< x 3))"), "(< x 3)");
  EXPECT_EQ(simplify("(or (< x 5) (<= 5 x))"), "true");
  EXPECT_EQ(simplify("(not (< x y))"), "(<= y x)");
}

TEST_F(SimplifyTest, ChoicesUseTheirCondition) {
  EXPECT_EQ(simplify("(if_then_else (< x 4) (min x 4) y)"), "(if_then_else (< x 4) x y)");
  EXPECT_EQ(simplify("(select (< x 4) x x)"), "x");
  EXPECT_EQ(simplify("(if_then_else (< x 4) (if_then_else (< x 6) y z) w)"),
            "(if_then_else (< x 4) y w)");
}

// A select computes both sides: a divisor guarded by its own value stays guarded.
TEST_F(SimplifyTest, SelectKeepsGuardsOfTheOtherSide) {
  std::string text = "(select (< 0 y) (// x (max y 1)) 0)";
  EXPECT_EQ(simplify(text), text);
  EXPECT_EQ(simplify("(if_then_else (< 0 y) (// x (max y 1)) 0)"),
            "(if_then_else (< 0 y) (// x y) 0)");
}

// 1 and 0 are not true and false.
TEST_F(SimplifyTest, ChoicesOfNumbersStayNumbers) {
  EXPECT_EQ(simplify("(+ (select (< x 4) 1 0) y)"), "(+ (select (< x 4) 1 0) y)");
}

// Takes milliseconds, not the age of the universe.
TEST_F(SimplifyTest, LongChainsOfConditionsAndChoices) {
  std::string conditions = "(< x y)", choices = "z";
  for (int i = 0; i < 60; ++i) {
    std::string n = std::to_string(i);
    conditions = "(and " + conditions + " (!= (% x " + std::to_string(i + 61) + ") " + n + "))";
    choices = "(select (== x " + n + ") (* y " + std::to_string(i * 7 + 3) + ") " + choices + ")";
  }
  EXPECT_FALSE(simplify(conditions).empty());
  EXPECT_FALSE(simplify(choices).empty());
}

TEST_F(SimplifyTest, NothingToDoGivesTheSameObject) {
  tir::Expr e = read("(+ (* i 16) j)");
  EXPECT_TRUE(analyzer.simplify(e).same_as(e));
}

TEST_F(SimplifyTest, NumbersStayInTheirType) {
  tir::Expr e = analyzer.simplify(read("(* (* x 2000000000) 2)"));
  EXPECT_EQ(write_sexpr(e), "(* (* x 2000000000) 2)");
  EXPECT_EQ(simplify("(// (* x 2000000000) 2000000000)"), "x");
}

}  // namespace
}  // namespace tenon
