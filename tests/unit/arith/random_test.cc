// Random expressions: whatever the analyzer says of them must be true at random points.
#include <random>

#include "compiler/arith/int_set.h"
#include "compiler/support/text.h"
#include "tests/unit/arith/fixture.h"

namespace tenon {
namespace {

class RandomTest : public ArithTest {
 protected:
  static constexpr int kNumExpressions = 1500;
  const std::vector<std::string> names{"x", "y", "z"};

  int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
  std::string number() {
    static const int kNumbers[] = {0, 1, 2, 3, 4, 5, 7, 8, 12, 16, -1, -2, -3, -8};
    return std::to_string(kNumbers[pick(14)]);
  }
  std::string index(int depth) {
    if (depth == 0 || pick(8) == 0)
      return pick(4) ? names[static_cast<std::size_t>(pick(3))] : number();
    static const char* kOps[] = {"+", "+", "-", "*", "//", "%", "tdiv", "tmod", "min", "max"};
    int op = pick(12);
    if (op < 10) {
      bool by_number = op >= 3 && op <= 7 && pick(5) != 0;
      return str_cat("(", kOps[op], " ", index(depth - 1), " ",
                     by_number ? number() : index(depth - 1), ")");
    }
    return str_cat(op == 10 ? "(select " : "(if_then_else ", condition(depth - 1), " ",
                   index(depth - 1), " ", index(depth - 1), ")");
  }
  std::string condition(int depth) {
    static const char* kOps[] = {"<", "<=", ">", ">=", "==", "!="};
    if (depth > 0 && pick(3) == 0) {
      int op = pick(3);
      if (op == 2) return "(not " + condition(depth - 1) + ")";
      return str_cat(op ? "(and " : "(or ", condition(depth - 1), " ", condition(depth - 1), ")");
    }
    return str_cat("(", kOps[pick(6)], " ", index(depth), " ", index(depth > 0 ? depth - 1 : 0),
                   ")");
  }
  struct Limits {
    std::int64_t low, high;
  };
  std::map<std::string, Limits> limits() {
    std::map<std::string, Limits> out;
    for (const std::string& name : names) {
      std::int64_t low = pick(24) - 12;
      out[name] = {low, low + pick(20)};
    }
    return out;
  }
  Point point(const std::map<std::string, Limits>& within) {
    Point p;
    for (const auto& [name, l] : within) {
      p[var(name)] = l.low + pick(static_cast<int>(l.high - l.low + 1));
    }
    return p;
  }

  std::mt19937_64 random{7};
};

TEST_F(RandomTest, SimplifiedExpressionsAreEqual) {
  for (int n = 0; n < kNumExpressions; ++n) {
    auto within = limits();
    Analyzer a;
    for (const auto& [name, l] : within) a.bind(var(name), l.low, l.high);
    std::string text = pick(3) ? index(4) : condition(3);
    tir::Expr e = read(text), simple = a.simplify(e);
    ConstIntBound b = a.const_int_bound(e);
    ModularSet m = a.modular_set(e);
    for (int i = 0; i < 30; ++i) {
      Point p = point(within);
      auto value = evaluate(e, p);
      if (!value) continue;
      ASSERT_EQ(evaluate(simple, p), value) << text << " -> " << write_sexpr(simple);
      ASSERT_TRUE(b.min <= *value && *value <= b.max) << text << " in " << b.min << ".." << b.max;
      ASSERT_TRUE(m.coeff == 0 ? *value == m.base : (*value - m.base) % m.coeff == 0) << text;
    }
  }
}

TEST_F(RandomTest, ProofsUnderConditionsHold) {
  for (int n = 0; n < kNumExpressions; ++n) {
    Analyzer a;
    std::string given = condition(1), also = condition(1), asked = condition(2), text = index(3);
    Analyzer::Constraint first(a, read(given));
    Analyzer::Constraint second(a, read(also));
    bool is_proved = a.can_prove(read(asked));
    tir::Expr e = read(text), simple = a.simplify(e);
    for (int i = 0; i < 40; ++i) {
      Point p;
      for (const std::string& name : names) p[var(name)] = pick(41) - 20;
      if (evaluate(read(given), p) != 1 || evaluate(read(also), p) != 1) continue;
      if (is_proved) {
        auto value = evaluate(read(asked), p);
        ASSERT_NE(value, 0) << given << " and " << also << " do not give " << asked;
      }
      auto value = evaluate(e, p);
      if (value) {
        ASSERT_EQ(evaluate(simple, p), value)
            << text << " -> " << write_sexpr(simple) << " under " << given << " and " << also;
      }
    }
  }
}

TEST_F(RandomTest, SetsHoldEveryValue) {
  for (int n = 0; n < kNumExpressions; ++n) {
    auto within = limits();
    DomainMap domains;
    for (const std::string& name : {std::string("x"), std::string("y")}) {
      domains[var(name)] =
          IntSet::interval(tir::i32(within[name].low), tir::i32(within[name].high));
    }
    Analyzer a;
    std::string text = index(3);
    tir::Expr e = read(text);
    IntSet set = eval_int_set(e, domains, a);
    for (int i = 0; i < 30; ++i) {
      Point p = point(within);
      auto value = evaluate(e, p);
      auto low = set.min ? evaluate(set.min, p) : std::nullopt;
      auto high = set.max ? evaluate(set.max, p) : std::nullopt;
      if (!value) continue;
      ASSERT_TRUE(!low || *low <= *value) << text << " >= " << write_sexpr(set.min);
      ASSERT_TRUE(!high || *high >= *value) << text << " <= " << write_sexpr(set.max);
    }
  }
}

}  // namespace
}  // namespace tenon
