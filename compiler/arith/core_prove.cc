// Proofs of linear statements from bounds, facts and the meaning of div, mod, min and max.
//
// To show sum <= 0, one term at a time is replaced by something at least as large, until constant
// bounds decide. Depth and number of tries are limited.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {
namespace {

constexpr int kMaxDepth = 5;
constexpr int kMaxTries = 160;
constexpr int kMaxExpandedTerms = 64;

}  // namespace

void ArithCore::expand_into(Linear& out, const std::vector<TermId>& factors, std::int64_t coef,
                            DataType dtype, int& budget) {
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (pool[factors[i]].op != TermOp::kSum) continue;
    const Linear inner = linear(factors[i]);
    std::vector<TermId> rest = factors;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    auto scaled = [&](std::int64_t factor) {
      std::int64_t c = 0;
      if (__builtin_mul_overflow(coef, factor, &c)) out.overflow = true;
      return c;
    };
    for (const LinearTerm& t : inner.terms) {
      if (--budget < 0) {
        out.overflow = true;
        return;
      }
      std::vector<TermId> next = rest;
      const Term& atom = pool[t.atom];
      if (atom.op == TermOp::kProduct) {
        next.insert(next.end(), atom.args.begin(), atom.args.end());
      } else {
        next.push_back(t.atom);
      }
      expand_into(out, next, scaled(t.coef), dtype, budget);
    }
    if (inner.base != 0) expand_into(out, rest, scaled(inner.base), dtype, budget);
    return;
  }
  if (factors.empty()) {
    out.add_base(coef);
  } else {
    out.add(pool.product(factors, dtype), coef);
  }
}

Linear ArithCore::expand(const Linear& sum) {
  auto has_sum = [&](const LinearTerm& t) {
    const Term& atom = pool[t.atom];
    return atom.op == TermOp::kProduct &&
           std::any_of(atom.args.begin(), atom.args.end(),
                       [&](TermId f) { return pool[f].op == TermOp::kSum; });
  };
  if (std::none_of(sum.terms.begin(), sum.terms.end(), has_sum)) return sum;
  Linear out;
  out.base = sum.base;
  int budget = kMaxExpandedTerms;
  for (const LinearTerm& t : sum.terms) {
    if (!has_sum(t)) {
      out.add(t.atom, t.coef);
      continue;
    }
    std::vector<TermId> factors = pool[t.atom].args;
    expand_into(out, factors, t.coef, pool[t.atom].dtype, budget);
  }
  return out.overflow ? sum : out;
}

Linear ArithCore::difference(TermId a, TermId b) {
  Linear d = linear(a);
  d.add(linear(b), -1);
  if (d.overflow) return d;
  d = expand(d);
  while (!d.overflow && join_once(d)) {
  }
  return d;
}

bool ArithCore::prove_nonpositive(const Linear& sum) {
  if (sum.overflow) return false;
  if (bound(sum).max <= 0) return true;
  int budget = kMaxTries;
  return prove_with_facts(sum, kMaxDepth, budget);
}

bool ArithCore::prove_nonnegative(Linear sum) {
  sum.scale(-1);
  return prove_nonpositive(sum);
}

bool ArithCore::prove_nonzero(const Linear& sum) {
  if (sum.overflow) return false;
  ConstIntBound b = bound(sum);
  if (b.min > 0 || b.max < 0) return true;
  ModularSet m = modular(sum);
  if (m.coeff == 0 ? m.base != 0 : m.base % m.coeff != 0) return true;
  Linear above = sum;
  above.add_base(1);
  Linear below = sum;
  below.scale(-1);
  below.add_base(1);
  return prove_nonpositive(above) || prove_nonpositive(below);
}

// sum without `term`, using fact <= 0: the result is at least as large as a positive multiple of
// sum. Nothing when the fact does not help against the term.
std::optional<Linear> ArithCore::eliminate(const Linear& sum, const LinearTerm& term,
                                           const Linear& fact) {
  for (const LinearTerm& f : fact.terms) {
    if ((f.coef > 0) != (term.coef > 0)) continue;
    Linear multiple = fact;
    if (f.atom != term.atom) {
      const Term& whole = pool[term.atom];
      if (whole.op != TermOp::kProduct) continue;
      std::vector<TermId> rest = whole.args;
      auto at = std::find(rest.begin(), rest.end(), f.atom);
      if (at == rest.end()) continue;
      rest.erase(at);
      TermId factor = pool.product(rest, whole.dtype);
      if (bound(factor).min < 0) continue;
      Linear product;
      int budget = kMaxExpandedTerms;
      TermId sum_term = pool.sum(fact, whole.dtype);
      expand_into(product, {factor, sum_term}, 1, whole.dtype, budget);
      multiple = product;
    }
    std::int64_t g = gcd_int(f.coef, term.coef);
    Linear next = sum;
    next.scale(std::abs(f.coef / g));
    next.add(multiple, -std::abs(term.coef / g));
    if (!next.overflow) return next;
  }
  return std::nullopt;
}

namespace {

// sum with coef * atom replaced by factor / divisor * other, times divisor.
Linear replaced(const Linear& sum, const LinearTerm& term, const Linear& other,
                std::int64_t divisor) {
  Linear next = sum;
  next.add(term.atom, -term.coef);
  next.scale(divisor);
  next.add(other, term.coef);
  return next;
}

}  // namespace

// One way each: some term replaced by something at least as large; any that succeeds is a proof.
bool ArithCore::prove_with_facts(const Linear& sum, int depth, int& budget) {
  if (sum.overflow || --budget < 0) return false;
  ConstIntBound known = bound(sum);
  if (known.max <= 0) return true;
  if (depth == 0 || known.min > 0) return false;
  auto attempt = [&](const Linear& next) {
    return !next.overflow && prove_with_facts(expand(next), depth - 1, budget);
  };
  auto is_open = [&](const LinearTerm& t) {
    return is_inf(scale_bound(bound(t.atom), t.coef).max);
  };
  bool any_open = std::any_of(sum.terms.begin(), sum.terms.end(), is_open);
  for (const LinearTerm& t : sum.terms) {
    TermOp op = pool[t.atom].op;
    bool is_choice = op == TermOp::kMin || op == TermOp::kMax || op == TermOp::kSelect ||
                     op == TermOp::kIfThenElse;
    if (any_open && !is_open(t) && !is_choice) continue;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      const Linear fact = facts_[i];
      auto next = eliminate(sum, t, fact);
      if (next && attempt(*next)) return true;
    }
    const Term& atom = pool[t.atom];
    if (atom.op == TermOp::kFloorDiv && pool.is_const(atom.args[1])) {
      std::int64_t c = pool[atom.args[1]].value;
      Linear x = linear(atom.args[0]);
      if (t.coef < 0) x.add_base(1 - c);  // x // c >= (x - c + 1) / c
      if (c > 0 && attempt(replaced(sum, t, x, c))) return true;
    } else if (atom.op == TermOp::kFloorMod && t.coef > 0 && bound(atom.args[0]).min >= 0) {
      if (attempt(replaced(sum, t, linear(atom.args[0]), 1))) return true;
    } else if (atom.op == TermOp::kMin || atom.op == TermOp::kMax) {
      bool any = (atom.op == TermOp::kMin) == (t.coef > 0);
      Linear a = replaced(sum, t, linear(atom.args[0]), 1);
      Linear b = replaced(sum, t, linear(atom.args[1]), 1);
      if (any ? attempt(a) || attempt(b) : attempt(a) && attempt(b)) return true;
    } else if (atom.op == TermOp::kSelect || atom.op == TermOp::kIfThenElse) {
      Linear a = replaced(sum, t, linear(atom.args[1]), 1);
      Linear b = replaced(sum, t, linear(atom.args[2]), 1);
      if (attempt(a) && attempt(b)) return true;
    } else if (atom.op == TermOp::kProduct) {
      for (TermId f : atom.args) {
        ConstIntBound b = bound(f);
        std::int64_t limit = t.coef > 0 ? b.max : b.min;
        if (is_inf(limit)) continue;
        std::vector<TermId> rest = pool[t.atom].args;
        rest.erase(std::find(rest.begin(), rest.end(), f));
        TermId factor = pool.product(rest, pool[t.atom].dtype);
        if (bound(factor).min < 0) continue;
        Linear value = linear(factor);
        value.scale(limit);
        if (attempt(replaced(sum, t, value, 1))) return true;
      }
    }
  }
  return false;
}

bool ArithCore::prove(TermId condition) { return pool.is_const(simplify(condition), 1); }

}  // namespace tenon
