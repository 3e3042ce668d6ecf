// Bindings, conditions in force, proofs.
#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

class AnalyzerTest : public ArithTest {};

TEST_F(AnalyzerTest, BoundsFollowBindings) {
  loop("i", "16");
  bind("x", -3, 5);
  EXPECT_EQ(analyzer.const_int_bound(read("(- (* i 2) x)")), (ConstIntBound{-5, 33}));
  EXPECT_EQ(analyzer.const_int_bound(read("(// x 2)")), (ConstIntBound{-2, 2}));
  EXPECT_EQ(analyzer.const_int_bound(read("(tdiv x 2)")), (ConstIntBound{-1, 2}));
  EXPECT_EQ(analyzer.const_int_bound(read("(* x x)")), (ConstIntBound{0, 25}));
  EXPECT_EQ(analyzer.const_int_bound(read("y")), ConstIntBound{});
}

TEST_F(AnalyzerTest, CongruencesFollowArithmetic) {
  EXPECT_EQ(analyzer.modular_set(read("(+ (* x 8) 3)")), (ModularSet{8, 3}));
  EXPECT_EQ(analyzer.modular_set(read("(+ (* x 8) (* y 12))")), (ModularSet{4, 0}));
  EXPECT_EQ(analyzer.modular_set(read("(* (+ (* x 2) 1) 4)")), (ModularSet{8, 4}));
}

TEST_F(AnalyzerTest, ConditionsHoldWhileTheyLive) {
  EXPECT_FALSE(proves("(< x 10)"));
  {
    Analyzer::Constraint outer(analyzer, read("(< x 8)"));
    EXPECT_TRUE(proves("(< x 10)"));
    {
      Analyzer::Constraint inner(analyzer, read("(== (% x 4) 1)"));
      EXPECT_EQ(simplify("(% x 2)"), "1");
    }
    EXPECT_EQ(simplify("(% x 2)"), "(% x 2)");
  }
  EXPECT_FALSE(proves("(< x 10)"));
}

TEST_F(AnalyzerTest, SymbolicProofs) {
  analyzer.assume(read("(<= 1 n)"));
  analyzer.assume(read("(<= 1 m)"));
  loop("i", "n");
  loop("j", "m");
  EXPECT_TRUE(proves("(< (+ (* i m) j) (* n m))"));
  EXPECT_TRUE(proves("(<= (+ (* i 4) 3) (- (* n 4) 1))"));
  EXPECT_TRUE(proves("(<= n (* (// (+ n 3) 4) 4))"));
  EXPECT_TRUE(proves("(< (- (* (// (+ n 3) 4) 4) n) 4)"));
  EXPECT_TRUE(proves("(<= (+ (* k 32) (min 32 (- n (* k 32)))) n)"));
  EXPECT_FALSE(proves("(< (+ (* i m) j) (- (* n m) 1))"));
  EXPECT_FALSE(proves("(< i (- n 1))"));
  EXPECT_FALSE(proves("(< j n)"));
}

TEST_F(AnalyzerTest, ChainsOfConditions) {
  Analyzer::Constraint a(analyzer, read("(<= x y)"));
  Analyzer::Constraint b(analyzer, read("(< y z)"));
  EXPECT_TRUE(proves("(< x z)"));
  EXPECT_TRUE(proves("(<= (+ x 1) z)"));
  EXPECT_FALSE(proves("(<= (+ x 2) z)"));
}

TEST_F(AnalyzerTest, AValueIsSubstituted) {
  analyzer.bind(var("x"), read("(+ y 3)"));
  EXPECT_EQ(simplify("(- x y)"), "3");
}

TEST_F(AnalyzerTest, BindingAgainReplaces) {
  loop("i", "4");
  EXPECT_TRUE(proves("(< i 4)"));
  loop("i", "8");
  EXPECT_FALSE(proves("(< i 4)"));
  loop("i", "n");
  loop("i", "m");
  EXPECT_FALSE(proves("(< i n)"));
  EXPECT_TRUE(proves("(< i m)"));
}

// An impossible condition must not turn into knowledge about anything else.
TEST_F(AnalyzerTest, ImpossibleConditionsTeachNothing) {
  bind("x", 0, 3);
  Analyzer::Constraint c(analyzer, read("(< 10 x)"));
  EXPECT_EQ(analyzer.const_int_bound(var("x")), (ConstIntBound{0, 3}));
}

}  // namespace
}  // namespace tenon
