// Minimum and maximum: decided by the difference, common parts taken out, nested ones flattened.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {

std::vector<TermId> ArithCore::flatten(TermOp op, TermId t) const {
  if (pool[t].op != op) return {t};
  std::vector<TermId> out = flatten(op, pool[t].args[0]);
  std::vector<TermId> more = flatten(op, pool[t].args[1]);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// min(x + 3, y + 3) -> min(x, y) + 3; min(x * 4, y * 4) -> min(x, y) * 4; min(-x, -y) ->
// -max(x, y). kNoTerm when nothing is common.
TermId ArithCore::with_common_part(TermOp op, TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear la = linear(a), lb = linear(b), common;
  for (const LinearTerm& t : la.terms) {
    const LinearTerm* other = lb.find(t.atom);
    if (other && other->coef == t.coef) common.terms.push_back(t);
  }
  bool both_open = la.terms.size() > common.terms.size() && lb.terms.size() > common.terms.size();
  if (la.base == lb.base) {
    common.base = la.base;
  } else if (both_open && la.base != 0 && lb.base != 0) {
    common.base = std::abs(la.base) < std::abs(lb.base) ? la.base : lb.base;
  }
  if (!common.terms.empty() || common.base != 0) {
    la.add(common, -1);
    lb.add(common, -1);
    TermId ra = finish(la, dtype), rb = finish(lb, dtype);
    if (ra == kNoTerm || rb == kNoTerm) return kNoTerm;
    common.add(linear(min_max(op, ra, rb)), 1);
    return finish(std::move(common), dtype);
  }
  std::int64_t g = gcd_int(gcd_int(la.gcd(), la.base), gcd_int(lb.gcd(), lb.base));
  auto is_negative = [](const Linear& l) {
    return l.base <= 0 && std::all_of(l.terms.begin(), l.terms.end(),
                                      [](const LinearTerm& t) { return t.coef < 0; });
  };
  bool is_flipped = is_negative(la) && is_negative(lb);
  if (g == 0 || (g == 1 && !is_flipped)) return kNoTerm;
  std::int64_t factor = is_flipped ? -g : g;
  for (Linear* l : {&la, &lb}) {
    l->base /= factor;
    for (LinearTerm& t : l->terms) t.coef /= factor;
  }
  TermId ra = finish(la, dtype), rb = finish(lb, dtype);
  if (ra == kNoTerm || rb == kNoTerm) return kNoTerm;
  TermOp other = op == TermOp::kMin ? TermOp::kMax : TermOp::kMin;
  TermId inner = min_max(is_flipped ? other : op, ra, rb);
  return mul(inner, pool.constant(dtype, factor));
}

// The pair as one term when something is known of it, else kNoTerm.
TermId ArithCore::min_max_pair(TermOp op, TermId a, TermId b) {
  if (a == b) return a;
  Linear d = difference(a, b);
  bool is_min = op == TermOp::kMin;
  if (prove_nonpositive(d)) return is_min ? a : b;
  if (prove_nonnegative(d)) return is_min ? b : a;
  TermId common = with_common_part(op, a, b);
  DataType dtype = pool[a].dtype;
  TermId plain = pool.make_commutative(op, dtype, a, b);
  if (common != kNoTerm && pool[common].size <= pool[plain].size) return common;
  return apply_rules(plain);
}

TermId ArithCore::min_max(TermOp op, TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  if (!is_index_type(dtype)) return a == b ? a : pool.make(op, dtype, {a, b});
  std::vector<TermId> parts = flatten(op, a);
  for (TermId t : flatten(op, b)) parts.push_back(t);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      TermId pair = min_max_pair(op, parts[j], parts[i]);
      if (pair == kNoTerm) continue;
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(j));
      if (parts.empty()) return pair;
      TermId r = parts[0];
      for (std::size_t k = 1; k < parts.size(); ++k) r = min_max(op, r, parts[k]);
      return min_max(op, r, pair);
    }
  }
  if (parts.size() == 2) return settle(pool.make_commutative(op, dtype, parts[0], parts[1]));
  // Longer chains have one order, numbers last, so that equal ones are the same term.
  std::sort(parts.begin(), parts.end(), [&](TermId x, TermId y) {
    return std::pair(pool.is_const(x), x) < std::pair(pool.is_const(y), y);
  });
  TermId r = parts[0];
  for (std::size_t k = 1; k < parts.size(); ++k) {
    r = pool.make_commutative(op, dtype, r, parts[k]);
  }
  return settle(r);
}

}  // namespace tenon
