// Division and remainder. floor(dividend / c) by a constant takes out what c divides, drops what is
// too small to matter, and cancels common factors; by a symbol, what has the symbol as a factor.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {
namespace {

// The parts of `sum` with coefficients divisible by `divisor` (the constant stays in the rest).
Linear take_divisible(Linear& sum, std::int64_t divisor) {
  Linear taken;
  std::vector<LinearTerm> rest;
  for (const LinearTerm& t : sum.terms) {
    (t.coef % divisor == 0 ? taken.terms : rest).push_back(t);
  }
  sum.terms = std::move(rest);
  return taken;
}

void divide(Linear& sum, std::int64_t divisor) {
  sum.base = floor_div_int(sum.base, divisor);
  for (LinearTerm& t : sum.terms) t.coef /= divisor;
}

// Candidate strides: divisors of c that some but not all coefficients have, largest first.
std::vector<std::int64_t> strides_of(const Linear& sum, std::int64_t c) {
  std::vector<std::int64_t> out;
  for (const LinearTerm& t : sum.terms) {
    std::int64_t g = gcd_int(t.coef, c);
    if (g > 1) out.push_back(g);
  }
  std::sort(out.begin(), out.end(), std::greater<>());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

// The rest of a sum of which multiples of `stride` are taken: nothing when it may leave one
// stride, else how many strides it lies above 0.
std::optional<std::int64_t> ArithCore::stride_of_rest(const Linear& rest, std::int64_t stride) {
  ConstIntBound b = bound(rest);
  if (!b.is_finite()) return std::nullopt;
  std::int64_t k = floor_div_int(b.min, stride);
  if (k != floor_div_int(b.max, stride)) return std::nullopt;
  return k;
}

TermId ArithCore::div_const(Linear sum, std::int64_t c, DataType dtype) {
  std::int64_t g = gcd_int(sum.gcd(), c);
  if (g == 0) g = c;
  divide(sum, g);
  c /= g;
  if (c == 1) return finish(std::move(sum), dtype);
  Linear quotient = take_divisible(sum, c);
  divide(quotient, c);
  if (sum.base % c == 0) {
    quotient.base = sum.base / c;
    sum.base = 0;
  }
  auto with = [&](const Linear& rest) {
    Linear all = quotient;
    all.add(rest, 1);
    return finish(std::move(all), dtype);
  };
  if (auto k = stride_of_rest(sum, c)) {
    Linear constant;
    constant.base = *k;
    return with(constant);
  }
  for (std::int64_t stride : strides_of(sum, c)) {
    Linear rest = sum;
    Linear taken = take_divisible(rest, stride);
    auto k = stride_of_rest(rest, stride);
    if (!k) continue;
    divide(taken, stride);
    taken.base = *k;
    TermId inner = div_const(std::move(taken), c / stride, dtype);
    return inner == kNoTerm ? kNoTerm : with(linear(inner));
  }
  if (TermId inner = div_nested(sum, c, dtype); inner != kNoTerm) return with(linear(inner));
  TermId dividend = finish(sum, dtype);
  if (dividend == kNoTerm || !fits(c, dtype)) return kNoTerm;
  TermId atom = pool.make(TermOp::kFloorDiv, dtype, {dividend, pool.constant(dtype, c)});
  TermId whole = with(linear(settle(atom)));
  TermId other = div_split_coefs(sum, quotient, c, dtype);
  return other != kNoTerm && pool[other].size < pool[whole].size ? other : whole;
}

// A quotient or remainder divided again: (x // d + b) // c -> (x + b * d) // (d * c) and
// (x % d) // c -> (x // c) % (d / c). kNoTerm when the sum is none.
TermId ArithCore::div_nested(const Linear& sum, std::int64_t c, DataType dtype) {
  if (sum.terms.size() != 1 || sum.terms[0].coef != 1) return kNoTerm;
  const Term& t = pool[sum.terms[0].atom];
  std::int64_t d = t.args.size() == 2 && pool.is_const(t.args[1]) ? pool[t.args[1]].value : 0;
  std::int64_t whole = 0, offset = 0;
  if (t.op == TermOp::kFloorDiv && d > 0 && !__builtin_mul_overflow(d, c, &whole) &&
      !__builtin_mul_overflow(d, sum.base, &offset) && fits(whole, dtype)) {
    Linear x = linear(t.args[0]);
    x.add_base(offset);
    return x.overflow ? kNoTerm : div_const(std::move(x), whole, dtype);
  }
  if (t.op == TermOp::kFloorMod && d > 0 && d % c == 0 && sum.base == 0) {
    TermId inner = floor_div(t.args[0], pool.constant(dtype, c));
    return floor_mod(inner, pool.constant(dtype, d / c));
  }
  return kNoTerm;
}

// quotient + sum // c with the whole parts of the coefficients taken out: 65 * x // 64 ->
// x + x // 64. kNoTerm when there are none.
TermId ArithCore::div_split_coefs(Linear sum, Linear quotient, std::int64_t c, DataType dtype) {
  bool is_changed = false;
  for (LinearTerm& t : sum.terms) {
    if (std::abs(t.coef) < c) continue;
    quotient.add(t.atom, floor_div_int(t.coef, c));
    t.coef = floor_mod_int(t.coef, c);
    is_changed = true;
  }
  if (!is_changed) return kNoTerm;
  TermId rest = div_const(std::move(sum), c, dtype);
  if (rest == kNoTerm) return kNoTerm;
  quotient.add(linear(rest), 1);
  return finish(std::move(quotient), dtype);
}

TermId ArithCore::mod_const(Linear sum, std::int64_t c, DataType dtype) {
  if (c == 1) return pool.constant(dtype, 0);
  if (auto k = stride_of_rest(sum, c)) {
    sum.add_base(-*k * c);
    return finish(std::move(sum), dtype);
  }
  take_divisible(sum, c);
  for (LinearTerm& t : sum.terms) {
    if (std::abs(t.coef) >= c) t.coef = floor_mod_int(t.coef, c);
  }
  sum.base = floor_mod_int(sum.base, c);
  // coef * (x % m) is coef * x modulo c when c divides coef * m.
  for (std::size_t i = 0; i < sum.terms.size(); ++i) {
    const LinearTerm term = sum.terms[i];
    const Term& t = pool[term.atom];
    bool is_mod = t.op == TermOp::kFloorMod || t.op == TermOp::kMod;
    if (!is_mod || !pool.is_const(t.args[1])) continue;
    if (mul_int(pool[t.args[1]].value, term.coef) % c != 0) continue;
    sum.add(term.atom, -term.coef);
    sum.add(linear(t.args[0]), term.coef);
    return sum.overflow ? kNoTerm : mod_const(std::move(sum), c, dtype);
  }
  if (auto k = stride_of_rest(sum, c)) {
    sum.add_base(-*k * c);
    return finish(std::move(sum), dtype);
  }
  for (std::int64_t stride : strides_of(sum, c)) {
    Linear rest = sum;
    Linear taken = take_divisible(rest, stride);
    auto k = stride_of_rest(rest, stride);
    if (!k) continue;
    divide(taken, stride);
    taken.base = *k;
    TermId inner = mod_const(std::move(taken), c / stride, dtype);
    if (inner == kNoTerm) return kNoTerm;
    rest.add_base(-*k * stride);
    rest.add(linear(inner), stride);
    return finish(std::move(rest), dtype);
  }
  TermId dividend = finish(sum, dtype);
  if (dividend == kNoTerm || !fits(c, dtype)) return kNoTerm;
  return settle(pool.make(TermOp::kFloorMod, dtype, {dividend, pool.constant(dtype, c)}));
}

TermId ArithCore::floor_div(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  if (!pool.is_const(b)) return div_symbol(a, b);
  std::int64_t c = pool[b].value;
  TermId r = kNoTerm;
  if (c != 0 && c != INT64_MIN) {
    Linear sum = linear(a);
    if (c < 0) sum.scale(-1);
    if (!sum.overflow) r = div_const(std::move(sum), std::abs(c), dtype);
  }
  return r != kNoTerm ? r : pool.make(TermOp::kFloorDiv, dtype, {a, b});
}

TermId ArithCore::floor_mod(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  if (!pool.is_const(b)) return mod_symbol(a, b);
  std::int64_t c = pool[b].value;
  TermId r = kNoTerm;
  if (c != 0 && c != INT64_MIN) {
    Linear sum = linear(a);
    if (c < 0) sum.scale(-1);
    if (!sum.overflow) r = mod_const(std::move(sum), std::abs(c), dtype);
    if (c < 0 && r != kNoTerm) r = mul(r, pool.constant(dtype, -1));
  }
  return r != kNoTerm ? r : pool.make(TermOp::kFloorMod, dtype, {a, b});
}

// Takes the multiples of the symbolic divisor out of `sum`: sum = quotient * divisor + rest.
Linear ArithCore::take_multiples(Linear& sum, TermId divisor, DataType dtype) {
  Linear quotient;
  Linear d = linear(divisor);
  // Several terms: the divisor may stand in the sum as it is, times a number.
  if (d.terms.size() + (d.base != 0) > 1) {
    const LinearTerm* lead = sum.find(d.terms[0].atom);
    std::int64_t q = lead ? lead->coef / d.terms[0].coef : 0;
    bool is_multiple = q != 0;
    for (const LinearTerm& t : d.terms) {
      const LinearTerm* found = sum.find(t.atom);
      is_multiple &= found && found->coef == mul_int(t.coef, q);
    }
    if (is_multiple) {
      sum.add(d, -q);
      quotient.base = q;
    }
  }
  std::int64_t coef = std::max<std::int64_t>(gcd_int(d.gcd(), d.base), 1);
  Linear unit = d;
  divide(unit, coef);
  std::vector<TermId> factors{pool.sum(unit, dtype)};
  if (pool[factors[0]].op == TermOp::kProduct) factors = std::vector<TermId>(pool[factors[0]].args);
  const std::vector<LinearTerm> terms = sum.terms;
  for (const LinearTerm& t : terms) {
    if (t.coef % coef != 0) continue;
    std::vector<TermId> rest{t.atom};
    if (pool[t.atom].op == TermOp::kProduct) rest = std::vector<TermId>(pool[t.atom].args);
    bool has_all = true;
    for (TermId f : factors) {
      auto at = std::find(rest.begin(), rest.end(), f);
      if (at == rest.end()) {
        has_all = false;
        break;
      }
      rest.erase(at);
    }
    if (!has_all) continue;
    sum.add(t.atom, -t.coef);
    quotient.add(linear(pool.product(rest, dtype)), t.coef / coef);
  }
  return quotient;
}

// Whether 0 <= sum < divisor.
bool ArithCore::is_within(const Linear& sum, TermId divisor) {
  Linear gap = sum;
  gap.add(linear(divisor), -1);
  gap.add_base(1);
  return prove_nonnegative(sum) && prove_nonpositive(gap);
}

TermId ArithCore::div_symbol(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear rest = expand(linear(a));
  if (rest.is_const() && rest.base == 0) return a;
  Linear quotient = take_multiples(rest, b, dtype);
  if (is_within(rest, b)) {
    TermId r = finish(std::move(quotient), dtype);
    if (r != kNoTerm) return r;
  }
  TermId dividend = finish(rest, dtype);
  if (dividend != kNoTerm && !rest.overflow) {
    TermId atom = pool.make(TermOp::kFloorDiv, dtype, {dividend, b});
    quotient.add(linear(settle(atom)), 1);
    TermId r = finish(std::move(quotient), dtype);
    if (r != kNoTerm) return r;
  }
  return pool.make(TermOp::kFloorDiv, dtype, {a, b});
}

TermId ArithCore::mod_symbol(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear rest = expand(linear(a));
  take_multiples(rest, b, dtype);
  TermId dividend = rest.overflow ? kNoTerm : finish(rest, dtype);
  if (dividend == kNoTerm) return pool.make(TermOp::kFloorMod, dtype, {a, b});
  if (is_within(rest, b)) return dividend;
  return settle(pool.make(TermOp::kFloorMod, dtype, {dividend, b}));
}

TermId ArithCore::trunc_div(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  ConstIntBound ba = bound(a), bb = bound(b);
  if (ba.min >= 0 && bb.min >= 0) return floor_div(a, b);
  TermId minus = pool.constant(dtype, -1);
  if (pool.is_const(b) && pool[b].value < 0 && fits(-pool[b].value, dtype) &&
      pool[b].value != INT64_MIN) {
    return mul(trunc_div(a, pool.constant(dtype, -pool[b].value)), minus);
  }
  if (!pool.is_const(b) || pool[b].value <= 0) return pool.make(TermOp::kDiv, dtype, {a, b});
  std::int64_t c = pool[b].value;
  Linear sum = linear(a);
  std::int64_t g = gcd_int(gcd_int(sum.gcd(), sum.base), c);
  divide(sum, g);
  c /= g;
  TermId dividend = finish(sum, dtype);
  if (dividend == kNoTerm || c == 1) {
    return dividend == kNoTerm ? pool.make(TermOp::kDiv, dtype, {a, b}) : dividend;
  }
  const Term& t = pool[dividend];
  std::int64_t whole = 0;
  if (t.op == TermOp::kDiv && pool.is_const(t.args[1]) && pool[t.args[1]].value > 0 &&
      !__builtin_mul_overflow(pool[t.args[1]].value, c, &whole) && fits(whole, dtype)) {
    return trunc_div(t.args[0], pool.constant(dtype, whole));
  }
  return settle(pool.make(TermOp::kDiv, dtype, {dividend, pool.constant(dtype, c)}));
}

TermId ArithCore::trunc_mod(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  ConstIntBound ba = bound(a), bb = bound(b);
  if (ba.min >= 0 && bb.min >= 0) return floor_mod(a, b);
  if (!pool.is_const(b) || pool[b].value == 0 || !fits(-pool[b].value, dtype)) {
    return pool.make(TermOp::kMod, dtype, {a, b});
  }
  std::int64_t c = std::abs(pool[b].value);
  if (ba.is_finite() && ba.min > -c && ba.max < c) return a;
  Linear sum = linear(a);
  std::int64_t g = gcd_int(gcd_int(sum.gcd(), sum.base), c);
  if (g == c) return pool.constant(dtype, 0);
  const Term& t = pool[a];
  if (t.op == TermOp::kMod && pool.is_const(t.args[1]) && pool[t.args[1]].value % c == 0) {
    return trunc_mod(t.args[0], b);
  }
  divide(sum, g);
  TermId dividend = finish(sum, dtype);
  if (dividend == kNoTerm) return pool.make(TermOp::kMod, dtype, {a, b});
  TermId rest = settle(pool.make(TermOp::kMod, dtype, {dividend, pool.constant(dtype, c / g)}));
  return mul(rest, pool.constant(dtype, g));
}

}  // namespace tenon
