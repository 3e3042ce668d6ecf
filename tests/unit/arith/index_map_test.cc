// Layout maps: shapes, inverses, padding.
#include "compiler/arith/index_map.h"

#include "compiler/support/error.h"
#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

class IndexMapTest : public ArithTest {
 protected:
  IndexMap map(const std::vector<std::string>& from, const std::vector<std::string>& to) {
    IndexMap m;
    for (const std::string& v : from) m.initial_vars.push_back(var(v));
    for (const std::string& e : to) m.final_exprs.push_back(read(e));
    return m;
  }
  static std::vector<tir::Range> ranges(const std::vector<int>& shape) {
    std::vector<tir::Range> out;
    for (int n : shape) out.push_back({tir::i32(0), tir::i32(n)});
    return out;
  }
  static std::string text(const std::vector<tir::Expr>& list) {
    std::string out;
    for (const tir::Expr& e : list) out += (out.empty() ? "" : " ") + write_sexpr(e);
    return out;
  }
};

TEST_F(IndexMapTest, BlockedLayout) {
  IndexMap m = map({"i", "j"}, {"(// i 4)", "j", "(% i 4)"});
  EXPECT_EQ(text(map_shape(m, {tir::i32(16), tir::i32(8)}, analyzer)), "4 8 4");
  EXPECT_EQ(text(map_indices(m, {read("(+ (* x 4) 1)"), var("y")}, analyzer)), "x y 1");
  IndexMap back = inverse_of(m, ranges({16, 8}), analyzer);
  EXPECT_EQ(text(back.final_exprs), "(+ (* axis0 4) axis2) axis1");
}

TEST_F(IndexMapTest, PaddedLayout) {
  IndexMap m = map({"i"}, {"(// i 4)", "(% i 4)"});
  EXPECT_EQ(text(map_shape(m, {tir::i32(14)}, analyzer)), "4 4");
  EXPECT_THROW(inverse_of(m, ranges({14}), analyzer), UserError);
  PaddedInverse back = non_surjective_inverse_of(m, ranges({14}), analyzer);
  EXPECT_EQ(text(back.map.final_exprs), "(+ (* axis0 4) axis1)");
  EXPECT_EQ(write_sexpr(back.padding_predicate), "(and (== axis0 3) (<= 2 axis1))");
}

TEST_F(IndexMapTest, MapsThatLoseIndicesAreRefused) {
  EXPECT_THROW(inverse_of(map({"i", "j"}, {"i"}), ranges({4, 4}), analyzer), UserError);
  EXPECT_THROW(inverse_of(map({"i", "j"}, {"(+ i j)"}), ranges({4, 4}), analyzer), UserError);
  EXPECT_THROW(
      non_surjective_inverse_of(map({"i", "j"}, {"(+ (* i 2) j)"}), ranges({4, 4}), analyzer),
      UserError);
}

TEST_F(IndexMapTest, TheAuthorsInverseIsUsed) {
  IndexMap m = map({"i"}, {"(// i 3)", "(% i 3)"});
  m.inverse_vars = {var("x"), var("y")};
  m.inverse_exprs = {read("(+ (* x 3) y)")};
  EXPECT_EQ(text(inverse_of(m, ranges({14}), analyzer).final_exprs), "(+ (* x 3) y)");
}

TEST_F(IndexMapTest, Equivalence) {
  IndexMap a = map({"i", "j"}, {"(+ (* i 4) j)"}), b = map({"x", "y"}, {"(+ y (* 4 x))"});
  EXPECT_TRUE(equivalent(a, b, analyzer));
  EXPECT_FALSE(equivalent(a, map({"x", "y"}, {"(+ x (* 4 y))"}), analyzer));
}

}  // namespace
}  // namespace tenon
