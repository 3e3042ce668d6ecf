// Matches rules against terms and builds their results.
#include <functional>
#include <optional>

#include "compiler/arith/core.h"
#include "compiler/arith/rules.h"

namespace tenon {
namespace {

using Binding = std::vector<TermId>;

bool is_commutative(TermOp op) {
  return op == TermOp::kMin || op == TermOp::kMax || op == TermOp::kAnd || op == TermOp::kOr ||
         op == TermOp::kEq || op == TermOp::kNe;
}

}  // namespace

class RuleMatcher {
 public:
  RuleMatcher(ArithCore& core, const Rule& rule) : core_(core), rule_(rule) {}

  // Tries all ways to match; `found` decides whether a complete match is taken.
  template <class Found>
  bool match(const RuleTerm& p, TermId t, Binding& b, Found found) {
    const Term& term = core_.pool[t];
    if (p.op == TermOp::kConst) {
      return core_.pool.is_const(t, p.value) && (term.dtype == kBoolType) == p.is_bool && found();
    }
    if (p.op == TermOp::kVar) return bind(p, t, b, found);
    if (p.op == TermOp::kAdd) return match_sum(p, t, b, found);
    if (p.op == TermOp::kMul) return match_product(p, t, b, found);
    if (term.op != p.op) return false;
    if (match_args(p, term.args, b, found)) return true;
    return is_commutative(p.op) && match_args(p, {term.args[1], term.args[0]}, b, found);
  }

  TermId build(const RuleTerm& r, const Binding& b, DataType dtype) {
    if (r.op == TermOp::kVar) return b[static_cast<std::size_t>(r.name_index)];
    if (r.op == TermOp::kConst) {
      return r.is_bool ? core_.pool.boolean(r.value != 0) : core_.pool.constant(dtype, r.value);
    }
    std::vector<TermId> args;
    for (const RuleTerm& a : r.args) args.push_back(build(a, b, dtype));
    return core_.apply(r.op, r.is_bool ? kBoolType : dtype, args);
  }

 private:
  template <class Found>
  bool bind(const RuleTerm& p, TermId t, Binding& b, Found found) {
    auto i = static_cast<std::size_t>(p.name_index);
    if (b[i] != kNoTerm) return b[i] == t && found();
    const Term& term = core_.pool[t];
    bool is_bool = term.dtype == kBoolType;
    if (is_bool != p.is_bool || (!is_bool && !is_index_type(term.dtype))) return false;
    if (is_constant_name(rule_.names[i]) && term.op != TermOp::kConst) return false;
    b[i] = t;
    if (found()) return true;
    b[i] = kNoTerm;
    return false;
  }
  template <class Found>
  bool match_args(const RuleTerm& p, const std::vector<TermId>& args, Binding& b, Found found) {
    if (args.size() == 1) return match(p.args[0], args[0], b, found);
    if (args.size() == 2) {
      return match(p.args[0], args[0], b,
                   std::function<bool()>([&] { return match(p.args[1], args[1], b, found); }));
    }
    return match(p.args[0], args[0], b, std::function<bool()>([&] {
                   return match(p.args[1], args[1], b, std::function<bool()>([&] {
                                  return match(p.args[2], args[2], b, found);
                                }));
                 }));
  }
  // One term of a sum for the first side, the rest for the second; and exchanged.
  bool match_sum(const RuleTerm& p, TermId t, Binding& b, const std::function<bool()>& found) {
    const Term& term = core_.pool[t];
    if (term.op != TermOp::kSum) return false;
    const Linear all = core_.linear(t);
    std::size_t parts = all.terms.size() + (all.base != 0);
    if (parts < 2) return false;
    for (std::size_t i = 0; i < parts; ++i) {
      Linear one, rest = all;
      if (i < all.terms.size())
        one.add(all.terms[i].atom, all.terms[i].coef);
      else
        one.base = all.base;
      rest.add(one, -1);
      TermId x = core_.pool.sum(one, term.dtype), y = core_.pool.sum(rest, term.dtype);
      if (match_args(p, {x, y}, b, found)) return true;
      if (parts == 2) continue;
      if (match_args(p, {y, x}, b, found)) return true;
    }
    return false;
  }
  // x * c1 for one term of a sum; x * y for two factors.
  bool match_product(const RuleTerm& p, TermId t, Binding& b, const std::function<bool()>& found) {
    const Term& term = core_.pool[t];
    if (term.op == TermOp::kSum && term.args.size() == 1 && term.value == 0) {
      TermId coef = core_.pool.constant(term.dtype, term.coefs[0]);
      return match_args(p, {term.args[0], coef}, b, found);
    }
    if (term.op != TermOp::kProduct || term.args.size() != 2) return false;
    return match_args(p, {term.args[0], term.args[1]}, b, found) ||
           match_args(p, {term.args[1], term.args[0]}, b, found);
  }

  ArithCore& core_;
  const Rule& rule_;
};

TermId ArithCore::apply_rules(TermId t) {
  const std::vector<const Rule*>& rules = rules_of(pool[t].op);
  if (rules.empty() || depth_ > 16) return kNoTerm;
  const Term& term = pool[t];
  DataType dtype = term.dtype;
  for (TermId a : term.args) {
    if (dtype == kBoolType && is_index_type(pool[a].dtype)) dtype = pool[a].dtype;
  }
  ++depth_;
  TermId result = kNoTerm;
  for (const Rule* rule : rules) {
    RuleMatcher matcher(*this, *rule);
    Binding binding(rule->names.size(), kNoTerm);
    std::function<bool()> found = [&] {
      if (rule->has_condition &&
          !pool.is_const(matcher.build(rule->condition, binding, dtype), 1)) {
        return false;
      }
      result = matcher.build(rule->result, binding, dtype);
      return true;
    };
    if (matcher.match(rule->pattern, t, binding, found)) break;
  }
  --depth_;
  return result;
}

}  // namespace tenon
