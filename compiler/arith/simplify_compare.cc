// Comparisons of integers become statements about one sum and zero: decided when they can be, else
// divided by the common factor and written with positive parts on both sides.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {

// kLe, kEq, kNe against zero.
std::optional<bool> ArithCore::decide(TermOp op, const Linear& d) {
  if (d.is_const()) {
    return op == TermOp::kLe ? d.base <= 0 : (d.base == 0) == (op == TermOp::kEq);
  }
  if (op == TermOp::kLe) {
    if (prove_nonpositive(d)) return true;
    Linear above = d;
    above.scale(-1);
    above.add_base(1);
    if (prove_nonpositive(above)) return false;
    return std::nullopt;
  }
  if (prove_nonzero(d)) return op == TermOp::kNe;
  if (prove_nonpositive(d) && prove_nonnegative(d)) return op == TermOp::kEq;
  return std::nullopt;
}

// x // c <= k is x <= k * c + c - 1, x // c >= k is x >= k * c; the same towards zero where the
// sign of k says so. x // c == k with k at the end of its range is one of these. x * y == 0 without
// a factor that is never 0.
std::optional<Linear> ArithCore::without_division(TermOp& op, const Linear& d) {
  if (d.terms.size() != 1) return std::nullopt;
  const Term& t = pool[d.terms[0].atom];
  std::int64_t coef = d.terms[0].coef;
  if (std::abs(coef) != 1) return std::nullopt;
  std::int64_t k = coef > 0 ? -d.base : d.base;
  if (t.op == TermOp::kProduct && k == 0 && op != TermOp::kLe) {
    std::vector<TermId> rest;
    for (TermId f : t.args) {
      if (!prove_nonzero(linear(f))) rest.push_back(f);
    }
    if (rest.size() == t.args.size()) return std::nullopt;
    return linear(pool.product(rest, t.dtype));
  }
  bool is_floor = t.op == TermOp::kFloorDiv;
  if ((!is_floor && t.op != TermOp::kDiv) || !pool.is_const(t.args[1])) return std::nullopt;
  std::int64_t c = pool[t.args[1]].value;
  if (c <= 0 || std::abs(k) > (std::int64_t{1} << 40) / c) return std::nullopt;
  bool at_most = coef > 0;
  if (op != TermOp::kLe) {
    ConstIntBound b = bound(d.terms[0].atom);
    if (k != b.min && k != b.max) return std::nullopt;
    at_most = k == b.min;
    if (op == TermOp::kNe) {
      k += at_most ? 1 : -1;
      at_most = !at_most;
    }
    op = TermOp::kLe;
  }
  // at_most: t <= k, else t >= k.
  Linear next = linear(t.args[0]);
  if (at_most) {
    next.add_base(-(is_floor || k >= 0 ? k * c + c - 1 : k * c));
  } else {
    next.add_base(-(is_floor || k >= 1 ? k * c : k * c - c + 1));
    next.scale(-1);
  }
  return next;
}

// x * 63 <= y with y in [0, 2] is x <= 0: what is smaller than the stride only rounds.
bool ArithCore::tighten_by_stride(TermOp op, Linear& d) {
  if (op != TermOp::kLe || d.terms.size() < 2) return false;
  for (const LinearTerm& lead : d.terms) {
    std::int64_t g = std::abs(lead.coef);
    if (g <= 1) continue;
    Linear multiples, rest;
    rest.base = d.base;
    for (const LinearTerm& t : d.terms) {
      if (t.coef % g == 0)
        multiples.add(t.atom, t.coef / g);
      else
        rest.add(t.atom, t.coef);
    }
    ConstIntBound b = bound(rest);
    if (!b.is_finite() || b.min == -kPosInf) continue;
    std::int64_t low = floor_div_int(-b.max, g), high = floor_div_int(-b.min, g);
    if (low != high || rest.terms.empty()) continue;
    multiples.base = -low;
    d = multiples;
    return true;
  }
  return false;
}

TermId ArithCore::compare_zero(TermOp op, Linear d, DataType dtype) {
  if (auto truth = decide(op, d)) return pool.boolean(*truth);
  std::int64_t g = d.gcd();
  if (g > 1) {
    if (op != TermOp::kLe && d.base % g != 0) return pool.boolean(op == TermOp::kNe);
    d.base = ceil_div_int(d.base, g);
    for (LinearTerm& t : d.terms) t.coef /= g;
  }
  if (auto next = without_division(op, d); next && fits(*next, dtype)) {
    return compare_zero(op, std::move(*next), dtype);
  }
  if (tighten_by_stride(op, d)) return compare_zero(op, std::move(d), dtype);
  if (TermId by_part = compare_parts(op, d, dtype); by_part != kNoTerm) return by_part;
  TermId t = build_comparison(op, d, dtype);
  if (t == kNoTerm) return t;
  if (auto truth = known_truth(t)) return pool.boolean(*truth);
  if (!truths_.empty()) {
    Linear opposite = d;
    if (op == TermOp::kLe) {
      opposite.scale(-1);
      opposite.add_base(1);
    }
    TermOp other = op == TermOp::kLe ? op : op == TermOp::kEq ? TermOp::kNe : TermOp::kEq;
    TermId negated = opposite.overflow ? kNoTerm : build_comparison(other, opposite, dtype);
    auto truth = negated == kNoTerm ? std::nullopt : known_truth(negated);
    if (truth) return pool.boolean(!*truth);
  }
  TermId by_rule = apply_rules(t);
  return by_rule != kNoTerm ? by_rule : t;
}

// A minimum, maximum or choice in the sum: one of its sides is decided, so the other one matters.
TermId ArithCore::compare_parts(TermOp op, const Linear& d, DataType dtype) {
  for (const LinearTerm& term : d.terms) {
    const Term& t = pool[term.atom];
    bool is_choice = t.op == TermOp::kSelect || t.op == TermOp::kIfThenElse;
    if (!is_choice && t.op != TermOp::kMin && t.op != TermOp::kMax) continue;
    auto with = [&](TermId side) {
      Linear next = d;
      next.add(term.atom, -term.coef);
      next.add(linear(side), term.coef);
      return expand(next);
    };
    TermId x = t.args[is_choice], y = t.args[is_choice + 1];
    Linear a = with(x), b = with(y);
    if (!fits(a, dtype) || !fits(b, dtype)) continue;
    if (op != TermOp::kLe && !is_choice) {
      // min(x, y) == x is x <= y.
      bool is_first = a.is_const() && a.base == 0, is_second = b.is_const() && b.base == 0;
      if (!is_first && !is_second) continue;
      bool first_is_less = is_first == (t.op == TermOp::kMin);
      TermId order = first_is_less ? compare(TermOp::kLe, x, y) : compare(TermOp::kLe, y, x);
      return op == TermOp::kEq ? order : logical_not(order);
    }
    auto is_a = decide(op, a), is_b = decide(op, b);
    if (is_choice) {
      if (!is_a || !is_b) continue;
      if (*is_a == *is_b) return pool.boolean(*is_a);
      return *is_a ? t.args[0] : logical_not(t.args[0]);
    }
    bool any = (t.op == TermOp::kMin) == (term.coef > 0);
    if (is_a && *is_a != any) return compare_zero(op, b, dtype);
    if (is_b && *is_b != any) return compare_zero(op, a, dtype);
  }
  return kNoTerm;
}

TermId ArithCore::build_comparison(TermOp op, const Linear& d, DataType dtype) {
  Linear left, right;
  for (const LinearTerm& t : d.terms) {
    if (t.coef > 0)
      left.add(t.atom, t.coef);
    else
      right.add(t.atom, -t.coef);
  }
  if (op == TermOp::kLe) {
    // left + base <= right, written with < unless that would be longer.
    bool is_strict = d.base == 1 || (d.base != 0 && !left.is_const());
    std::int64_t base = d.base - is_strict;
    if (left.is_const() || (base > 0 && !right.is_const()))
      left.base = base;
    else
      right.base = -base;
    if (is_strict) op = TermOp::kLt;
  } else {
    if (left.is_const()) std::swap(left, right);
    bool is_swapped = d.terms[0].coef < 0 && right.is_const();
    std::int64_t base = is_swapped ? -d.base : d.base;
    if (right.is_const() || base < 0)
      right.base = -base;
    else
      left.base = base;
  }
  if (!fits(left, dtype) || !fits(right, dtype)) return kNoTerm;
  return pool.make(op, kBoolType, {pool.sum(left, dtype), pool.sum(right, dtype)});
}

TermId ArithCore::compare_index(TermOp op, TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear d = difference(a, b);
  bool is_strict = op == TermOp::kLt;
  if (is_strict) d.add_base(1);
  bool is_order = op == TermOp::kLt || op == TermOp::kLe;
  if (!is_order && pool.is_const(a)) std::swap(a, b);
  TermId plain = pool.make(op, kBoolType, {a, b});
  std::int64_t least = dtype == kInt32 ? INT32_MIN : INT64_MIN;
  if (op == TermOp::kLe && (pool.is_const(a, least) || pool.is_const(b, -(least + 1)))) {
    return pool.boolean(true);
  }
  if (!fits(d, dtype)) return plain;
  TermId r = compare_zero(is_strict ? TermOp::kLe : op, std::move(d), dtype);
  if (r == kNoTerm) return plain;
  // Of equally long forms the one that was written stays.
  return pool[r].size < pool[plain].size ? r : plain;
}

TermId ArithCore::compare(TermOp op, TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  if (is_index_type(dtype)) return compare_index(op, a, b);
  if (pool.is_const(a) && pool.is_const(b)) {
    std::int64_t x = pool[a].value, y = pool[b].value;
    bool r = op == TermOp::kEq   ? x == y
             : op == TermOp::kNe ? x != y
             : op == TermOp::kLt ? x < y
                                 : x <= y;
    return pool.boolean(r);
  }
  if (a == b) return pool.boolean(op == TermOp::kEq || op == TermOp::kLe);
  TermId t = pool.make(op, kBoolType, {a, b});
  TermId by_rule = apply_rules(t);
  return by_rule != kNoTerm ? by_rule : t;
}

}  // namespace tenon
