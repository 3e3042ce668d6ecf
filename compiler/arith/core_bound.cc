// Constant bounds of terms.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {

ConstIntBound ArithCore::bound(TermId t) {
  if (pool.is_const(t)) return {pool[t].value, pool[t].value};
  if (bound_memo_.size() <= t) bound_memo_.resize(std::max<std::size_t>(pool.size(), t + 1));
  if (bound_memo_[t].epoch == epoch_) return bound_memo_[t].value;
  ConstIntBound b = compute_bound(t);
  if (!bounds_.empty()) {
    auto at = bounds_.find(t);
    if (at != bounds_.end()) {
      ConstIntBound tight = intersect(b, at->second);
      if (tight.min <= tight.max) b = tight;
    }
  }
  if (bound_memo_.size() <= t) bound_memo_.resize(pool.size());
  bound_memo_[t] = {epoch_, b};
  return b;
}

ConstIntBound ArithCore::bound(const Linear& sum) {
  if (sum.overflow) return {};
  ConstIntBound b{sum.base, sum.base};
  for (const LinearTerm& t : sum.terms) {
    b = add_bounds(b, scale_bound(bound(t.atom), t.coef));
    if (b.min == kNegInf && b.max == kPosInf) break;
  }
  return facts_.empty() ? b : bound_from_facts(sum, b);
}

// A fact whose variable part is the sum's, scaled, limits the sum.
ConstIntBound ArithCore::bound_from_facts(const Linear& sum, ConstIntBound known) const {
  for (const Linear& f : facts_) {
    if (f.terms.size() != sum.terms.size() || f.terms.empty()) continue;
    std::int64_t scale = sum.terms[0].coef / f.terms[0].coef;
    if (scale == 0) continue;
    bool match = true;
    for (std::size_t i = 0; i < f.terms.size() && match; ++i) {
      match = f.terms[i].atom == sum.terms[i].atom &&
              mul_int(f.terms[i].coef, scale) == sum.terms[i].coef;
    }
    if (!match) continue;
    // f.terms <= -f.base
    std::int64_t limit = add_int(mul_int(neg_int(f.base), scale), sum.base);
    ConstIntBound tight = scale > 0 ? ConstIntBound{known.min, std::min(known.max, limit)}
                                    : ConstIntBound{std::max(known.min, limit), known.max};
    if (tight.min <= tight.max) known = tight;
  }
  return known;
}

ConstIntBound ArithCore::bound_of_mod(const Term& t) {
  ConstIntBound b = floor_mod_bounds(bound(t.args[0]), bound(t.args[1]));
  if (!pool.is_const(t.args[1]) || pool[t.args[1]].value <= 0) return b;
  std::int64_t c = pool[t.args[1]].value;
  ModularSet m = modular(t.args[0]);
  std::int64_t g = gcd_int(m.coeff, c);
  if (g <= 1) return b;
  std::int64_t rest = floor_mod_int(m.base, g);
  ConstIntBound tight = intersect(b, {rest, c - g + rest});
  return tight.min <= tight.max ? tight : b;
}

namespace {

ConstIntBound shift_left_bounds(ConstIntBound a, ConstIntBound b) {
  if (b.min < 0 || b.max > 62) return {};
  ConstIntBound factor{std::int64_t{1} << b.min, std::int64_t{1} << b.max};
  return mul_bounds(a, factor);
}
ConstIntBound shift_right_bounds(ConstIntBound a, ConstIntBound b) {
  if (b.min < 0 || b.max > 62) return {};
  return floor_div_bounds(a, {std::int64_t{1} << b.min, std::int64_t{1} << b.max});
}
ConstIntBound bitwise_and_bounds(ConstIntBound a, ConstIntBound b) {
  if (a.min < 0 && b.min < 0) return {};
  std::int64_t most = kPosInf;
  if (a.min >= 0) most = std::min(most, a.max);
  if (b.min >= 0) most = std::min(most, b.max);
  return {0, most};
}
ConstIntBound dtype_bounds(DataType dtype) {
  if (dtype == kBoolType) return {0, 1};
  if (dtype == kInt32) return {INT32_MIN, INT32_MAX};
  return {};
}

}  // namespace

ConstIntBound ArithCore::compute_bound(TermId id) {
  const Term& t = pool[id];
  auto arg = [&](int i) { return bound(t.args[i]); };
  switch (t.op) {
    case TermOp::kConst:
      return {t.value, t.value};
    case TermOp::kSum:
      return bound(linear(id));
    case TermOp::kProduct: {
      if (t.args.size() == 2 && t.args[0] == t.args[1]) {
        ConstIntBound b = mul_bounds(arg(0), arg(0));
        return {std::max<std::int64_t>(b.min, 0), b.max};
      }
      ConstIntBound b = arg(0);
      for (std::size_t i = 1; i < t.args.size(); ++i) b = mul_bounds(b, bound(t.args[i]));
      return b;
    }
    case TermOp::kAdd:
      return add_bounds(arg(0), arg(1));
    case TermOp::kSub:
      return add_bounds(arg(0), scale_bound(arg(1), -1));
    case TermOp::kMul:
      return mul_bounds(arg(0), arg(1));
    case TermOp::kDiv:
      return trunc_div_bounds(arg(0), arg(1));
    case TermOp::kMod:
      return trunc_mod_bounds(arg(0), arg(1));
    case TermOp::kFloorDiv:
      return floor_div_bounds(arg(0), arg(1));
    case TermOp::kFloorMod:
      return bound_of_mod(t);
    case TermOp::kMin: {
      ConstIntBound a = arg(0), b = arg(1);
      return {std::min(a.min, b.min), std::min(a.max, b.max)};
    }
    case TermOp::kMax: {
      ConstIntBound a = arg(0), b = arg(1);
      return {std::max(a.min, b.min), std::max(a.max, b.max)};
    }
    case TermOp::kSelect:
    case TermOp::kIfThenElse:
      return is_index_type(t.dtype) ? unite(arg(1), arg(2)) : dtype_bounds(t.dtype);
    case TermOp::kCast: {
      ConstIntBound b = arg(0), limits = dtype_bounds(t.dtype);
      if (pool[t.args[0]].dtype == kInt32) b = intersect(b, dtype_bounds(kInt32));
      return b.min >= limits.min && b.max <= limits.max ? b : limits;
    }
    case TermOp::kShiftLeft:
      return shift_left_bounds(arg(0), arg(1));
    case TermOp::kShiftRight:
      return shift_right_bounds(arg(0), arg(1));
    case TermOp::kBitwiseAnd:
      return bitwise_and_bounds(arg(0), arg(1));
    default:
      return t.dtype == kBoolType ? ConstIntBound{0, 1} : ConstIntBound{};
  }
}

}  // namespace tenon
