// Detection of affine iterator maps, their inverse, and division into subspaces.
#include "compiler/arith/iter_map.h"

#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

class IterMapTest : public ArithTest {
 protected:
  void over(const std::string& name, int extent) {
    iters[var(name)] = {tir::i32(0), tir::i32(extent)};
  }
  std::vector<tir::Expr> list(const std::vector<std::string>& texts) {
    std::vector<tir::Expr> out;
    for (const std::string& t : texts) out.push_back(read(t));
    return out;
  }
  // The extents of the indices, or why there is no map.
  std::string detect(const std::vector<std::string>& indices, IterMapLevel level,
                     const std::string& predicate = "true") {
    IterMapResult r =
        detect_iter_map(list(indices), iters, read(predicate), analyzer, {.level = level});
    if (!r) return r.error;
    std::string out;
    for (const IterSum& s : r.indices) {
      out += (out.empty() ? "" : " ") + (s.args.empty() ? "1" : write_sexpr(s.args[0].extent));
    }
    return out;
  }
  RangeMap iters;
};

constexpr IterMapLevel kBijective = IterMapLevel::kBijective;
constexpr IterMapLevel kSurjective = IterMapLevel::kSurjective;
constexpr IterMapLevel kNoCheck = IterMapLevel::kNoCheck;

TEST_F(IterMapTest, SplitsAndFusionsAreFound) {
  over("i", 8);
  over("j", 16);
  EXPECT_EQ(detect({"(+ (* i 16) j)"}, kBijective), "128");
  EXPECT_EQ(detect({"(// i 2)", "(% i 2)", "j"}, kBijective), "4 2 16");
  EXPECT_EQ(detect({"(// (+ (* i 16) j) 4)", "(% (+ (* i 16) j) 4)"}, kBijective), "32 4");
  EXPECT_EQ(detect({"j", "i"}, kBijective), "16 8");
}

TEST_F(IterMapTest, LevelsDiffer) {
  over("i", 8);
  over("j", 16);
  EXPECT_EQ(detect({"j"}, kBijective), "an iterator is not used");
  EXPECT_EQ(detect({"j"}, kSurjective), "16");
  EXPECT_EQ(detect({"i", "i"}, kSurjective),
            "an iterator is not covered by the splits taken of it");
  over("i", 7);
  EXPECT_EQ(detect({"(// i 2)", "(% i 2)"}, kSurjective),
            "a padded iterator does not reach all its positions");
  EXPECT_EQ(detect({"(// i 2)", "(% i 2)"}, kNoCheck), "4 2");
}

TEST_F(IterMapTest, GapsAreRefused) {
  over("i", 8);
  over("j", 4);
  EXPECT_EQ(detect({"(+ (* i 8) j)"}, kNoCheck),
            "iterators of an index do not lie one inside the other");
  EXPECT_EQ(detect({"(* i j)"}, kNoCheck), "a product of two iterators");
}

TEST_F(IterMapTest, PredicatesNarrowFusedIterators) {
  over("i", 4);
  over("j", 8);
  EXPECT_EQ(detect({"(+ (* i 8) j)"}, kBijective, "(< (+ (* i 8) j) 30)"), "30");
  EXPECT_EQ(detect({"i", "j"}, kBijective, "(< i 3)"), "3 8");
  EXPECT_EQ(detect({"i"}, kSurjective, "(< (* i j) 3)"), "a product of two iterators");
}

// A lower limit shifts the iterator; the shift is part of every index that uses it.
TEST_F(IterMapTest, ShiftedIteratorsKeepTheirValue) {
  over("i", 4);
  over("j", 8);
  std::vector<tir::Expr> indices =
      list({"(// (- (+ (* i 8) j) 5) 5)", "(% (- (+ (* i 8) j) 5) 5)"});
  tir::Expr predicate = read("(and (<= 5 (+ (* i 8) j)) (< (+ (* i 8) j) 30))");
  IterMapResult map =
      detect_iter_map(indices, iters, predicate, analyzer, {.level = IterMapLevel::kNoCheck});
  ASSERT_TRUE(map) << map.error;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 8; ++j) {
      Point p{{var("i"), i}, {var("j"), j}};
      if (evaluate(predicate, p) != 1) continue;
      for (std::size_t k = 0; k < indices.size(); ++k) {
        ASSERT_EQ(evaluate(normalize_iter_map_to_expr(map.indices[k]), p), evaluate(indices[k], p));
      }
    }
  }
}

TEST_F(IterMapTest, OverlappingWindowsAreDenseButNotBijective) {
  over("i", 8);
  over("j", 3);
  EXPECT_EQ(detect({"(+ (* i 2) j)"}, kSurjective), "17");
  EXPECT_EQ(detect({"(+ (* i 2) j)"}, kBijective),
            "iterators of an index do not lie one inside the other");
  EXPECT_TRUE(detect_iter_map(list({"(+ (* i 2) j)"}), iters, {}, analyzer).has_overlap);
}

TEST_F(IterMapTest, SymbolicExtents) {
  analyzer.assume(read("(<= 1 n)"));
  analyzer.assume(read("(<= 1 m)"));
  iters[var("i")] = {tir::i32(0), var("n")};
  iters[var("j")] = {tir::i32(0), var("m")};
  EXPECT_EQ(detect({"(+ (* i m) j)"}, kBijective), "(* m n)");
  EXPECT_EQ(detect({"(// (+ (* i m) j) m)", "(% (+ (* i m) j) m)"}, kBijective), "n m");
}

TEST_F(IterMapTest, TheInverseGivesTheIteratorsBack) {
  over("i", 8);
  over("j", 16);
  std::vector<tir::Expr> indices = list({"(% (+ (* i 16) j) 4)", "(// (+ (* i 16) j) 4)"});
  IterMapResult map = detect_iter_map(indices, iters, {}, analyzer, {.level = kBijective});
  ASSERT_TRUE(map) << map.error;
  tir::VarMap inverse = inverse_affine_iter_map(map.indices, {var("x"), var("y")}, analyzer);
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 16; ++j) {
      Point p{{var("i"), i}, {var("j"), j}};
      Point q{{var("x"), *evaluate(indices[0], p)}, {var("y"), *evaluate(indices[1], p)}};
      ASSERT_EQ(evaluate(inverse.at(var("i")), q), i);
      ASSERT_EQ(evaluate(inverse.at(var("j")), q), j);
    }
  }
}

TEST_F(IterMapTest, SubspacesAreDivided) {
  over("i", 8);
  over("j", 16);
  over("k", 4);
  auto d =
      subspace_divide(list({"(+ (* i 16) j)", "k"}), iters, {var("j"), var("k")}, {}, analyzer);
  ASSERT_TRUE(d);
  EXPECT_EQ(write_sexpr(normalize_iter_map_to_expr(d->indices[0].outer)), "i");
  EXPECT_EQ(write_sexpr(normalize_iter_map_to_expr(d->indices[0].inner)), "j");
  EXPECT_EQ(write_sexpr(d->indices[0].inner.extent), "16");
  EXPECT_EQ(write_sexpr(d->indices[1].outer.extent), "1");
  EXPECT_FALSE(subspace_divide(list({"(+ (* i 16) j)", "k"}), iters, {var("i")}, {}, analyzer));
}

TEST_F(IterMapTest, DividedPredicatesStayOnTheirSide) {
  over("i", 8);
  over("j", 4);
  auto outer = subspace_divide(list({"i", "j"}), iters, {var("j")}, read("(< i 5)"), analyzer);
  ASSERT_TRUE(outer);
  EXPECT_EQ(write_sexpr(outer->indices[0].outer.extent), "5");
  EXPECT_FALSE(subspace_divide(list({"(+ (* i 4) j)"}), iters, {var("j")},
                               read("(< (+ (* i 4) j) 30)"), analyzer));
}

}  // namespace
}  // namespace tenon
