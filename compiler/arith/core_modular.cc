// What terms are modulo something.
#include "compiler/arith/core.h"

namespace tenon {
namespace {

ModularSet normal(std::int64_t coeff, std::int64_t base) {
  if (coeff == 0) return {0, base};
  coeff = coeff < 0 ? -coeff : coeff;
  return {coeff, floor_mod_int(base, coeff)};
}

// Numbers this large are not worth following: they would overflow soon.
bool is_large(std::int64_t x) {
  return x > (std::int64_t{1} << 40) || x < -(std::int64_t{1} << 40);
}

ModularSet add_sets(ModularSet a, ModularSet b) {
  std::int64_t base;
  if (__builtin_add_overflow(a.base, b.base, &base)) return {};
  return normal(gcd_int(a.coeff, b.coeff), base);
}

// Holds the product of two int64 numbers.
__extension__ typedef __int128 Wide;

ModularSet mul_sets(ModularSet a, ModularSet b) {
  if (is_large(a.coeff) || is_large(a.base) || is_large(b.coeff) || is_large(b.base)) return {};
  Wide pq = static_cast<Wide>(a.coeff) * b.coeff, pb = static_cast<Wide>(a.coeff) * b.base,
       aq = static_cast<Wide>(a.base) * b.coeff, base = static_cast<Wide>(a.base) * b.base;
  constexpr Wide kLimit = INT64_MAX;
  auto is_out = [&](Wide x) { return x > kLimit || x < -kLimit; };
  if (is_out(pq) || is_out(pb) || is_out(aq) || is_out(base)) return {};
  std::int64_t g = gcd_int(gcd_int(static_cast<std::int64_t>(pq), static_cast<std::int64_t>(pb)),
                           static_cast<std::int64_t>(aq));
  return normal(g, static_cast<std::int64_t>(base));
}
ModularSet unite_sets(ModularSet a, ModularSet b) {
  std::int64_t gap;
  if (__builtin_sub_overflow(a.base, b.base, &gap)) return {};
  std::int64_t g = gcd_int(gcd_int(a.coeff, b.coeff), gap);
  return g == 0 ? ModularSet{0, a.base} : normal(g, a.base);
}
// Floor division by a positive constant; exact parts only.
ModularSet floor_div_set(ModularSet a, std::int64_t c) {
  if (a.coeff == 0) return {0, floor_div_int(a.base, c)};
  if (a.coeff % c == 0) return normal(a.coeff / c, floor_div_int(a.base, c));
  return {};
}
ModularSet floor_mod_set(ModularSet a, std::int64_t c) {
  if (a.coeff == 0) return {0, floor_mod_int(a.base, c)};
  std::int64_t g = gcd_int(a.coeff, c);
  if (g == c) return {0, floor_mod_int(a.base, c)};
  return normal(g, a.base);
}

}  // namespace

ModularSet ArithCore::modular(TermId t) {
  if (pool.is_const(t)) return {0, pool[t].value};
  if (!is_index_type(pool[t].dtype)) return {};
  if (modular_memo_.size() <= t) modular_memo_.resize(std::max<std::size_t>(pool.size(), t + 1));
  if (modular_memo_[t].epoch == epoch_) return modular_memo_[t].value;
  ModularSet m = compute_modular(t);
  if (!modulars_.empty()) {
    auto at = modulars_.find(t);
    if (at != modulars_.end() && m.coeff != 0 && at->second.coeff > m.coeff) m = at->second;
  }
  if (m.coeff != 0 && pool[t].op == TermOp::kVar) {
    auto at = bounds_.find(t);
    if (at != bounds_.end() && at->second.is_point()) m = {0, at->second.min};
  }
  if (modular_memo_.size() <= t) modular_memo_.resize(pool.size());
  modular_memo_[t] = {epoch_, m};
  return m;
}

ModularSet ArithCore::modular(const Linear& sum) {
  if (sum.overflow) return {};
  ModularSet m{0, sum.base};
  for (const LinearTerm& t : sum.terms) {
    m = add_sets(m, mul_sets(modular(t.atom), {0, t.coef}));
  }
  return m;
}

// The constant by which a shift moves, else -1.
static std::int64_t shift_amount(const TermPool& pool, const Term& t) {
  const bool is_known = pool.is_const(t.args[1]) && pool[t.args[1]].value < 40;
  return is_known ? pool[t.args[1]].value : -1;
}

ModularSet ArithCore::compute_modular(TermId id) {
  const Term& t = pool[id];
  auto arg = [&](int i) { return modular(t.args[i]); };
  // The value of a positive constant second operand, else 0.
  auto divisor = [&] {
    return pool.is_const(t.args[1]) && pool[t.args[1]].value > 0 ? pool[t.args[1]].value : 0;
  };
  auto shift = [&] { return shift_amount(pool, t); };
  auto is_nonnegative = [&] { return bound(t.args[0]).min >= 0; };
  switch (t.op) {
    case TermOp::kSum:
      return modular(linear(id));
    case TermOp::kProduct: {
      ModularSet m = arg(0);
      for (std::size_t i = 1; i < t.args.size(); ++i) m = mul_sets(m, modular(t.args[i]));
      return m;
    }
    case TermOp::kAdd:
      return add_sets(arg(0), arg(1));
    case TermOp::kSub:
      return add_sets(arg(0), mul_sets(arg(1), {0, -1}));
    case TermOp::kMul:
      return mul_sets(arg(0), arg(1));
    case TermOp::kFloorDiv:
      return divisor() > 0 ? floor_div_set(arg(0), divisor()) : ModularSet{};
    case TermOp::kFloorMod:
      return divisor() > 0 ? floor_mod_set(arg(0), divisor()) : ModularSet{};
    case TermOp::kDiv: {
      if (divisor() == 0) return {};
      ModularSet a = arg(0);
      bool is_exact = a.coeff % divisor() == 0 && a.base % divisor() == 0;
      return is_exact || is_nonnegative() ? floor_div_set(a, divisor()) : ModularSet{};
    }
    case TermOp::kMod: {
      if (divisor() == 0) return {};
      ModularSet a = arg(0);
      if (is_nonnegative()) return floor_mod_set(a, divisor());
      // a - q * c, whatever q is.
      return add_sets(a, {divisor(), 0});
    }
    case TermOp::kMin:
    case TermOp::kMax:
      return unite_sets(arg(0), arg(1));
    case TermOp::kSelect:
    case TermOp::kIfThenElse:
      return unite_sets(arg(1), arg(2));
    case TermOp::kCast: {
      ConstIntBound b = bound(t.args[0]);
      bool is_kept = t.dtype == kInt64 || (b.min >= INT32_MIN && b.max <= INT32_MAX);
      return is_index_type(pool[t.args[0]].dtype) && is_kept ? arg(0) : ModularSet{};
    }
    case TermOp::kShiftLeft:
      return shift() >= 0 ? mul_sets(arg(0), {0, std::int64_t{1} << shift()}) : ModularSet{};
    case TermOp::kShiftRight:
      return shift() >= 0 ? floor_div_set(arg(0), std::int64_t{1} << shift()) : ModularSet{};
    default:
      return {};
  }
}

}  // namespace tenon
