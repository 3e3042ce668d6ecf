// What is known: bounds and congruences of terms, conditions that hold, linear facts. All can be
// taken back scope by scope.
#include <algorithm>

#include "compiler/arith/core.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

void ArithCore::new_epoch() { epoch_ = ++last_epoch_; }

void ArithCore::push(TermId condition) {
  TermId simple = simplify(condition);
  scopes_.push_back({facts_.size(), undo_.size(), epoch_});
  new_epoch();
  add_condition(simple);
}

void ArithCore::push_bounds(const std::vector<std::pair<TermId, ConstIntBound>>& bounds) {
  scopes_.push_back({facts_.size(), undo_.size(), epoch_});
  new_epoch();
  for (const auto& [term, limits] : bounds) tighten(term, limits);
}

void ArithCore::pop() {
  CHECK(!scopes_.empty()) << "a condition ends that never began";
  const Scope scope = scopes_.back();
  scopes_.pop_back();
  facts_.resize(scope.num_facts);
  while (undo_.size() > scope.num_undo) {
    const Undo& u = undo_.back();
    if (u.kind == Undo::kBound) {
      if (u.had)
        bounds_[u.term] = u.bound;
      else
        bounds_.erase(u.term);
    } else if (u.kind == Undo::kModular) {
      if (u.had)
        modulars_[u.term] = u.modular;
      else
        modulars_.erase(u.term);
    } else {
      if (u.had)
        truths_[u.term] = u.truth;
      else
        truths_.erase(u.term);
    }
    undo_.pop_back();
  }
  epoch_ = scope.epoch;
}

void ArithCore::assume(TermId condition) {
  TermId simple = simplify(condition);
  new_epoch();
  add_condition(simple);
}

void ArithCore::assume_of(TermId var, TermId condition) {
  only_ = var;
  assume(condition);
  only_ = kNoTerm;
}

void ArithCore::bind_bound(TermId var, ConstIntBound bound) {
  new_epoch();
  tighten(var, bound);
}

bool ArithCore::is_bound_to(TermId var, ConstIntBound bound) const {
  auto at = bounds_.find(var);
  return at != bounds_.end() && at->second == bound && !values_.count(var);
}

void ArithCore::bind_value(TermId var, TermId value) {
  TermId simple = simplify(value);
  new_epoch();
  values_[var] = simple;
}

bool ArithCore::mentions(TermId t, TermId var) const {
  if (t == var) return true;
  const Term& term = pool[t];
  if (term.op == TermOp::kOpaque) return tir::uses_var(term.expr, pool[var].expr);
  return std::any_of(term.args.begin(), term.args.end(),
                     [&](TermId a) { return mentions(a, var); });
}

void ArithCore::unbind(TermId var) {
  auto is_about = [&](const auto& entry) { return mentions(entry.first, var); };
  auto fact_is_about = [&](const Linear& f) {
    return std::any_of(f.terms.begin(), f.terms.end(),
                       [&](const LinearTerm& t) { return mentions(t.atom, var); });
  };
  bool is_known = std::any_of(bounds_.begin(), bounds_.end(), is_about) ||
                  std::any_of(values_.begin(), values_.end(), is_about) ||
                  std::any_of(modulars_.begin(), modulars_.end(), is_about) ||
                  std::any_of(truths_.begin(), truths_.end(), is_about) ||
                  std::any_of(facts_.begin(), facts_.end(), fact_is_about);
  if (!is_known) return;
  CHECK(scopes_.empty()) << "a variable is bound again inside a condition";
  new_epoch();
  std::erase_if(bounds_, is_about);
  std::erase_if(values_, is_about);
  std::erase_if(modulars_, is_about);
  std::erase_if(truths_, is_about);
  std::erase_if(facts_, fact_is_about);
}

void ArithCore::tighten(TermId atom, ConstIntBound bound) {
  auto at = bounds_.find(atom);
  bool had = at != bounds_.end();
  ConstIntBound old = had ? at->second : ConstIntBound{};
  ConstIntBound now = intersect(old, bound);
  if (now == old || now.min > now.max) return;  // an impossible condition teaches nothing
  undo_.push_back({Undo::kBound, atom, had, old, {}, false});
  bounds_[atom] = now;
}

void ArithCore::set_modular(TermId atom, ModularSet set) {
  auto at = modulars_.find(atom);
  bool had = at != modulars_.end();
  ModularSet old = had ? at->second : ModularSet{};
  if (had && (old.coeff == 0 || old.coeff >= set.coeff)) return;
  undo_.push_back({Undo::kModular, atom, had, {}, old, false});
  modulars_[atom] = set;
}

void ArithCore::add_literal(TermId condition, bool truth) {
  auto at = truths_.find(condition);
  bool had = at != truths_.end();
  undo_.push_back({Undo::kTruth, condition, had, {}, {}, had && at->second});
  truths_[condition] = truth;
}

std::optional<bool> ArithCore::known_truth(TermId condition) const {
  if (truths_.empty()) return std::nullopt;
  auto at = truths_.find(condition);
  if (at == truths_.end()) return std::nullopt;
  return at->second;
}

// Every literal is remembered, and what it says about terms as well.
void ArithCore::add_condition(TermId condition) {
  const Term& t = pool[condition];
  if (t.op == TermOp::kConst) return;
  if (t.op == TermOp::kAnd) {
    add_condition(t.args[0]);
    add_condition(t.args[1]);
    return;
  }
  add_literal(condition, true);
  if (t.op == TermOp::kNot) {
    add_literal(t.args[0], false);
    return;
  }
  bool is_comparison =
      t.op == TermOp::kEq || t.op == TermOp::kNe || t.op == TermOp::kLt || t.op == TermOp::kLe;
  if (!is_comparison || !is_index_type(pool[t.args[0]].dtype)) return;
  Linear d = difference(t.args[0], t.args[1]);
  if (d.overflow) return;
  if (t.op == TermOp::kLt) d.add_base(1);
  // The form in which comparisons are looked up.
  bool is_order = t.op == TermOp::kLt || t.op == TermOp::kLe;
  DataType dtype = pool[t.args[0]].dtype;
  TermId canonical = build_comparison(is_order ? TermOp::kLe : t.op, d, dtype);
  if (canonical != kNoTerm && canonical != condition) add_literal(canonical, true);
  if (t.op == TermOp::kLt || t.op == TermOp::kLe) {
    add_fact(d);
  } else if (t.op == TermOp::kEq) {
    add_equality(d);
  } else if (d.terms.size() == 1 && std::abs(d.terms[0].coef) == 1) {
    TermId atom = d.terms[0].atom;
    std::int64_t value = d.terms[0].coef == 1 ? -d.base : d.base;
    ConstIntBound b = bound(atom);
    if (b.min == value) tighten(atom, {value + 1, kPosInf});
    if (b.max == value) tighten(atom, {kNegInf, value - 1});
  }
}

// coef * atom + base <= 0
void ArithCore::add_fact_of_atom(TermId atom, std::int64_t coef, std::int64_t base) {
  if (coef > 0) {
    tighten(atom, {kNegInf, floor_div_int(-base, coef)});
  } else {
    tighten(atom, {ceil_div_int(base, -coef), kPosInf});
  }
  // max(a, b) <= c holds for both, as does min(a, b) >= c.
  const Term& t = pool[atom];
  if (t.op == (coef > 0 ? TermOp::kMax : TermOp::kMin)) {
    for (TermId arg : t.args) {
      Linear part = linear(arg);
      part.scale(coef);
      part.add_base(base);
      if (!part.overflow) add_fact(part);
    }
  }
}

void ArithCore::add_fact(const Linear& fact) {
  if (fact.terms.empty() || fact.overflow || fact.base == kNegInf) return;
  if (fact.terms.size() == 1) {
    add_fact_of_atom(fact.terms[0].atom, fact.terms[0].coef, fact.base);
    return;
  }
  facts_.push_back(fact);
  // Each atom is limited by what the others are at least.
  for (const LinearTerm& t : fact.terms) {
    if (only_ != kNoTerm && t.atom != only_) continue;
    Linear others = fact;
    others.add(t.atom, -t.coef);
    std::int64_t least = bound(others).min;
    if (!is_inf(least) && least != -kPosInf) add_fact_of_atom(t.atom, t.coef, least);
  }
}

void ArithCore::add_equality(const Linear& zero) {
  Linear negative = zero;
  negative.scale(-1);
  add_fact(zero);
  add_fact(negative);
  // coef * atom + others == 0 with coef == 1: the atom is what the others allow.
  for (const LinearTerm& t : zero.terms) {
    if (t.coef != 1 && t.coef != -1) continue;
    Linear others = zero;
    others.add(t.atom, -t.coef);
    if (t.coef == 1) others.scale(-1);
    ModularSet set = modular(others);
    if (set.coeff != 1) set_modular(t.atom, set);
  }
  // x % c == b says what x is modulo c.
  if (zero.terms.size() != 1 || std::abs(zero.terms[0].coef) != 1) return;
  const Term& atom = pool[zero.terms[0].atom];
  std::int64_t value = zero.terms[0].coef == 1 ? -zero.base : zero.base;
  if (atom.op != TermOp::kFloorMod || !pool.is_const(atom.args[1])) return;
  std::int64_t divisor = pool[atom.args[1]].value;
  if (divisor <= 1) return;
  set_modular(atom.args[0], {divisor, floor_mod_int(value, divisor)});
}

}  // namespace tenon
