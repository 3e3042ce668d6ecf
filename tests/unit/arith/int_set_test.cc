// Sets over domains, and regions touched by loops.
#include "compiler/arith/int_set.h"

#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

std::string text_of(const IntSet& s) {
  if (s.empty) return "empty";
  return "[" + (s.min ? write_sexpr(s.min) : "-") + ", " + (s.max ? write_sexpr(s.max) : "-") + "]";
}

class IntSetTest : public ArithTest {
 protected:
  void relax(const std::string& name, const std::string& min, const std::string& max) {
    domains[var(name)] = IntSet::interval(read(min), read(max));
  }
  std::string eval(const std::string& e) {
    return text_of(eval_int_set(read(e), domains, analyzer));
  }
  tir::Range range(const std::string& min, const std::string& extent) {
    return {read(min), read(extent)};
  }
  DomainMap domains;
};

TEST_F(IntSetTest, RelaxedVariablesLeaveTheLimits) {
  relax("i", "0", "15");
  EXPECT_EQ(eval("(+ (* k 16) i)"), "[(* k 16), (+ (* k 16) 15)]");
  EXPECT_EQ(eval("(- k i)"), "[(- k 15), k]");
  EXPECT_EQ(eval("(+ k 1)"), "[(+ k 1), (+ k 1)]");
  EXPECT_EQ(eval("(min i k)"), "[(min 0 k), (min 15 k)]");
}

TEST_F(IntSetTest, SymbolicDomains) {
  relax("i", "0", "(- n 1)");
  EXPECT_EQ(eval("(+ i 2)"), "[2, (+ n 1)]");
  relax("j", "i", "(+ i 3)");
  EXPECT_EQ(eval("j"), "[0, (+ n 2)]");
}

TEST_F(IntSetTest, RemaindersWithinOneBlockAreExact) {
  relax("i", "0", "3");
  EXPECT_EQ(eval("(% (+ (* k 8) i) 8)"), "[0, 3]");
  EXPECT_EQ(eval("(% i 3)"), "[0, 2]");
}

TEST_F(IntSetTest, UnionAndIntersection) {
  IntSet a = IntSet::interval(tir::i32(0), tir::i32(4)), b = IntSet::interval(tir::i32(8), {});
  EXPECT_EQ(text_of(union_of({a, b}, analyzer)), "[0, -]");
  EXPECT_EQ(text_of(intersection_of({a, b}, analyzer)), "empty");
  EXPECT_EQ(text_of(union_of({IntSet::nothing(), a}, analyzer)), "[0, 4]");
  EXPECT_TRUE(can_prove_includes(b, IntSet::point(tir::i32(9)), analyzer));
  EXPECT_FALSE(can_prove_includes(a, b, analyzer));
}

TEST_F(IntSetTest, TileOfAWindow) {
  // y = i * 2 + r, i in 0..7 within a tile, r in 0..2: rows 16 k .. 16 k + 16 are read.
  RangeMap domain{{var("i"), range("0", "8")}, {var("j"), range("0", "3")}};
  auto upper =
      estimate_region_upper_bound({range("(+ (+ (* k 16) (* i 2)) j)", "1")}, domain, {}, analyzer);
  EXPECT_EQ(text_of(upper[0]), "[(* k 16), (+ (* k 16) 16)]");
}

TEST_F(IntSetTest, LowerBoundsNeedDenseIndependentDimensions) {
  RangeMap domain{{var("i"), range("0", "8")}, {var("j"), range("0", "4")}};
  auto dense = estimate_region_lower_bound({range("(+ (* i 4) j)", "1")}, domain, {}, analyzer);
  ASSERT_TRUE(dense);
  EXPECT_EQ(text_of((*dense)[0]), "[0, 31]");
  EXPECT_FALSE(estimate_region_lower_bound({range("(* i 4)", "1")}, domain, {}, analyzer));
  EXPECT_FALSE(
      estimate_region_lower_bound({range("i", "1"), range("i", "1")}, domain, {}, analyzer));
}

TEST_F(IntSetTest, PredicatesNarrowRegions) {
  RangeMap domain{{var("i"), range("0", "8")}, {var("j"), range("0", "4")}};
  auto upper = estimate_region_upper_bound({range("(+ (* i 4) j)", "1")}, domain,
                                           read("(< (+ (* i 4) j) 30)"), analyzer);
  EXPECT_EQ(text_of(upper[0]), "[0, 29]");
}

}  // namespace
}  // namespace tenon
