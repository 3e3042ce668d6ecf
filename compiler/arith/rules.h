// The table of rewriting rules: `pattern => result if condition`, one a line, in rules/*.rules.
//
// Names stand for any term; c, c1, c2 ... for integer constants; p, q, r for conditions. A rule
// is for int32 and int64. The condition is proved with what is known when the rule is tried. `and`,
// `or`, `min`, `max`, `==` and `!=` match with sides exchanged too. Every line is tested by
// evaluating both sides on random points.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/arith/term.h"

namespace tenon {

// A pattern or a result: a name (op kVar, name_index), a constant, or an operator on args.
struct RuleTerm {
  TermOp op = TermOp::kConst;
  std::int64_t value = 0;  // kConst
  bool is_bool = false;
  int name_index = -1;  // kVar
  std::vector<RuleTerm> args;
};

struct Rule {
  std::string text;  // the line
  std::vector<std::string> names;
  RuleTerm pattern, result;
  bool has_condition = false;
  RuleTerm condition;
};

bool is_constant_name(const std::string& name);
bool is_condition_name(const std::string& name);

// Throws UserError with the line when it is no rule.
Rule parse_rule(const std::string& line);
// All rules, in the order of the files and lines. Built once, read by every thread.
const std::vector<Rule>& all_rules();
// Those whose pattern has the operator at its root.
const std::vector<const Rule*>& rules_of(TermOp op);

// The text of rules/*.rules (generated when building).
extern const char* const kRuleText;

}  // namespace tenon
