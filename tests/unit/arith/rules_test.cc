// Every line of the rule table, evaluated on both sides at random points where its condition holds.
#include "compiler/arith/rules.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "compiler/arith/integer.h"
#include "compiler/support/error.h"

namespace tenon {
namespace {

using Values = std::vector<std::int64_t>;

std::optional<std::int64_t> value_of(const RuleTerm& t, const Values& values) {
  if (t.op == TermOp::kConst) return t.value;
  if (t.op == TermOp::kVar) return values[static_cast<std::size_t>(t.name_index)];
  std::vector<std::int64_t> a;
  for (const RuleTerm& arg : t.args) {
    auto v = value_of(arg, values);
    if (!v) return std::nullopt;
    a.push_back(*v);
  }
  bool divides = t.op == TermOp::kFloorDiv || t.op == TermOp::kFloorMod || t.op == TermOp::kDiv ||
                 t.op == TermOp::kMod;
  if (divides && a[1] == 0) return std::nullopt;
  switch (t.op) {
    case TermOp::kAdd:
      return a[0] + a[1];
    case TermOp::kSub:
      return a[0] - a[1];
    case TermOp::kMul:
      return a[0] * a[1];
    case TermOp::kFloorDiv:
      return floor_div_int(a[0], a[1]);
    case TermOp::kFloorMod:
      return floor_mod_int(a[0], a[1]);
    case TermOp::kDiv:
      return a[0] / a[1];
    case TermOp::kMod:
      return a[0] % a[1];
    case TermOp::kMin:
      return std::min(a[0], a[1]);
    case TermOp::kMax:
      return std::max(a[0], a[1]);
    case TermOp::kEq:
      return a[0] == a[1];
    case TermOp::kNe:
      return a[0] != a[1];
    case TermOp::kLt:
      return a[0] < a[1];
    case TermOp::kLe:
      return a[0] <= a[1];
    case TermOp::kAnd:
      return a[0] && a[1];
    case TermOp::kOr:
      return a[0] || a[1];
    case TermOp::kNot:
      return !a[0];
    case TermOp::kSelect:
    case TermOp::kIfThenElse:
      return a[0] ? a[1] : a[2];
    default:
      ADD_FAILURE() << "an operator without a meaning here";
      return std::nullopt;
  }
}

TEST(Rules, BothSidesAreEqualWhereTheConditionHolds) {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<std::int64_t> number(-9, 9);
  ASSERT_FALSE(all_rules().empty());
  for (const Rule& rule : all_rules()) {
    int num_checked = 0;
    for (int i = 0; i < 4000; ++i) {
      Values values;
      for (const std::string& name : rule.names) {
        values.push_back(is_condition_name(name) ? number(random) > 0 : number(random));
      }
      if (rule.has_condition &&
          value_of(rule.condition, values) != std::optional<std::int64_t>(1)) {
        continue;
      }
      auto left = value_of(rule.pattern, values), right = value_of(rule.result, values);
      if (!left) continue;
      ++num_checked;
      ASSERT_EQ(left, right) << rule.text;
    }
    EXPECT_GT(num_checked, 100) << "hardly ever applies: " << rule.text;
  }
}

TEST(Rules, NamesOfTheResultAreBoundByThePattern) {
  for (const Rule& rule : all_rules()) {
    Rule pattern = parse_rule(rule.text.substr(0, rule.text.find("=>")) + "=> 0");
    EXPECT_EQ(pattern.names, rule.names) << rule.text;
  }
}

TEST(Rules, ALineThatIsNoRuleIsRefused) {
  try {
    parse_rule("min(x y) => x");
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "rule `min(x y) => x`: expected `,` at `y`");
  }
}

}  // namespace
}  // namespace tenon
