// Reads the rule table: infix expressions with the usual precedence.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "compiler/arith/rules.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

struct Operator {
  const char* word;
  TermOp op;
  int level;
  bool is_swapped;
};
// Longer words first where one begins another.
constexpr std::array kOperators = {
    Operator{"or", TermOp::kOr, 1, false},      Operator{"and", TermOp::kAnd, 2, false},
    Operator{"==", TermOp::kEq, 4, false},      Operator{"!=", TermOp::kNe, 4, false},
    Operator{"<=", TermOp::kLe, 4, false},      Operator{">=", TermOp::kLe, 4, true},
    Operator{"<", TermOp::kLt, 4, false},       Operator{">", TermOp::kLt, 4, true},
    Operator{"+", TermOp::kAdd, 5, false},      Operator{"-", TermOp::kSub, 5, false},
    Operator{"*", TermOp::kMul, 6, false},      Operator{"//", TermOp::kFloorDiv, 6, false},
    Operator{"%", TermOp::kFloorMod, 6, false},
};
struct Function {
  const char* word;
  TermOp op;
  std::size_t num_args;
};
constexpr std::array kFunctions = {
    Function{"min", TermOp::kMin, 2},       Function{"max", TermOp::kMax, 2},
    Function{"tdiv", TermOp::kDiv, 2},      Function{"tmod", TermOp::kMod, 2},
    Function{"select", TermOp::kSelect, 3}, Function{"if_then_else", TermOp::kIfThenElse, 3},
};

class RuleParser {
 public:
  RuleParser(const std::string& line, Rule& rule) : line_(line), rule_(rule) { next(); }

  void parse() {
    rule_.pattern = expression(1);
    expect("=>");
    rule_.result = expression(1);
    if (word_ == "if") {
      next();
      rule_.has_condition = true;
      rule_.condition = expression(1);
    }
    if (!word_.empty()) fail("what follows the rule is not understood");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UserError(str_cat("rule `", line_, "`: ", what, " at `", word_, "`"));
  }
  void next() {
    while (at_ < line_.size() && std::isspace(static_cast<unsigned char>(line_[at_]))) ++at_;
    std::size_t begin = at_;
    auto is_word = [&](std::size_t i) {
      return i < line_.size() &&
             (std::isalnum(static_cast<unsigned char>(line_[i])) || line_[i] == '_');
    };
    if (is_word(at_)) {
      while (is_word(at_)) ++at_;
    } else if (at_ < line_.size()) {
      static const std::array<std::string, 6> kLong = {"=>", "==", "!=", "<=", ">=", "//"};
      std::string two = line_.substr(at_, 2);
      at_ += std::find(kLong.begin(), kLong.end(), two) != kLong.end() ? 2 : 1;
    }
    word_ = line_.substr(begin, at_ - begin);
  }
  void expect(const std::string& word) {
    if (word_ != word) fail("expected `" + word + "`");
    next();
  }
  RuleTerm expression(int level) {
    RuleTerm left = prefix();
    for (;;) {
      auto at = std::find_if(kOperators.begin(), kOperators.end(),
                             [&](const Operator& o) { return word_ == o.word; });
      if (at == kOperators.end() || at->level < level) return left;
      next();
      RuleTerm right = expression(at->level + 1);
      RuleTerm whole;
      whole.op = at->op;
      whole.is_bool = at->level <= 4;
      whole.args = {left, right};
      if (at->is_swapped) std::swap(whole.args[0], whole.args[1]);
      left = whole;
    }
  }
  RuleTerm prefix() {
    RuleTerm t;
    if (word_ == "not") {
      next();
      t.op = TermOp::kNot;
      t.is_bool = true;
      t.args = {expression(3)};
      return t;
    }
    if (word_ == "-") {
      next();
      t = primary();
      if (t.op != TermOp::kConst) fail("only constants may be negated");
      t.value = -t.value;
      return t;
    }
    return primary();
  }
  RuleTerm primary() {
    RuleTerm t;
    if (word_ == "(") {
      next();
      t = expression(1);
      expect(")");
      return t;
    }
    if (word_ == "true" || word_ == "false") {
      t.value = word_ == "true";
      t.is_bool = true;
      next();
      return t;
    }
    if (auto value = parse_int(word_)) {
      t.value = *value;
      next();
      return t;
    }
    for (const Function& f : kFunctions) {
      if (word_ == f.word) return function(f);
    }
    return name();
  }
  RuleTerm function(const Function& f) {
    RuleTerm t;
    t.op = f.op;
    next();
    expect("(");
    for (std::size_t i = 0; i < f.num_args; ++i) {
      if (i > 0) expect(",");
      t.args.push_back(expression(1));
    }
    expect(")");
    t.is_bool = t.args.back().is_bool;
    return t;
  }
  RuleTerm name() {
    if (word_.empty() || !std::isalpha(static_cast<unsigned char>(word_[0])))
      fail("expected a term");
    RuleTerm t;
    t.op = TermOp::kVar;
    t.is_bool = is_condition_name(word_);
    auto at = std::find(rule_.names.begin(), rule_.names.end(), word_);
    t.name_index = static_cast<int>(at - rule_.names.begin());
    if (at == rule_.names.end()) rule_.names.push_back(word_);
    next();
    return t;
  }

  const std::string& line_;
  Rule& rule_;
  std::size_t at_ = 0;
  std::string word_;
};

}  // namespace

bool is_constant_name(const std::string& name) { return name[0] == 'c'; }
bool is_condition_name(const std::string& name) {
  return name[0] == 'p' || name[0] == 'q' || name[0] == 'r';
}

Rule parse_rule(const std::string& line) {
  Rule rule;
  rule.text = line;
  RuleParser(line, rule).parse();
  return rule;
}

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> out;
    for (const std::string& raw : split_lines(kRuleText)) {
      std::string line(trim(raw.substr(0, raw.find('#'))));
      if (!line.empty()) out.push_back(parse_rule(line));
    }
    return out;
  }();
  return rules;
}

const std::vector<const Rule*>& rules_of(TermOp op) {
  static const std::vector<std::vector<const Rule*>> table = [] {
    std::vector<std::vector<const Rule*>> out(64);
    for (const Rule& rule : all_rules()) {
      out[static_cast<std::size_t>(rule.pattern.op)].push_back(&rule);
    }
    return out;
  }();
  return table[static_cast<std::size_t>(op)];
}

}  // namespace tenon
