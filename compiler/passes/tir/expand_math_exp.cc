// exp, log and what is made of them. float32 polynomials come from scripts/minimax.py; float64 uses
// enough terms of the series.
#include <limits>

#include "compiler/passes/tir/math_builder.h"
#include "compiler/support/error.h"

namespace tenon {

using namespace tir;

namespace {

constexpr double kLog2e = 1.4426950408889634;
// ln 2 in two parts: the first times a small integer is exact in float32 (float64).
constexpr double kLn2High32 = 0.693145751953125;
constexpr double kLn2Low32 = 1.4286068203094172e-06;
constexpr double kLn2High64 = 0.6931471803691238;
constexpr double kLn2Low64 = 1.9082149292705877e-10;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_double(const MathBuilder& m) { return m.type().bits == 64; }

// p in exp(r) = 1 + r + r*r*p(r) for |r| <= ln(2)/2.
std::vector<double> exp_tail(const MathBuilder& m) {
  if (!is_double(m)) {
    return {0.50000000778577325,  0.16666666860578783,   0.041666270096929296,
            0.008333264382894924, 0.0013946062122507398, 0.00019918369790736321};
  }
  std::vector<double> series;
  double factorial = 1;
  for (int k = 2; k <= 14; ++k) series.push_back(1 / (factorial *= k));
  return series;
}

// (1 + r + r*r*p(r)) * 2^n; 2^n in two factors, so that denormal results and overflow come out
// right.
Expr scaled_exp(MathBuilder& m, const Expr& r, const Expr& n) {
  const Expr square = m.let("square", r * r);
  const Expr tail = m.polynomial(r, exp_tail(m));
  const Expr value = m.let("value", (m.number(1) + r) + square * tail);
  const Expr half = m.let("half", m.unary(Intrinsic::kFloor, n * m.number(0.5)));
  return value * m.power_of_two(half) * m.power_of_two(n - half);
}

// NaN stays: the constant comes first in both.
Expr clamped(MathBuilder& m, const Expr& x, double low, double high) {
  return m.let("clamped", max(m.number(low), min(m.number(high), x)));
}

}  // namespace

Expr MathBuilder::integer(std::int64_t value) const {
  const Expr scalar = int_imm(int_type().element(), value);
  return type_.lanes > 1 ? broadcast(scalar, type_.lanes) : scalar;
}

Expr MathBuilder::let(const std::string& name, const Expr& value) {
  const Expr v = make_var(name, dtype_of(value));
  lets_.emplace_back(v, value);
  return v;
}

Expr MathBuilder::polynomial(const Expr& x, const std::vector<double>& coefficients) {
  CHECK(!coefficients.empty()) << "a polynomial has coefficients";
  Expr sum = number(coefficients.back());
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) sum = number(coefficients[i]) + sum * x;
  return let("poly", sum);
}

Expr MathBuilder::unary(Intrinsic op, const Expr& x) const { return call(op, type_, {x}); }

Expr MathBuilder::bits_of(const Expr& x) const {
  return call(Intrinsic::kReinterpret, int_type(), {x});
}

Expr MathBuilder::float_of(const Expr& bits) const {
  return call(Intrinsic::kReinterpret, type_, {bits});
}

Expr MathBuilder::power_of_two(const Expr& n) const {
  const bool wide = type_.bits == 64;
  const Expr biased = cast(int_type(), n) + integer(wide ? 1023 : 127);
  return float_of(call(Intrinsic::kShiftLeft, int_type(), {biased, integer(wide ? 52 : 23)}));
}

Expr MathBuilder::wrap(Expr result) const {
  for (std::size_t i = lets_.size(); i-- > 0;) {
    result = Let{lets_[i].first, lets_[i].second, result};
  }
  return result;
}

Expr expand_exp(MathBuilder& m, const Expr& argument) {
  const bool wide = is_double(m);
  const Expr x = clamped(m, argument, wide ? -746.0 : -104.0, wide ? 710.0 : 89.0);
  const Expr n = m.let("n", m.unary(Intrinsic::kNearbyint, x * m.number(kLog2e)));
  const Expr high = m.let("high", x + n * m.number(-(wide ? kLn2High64 : kLn2High32)));
  const Expr r = m.let("r", high + n * m.number(-(wide ? kLn2Low64 : kLn2Low32)));
  return scaled_exp(m, r, n);
}

Expr expand_exp2(MathBuilder& m, const Expr& argument) {
  const bool wide = is_double(m);
  const Expr x = clamped(m, argument, wide ? -1076.0 : -151.0, wide ? 1025.0 : 129.0);
  const Expr n = m.let("n", m.unary(Intrinsic::kNearbyint, x));
  const Expr r = m.let("r", (x - n) * m.number(1 / kLog2e));
  return scaled_exp(m, r, n);
}

// x = mantissa * 2^e with mantissa in [sqrt(1/2), sqrt(2)); s = (mantissa-1)/(mantissa+1).
Expr expand_log(MathBuilder& m, const Expr& x) {
  const bool wide = is_double(m);
  const double tiny = wide ? std::numeric_limits<double>::min() : 1.17549435e-38;
  const Expr is_small = m.let("is_small", less(x, m.number(tiny)));
  const double lift = wide ? 18014398509481984.0 : 16777216.0;  // 2^54, 2^24
  const Expr normal = m.let("normal", select(is_small, x * m.number(lift), x));
  const Expr shift = select(is_small, m.number(wide ? -54 : -24), m.number(0));
  // Subtracting the bits of sqrt(1/2) first makes the exponent that of the wanted range.
  const Expr bits = m.let("bits", m.bits_of(normal));
  const Expr origin = m.integer(wide ? 0x3fe6a09e667f3bcd : 0x3f3504f3);
  const Expr exponent = m.let("exponent", call(Intrinsic::kShiftRight, m.int_type(),
                                               {bits - origin, m.integer(wide ? 52 : 23)}));
  const Expr scale =
      call(Intrinsic::kShiftLeft, m.int_type(), {exponent, m.integer(wide ? 52 : 23)});
  const Expr mantissa = m.let("mantissa", m.float_of(bits - scale));
  const Expr e = m.let("e", cast(m.type(), exponent) + shift);
  const Expr f = m.let("f", mantissa - m.number(1));
  const Expr s = m.let("s", f / (m.number(2) + f));
  const Expr z = m.let("z", s * s);
  std::vector<double> tail = {0.66666665603231079, 0.40000345573007656, 0.28536602871168926,
                              0.2359633316537092};
  if (wide) {
    tail.clear();
    for (int k = 3; k <= 21; k += 2) tail.push_back(2.0 / k);
  }
  // 2s = f - s*f, so log(1+f) = f - s*(f - z*p).
  const Expr poly = m.polynomial(z, tail);
  const Expr correction = m.let("correction", f - z * poly);
  const Expr low = m.let("low", e * m.number(wide ? kLn2Low64 : kLn2Low32) - s * correction);
  const Expr sum = m.let("sum", (low + f) + e * m.number(wide ? kLn2High64 : kLn2High32));
  const Expr not_finite = logical_not(less(x, m.number(kInfinity)));
  const Expr positive = m.let("positive", select(not_finite, x, sum));
  const Expr zero = m.number(0);
  const Expr below = select(equal(x, zero), m.number(-kInfinity),
                            m.number(std::numeric_limits<double>::quiet_NaN()));
  return select(less_equal(x, zero), below, positive);
}

// Small arguments by a polynomial (float64: the quotient is accurate enough from 1e-3 on).
Expr expand_tanh(MathBuilder& m, const Expr& x) {
  const Expr size = m.let("size", m.unary(Intrinsic::kFabs, x));
  const Expr doubled = m.let("doubled", size + size);
  const Expr e = m.let("e", expand_exp(m, doubled));
  const Expr large = m.let("large", m.number(1) - m.number(2) / (e + m.number(1)));
  const Expr signed_large = call(Intrinsic::kCopysign, m.type(), {large, x});
  const Expr z = m.let("z", x * x);
  const bool wide = is_double(m);
  std::vector<double> tail = {-0.33333331536058974, 0.13333220646749347,    -0.053947459529546313,
                              0.021700243558330629, -0.0081688708380090128, 0.0021303085249661517};
  if (wide) tail = {-1.0 / 3, 2.0 / 15, -17.0 / 315, 62.0 / 2835, -1382.0 / 155925};
  const Expr cube = m.let("cube", x * z);
  const Expr small = m.let("small", x + cube * m.polynomial(z, tail));
  return select(less(size, m.number(wide ? 0.03 : 0.625)), small, signed_large);
}

Expr expand_erf(MathBuilder& m, const Expr& x) {
  CHECK(!is_double(m)) << "erf of float64 is not expanded";
  const Expr size = m.let("size", m.unary(Intrinsic::kFabs, x));
  const Expr z = m.let("z", x * x);
  const Expr small = m.let(
      "small", x * m.polynomial(z, {1.1283791668023602, -0.37612635310416798, 0.11283719723524989,
                                    -0.026860752835521896, 0.0052044360845092136,
                                    -0.0008181927935624572, 8.5388418734900435e-05}));
  const Expr t = m.let("t", min(m.number(3.95), size) - m.number(2.4));
  const Expr p = m.polynomial(
      t, {7.2809750500526267, 5.1642364889366439, 0.94050165293302013, 0.011768467666221969,
          -0.0023843661246568441, 0.00047442168458481244, -8.6912715497883703e-05,
          8.9358945439581151e-06, -6.2707841997882837e-06, -1.135799985642696e-06});
  const Expr e = m.let("e", expand_exp(m, m.let("minus", m.number(0) - p)));
  const Expr large = call(Intrinsic::kCopysign, m.type(), {m.number(1) - e, x});
  return select(less(size, m.number(0.9)), small, large);
}

}  // namespace tenon
