// Functions that are computed in float64, whatever their type: they are rare in hot loops, and the
// wider arithmetic makes plain formulas accurate for float32.
#include <limits>

#include "compiler/passes/tir/math_builder.h"
#include "compiler/tir/stmt.h"

namespace tenon {

using namespace tir;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kHalfPiHigh = 1.5707963267341256;  // its last bits are zero
constexpr double kHalfPiLow = 6.077100506506192e-11;

std::vector<double> sine_series() {
  std::vector<double> series;
  double factorial = 1;
  for (int k = 3, sign = -1; k <= 17; k += 2, sign = -sign) {
    factorial *= k * (k - 1);
    series.push_back(sign / factorial);
  }
  return series;
}

std::vector<double> cosine_series() {
  std::vector<double> series;
  double factorial = 2;
  for (int k = 4, sign = 1; k <= 18; k += 2, sign = -sign) {
    factorial *= k * (k - 1);
    series.push_back(sign / factorial);
  }
  return series;
}

}  // namespace

// Accurate for |x| below about 1e9; beyond, the quarter turn is not known exactly.
Expr expand_sin_cos(MathBuilder& m, const Expr& x, bool is_cos) {
  const Expr n = m.let("n", m.unary(Intrinsic::kNearbyint, x * m.number(2 / kPi)));
  const Expr high = m.let("high", x + n * m.number(-kHalfPiHigh));
  const Expr r = m.let("r", high + n * m.number(-kHalfPiLow));
  const Expr z = m.let("z", r * r);
  const Expr cube = m.let("cube", r * z);
  const Expr sine = m.let("sine", r + cube * m.polynomial(z, sine_series()));
  const Expr fourth = m.let("fourth", z * z);
  const Expr start = m.let("start", m.number(1) + z * m.number(-0.5));
  const Expr cosine = m.let("cosine", start + fourth * m.polynomial(z, cosine_series()));
  const Expr quarter = m.let("quarter", cast(m.int_type(), n) + m.integer(is_cos ? 1 : 0));
  const auto bit = [&](std::int64_t mask) {
    return binary(BinaryOp::kNe,
                  call(Intrinsic::kBitwiseAnd, m.int_type(), {quarter, m.integer(mask)}),
                  m.integer(0));
  };
  const Expr value = m.let("value", select(bit(1), cosine, sine));
  return select(bit(2), m.number(0) - value, value);
}

// |x| > 1 by the reciprocal, then above tan(pi/8) by a rotation of pi/4.
Expr expand_atan(MathBuilder& m, const Expr& x) {
  const Expr size = m.let("size", m.unary(Intrinsic::kFabs, x));
  const Expr is_large = m.let("is_large", less(m.number(1), size));
  const Expr inner = m.let("inner", select(is_large, m.number(1) / size, size));
  const Expr rotates = m.let("rotates", less(m.number(0.41421356237309503), inner));
  const Expr turned = (inner - m.number(1)) / (inner + m.number(1));
  const Expr t = m.let("t", select(rotates, turned, inner));
  const Expr z = m.let("z", t * t);
  std::vector<double> series;
  for (int k = 3, sign = -1; k <= 39; k += 2, sign = -sign) {
    series.push_back(sign * 1.0 / k);
  }
  const Expr cube = m.let("cube", t * z);
  const Expr angle = m.let("angle", t + cube * m.polynomial(z, series));
  const Expr whole = m.let("whole", select(rotates, angle + m.number(kPi / 4), angle));
  const Expr result = m.let("result", select(is_large, m.number(kPi / 2) - whole, whole));
  return call(Intrinsic::kCopysign, m.type(), {result, x});
}

// exp(y * log|x|), with the sign of odd whole powers; the cases of C's pow.
Expr expand_pow(MathBuilder& m, const Expr& x, const Expr& y) {
  const Expr size = m.let("size", m.unary(Intrinsic::kFabs, x));
  const Expr log = m.let("log", expand_log(m, size));
  const Expr power = m.let("power", y * log);
  const Expr value = m.let("value", expand_exp(m, power));
  const Expr floor = m.unary(Intrinsic::kFloor, y);
  const Expr is_whole = m.let("is_whole", equal(floor, y));
  const Expr half = m.let("half", y * m.number(0.5));
  const Expr is_odd =
      m.let("is_odd",
            logical_and(is_whole, binary(BinaryOp::kNe, m.unary(Intrinsic::kFloor, half), half)));
  const Expr with_sign = call(Intrinsic::kCopysign, m.type(), {value, x});
  const Expr nan = m.number(std::numeric_limits<double>::quiet_NaN());
  const Expr is_infinite = equal(size, m.number(std::numeric_limits<double>::infinity()));
  const Expr even = select(binary(BinaryOp::kOr, is_whole, is_infinite), value, nan);
  const Expr negative = select(is_odd, with_sign, even);
  const Expr any = m.let("any", select(less(x, m.number(0)), negative, value));
  // A zero of either sign: odd whole powers keep the sign.
  const Expr zero = m.let("zero", select(is_odd, with_sign, value));
  const Expr checked = m.let("checked", select(equal(size, m.number(0)), zero, any));
  const Expr is_one = binary(BinaryOp::kOr, equal(y, m.number(0)), equal(x, m.number(1)));
  return select(is_one, m.number(1), checked);
}

}  // namespace tenon
