#include <cmath>
#include <limits>
#include <optional>

#include "compiler/passes/tir/math_builder.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

constexpr double kHalfPi = 1.57079632679489661923;

bool is_expanded(Intrinsic op) {
  switch (op) {
    case Intrinsic::kExp:
    case Intrinsic::kExp2:
    case Intrinsic::kExp10:
    case Intrinsic::kLog:
    case Intrinsic::kLog2:
    case Intrinsic::kLog10:
    case Intrinsic::kLog1p:
    case Intrinsic::kRsqrt:
    case Intrinsic::kTanh:
    case Intrinsic::kSigmoid:
    case Intrinsic::kErf:
    case Intrinsic::kPow:
    case Intrinsic::kSin:
    case Intrinsic::kCos:
    case Intrinsic::kTan:
    case Intrinsic::kAsin:
    case Intrinsic::kAcos:
    case Intrinsic::kAtan:
    case Intrinsic::kSinh:
    case Intrinsic::kCosh:
    case Intrinsic::kAsinh:
    case Intrinsic::kAcosh:
    case Intrinsic::kAtanh:
    case Intrinsic::kAtan2:
    case Intrinsic::kHypot:
    case Intrinsic::kFmod:
      return true;
    default:
      return false;
  }
}

// The functions whose formulas want float64.
bool wants_double(Intrinsic op) {
  switch (op) {
    case Intrinsic::kExp:
    case Intrinsic::kExp2:
    case Intrinsic::kLog:
    case Intrinsic::kLog2:
    case Intrinsic::kLog10:
    case Intrinsic::kTanh:
    case Intrinsic::kErf:
    case Intrinsic::kSigmoid:
    case Intrinsic::kRsqrt:
      return false;
    default:
      return true;
  }
}

Expr sqrt_of(const MathBuilder& m, const Expr& x) { return m.unary(Intrinsic::kSqrt, x); }

Expr by_atan(MathBuilder& m, Intrinsic op, const std::vector<Expr>& x) {
  const Expr one = m.number(1);
  if (op == Intrinsic::kAtan) return expand_atan(m, x[0]);
  if (op == Intrinsic::kAsin) {
    const Expr cosine = m.let("cosine", sqrt_of(m, (one - x[0]) * (one + x[0])));
    return expand_atan(m, m.let("ratio", x[0] / cosine));
  }
  if (op == Intrinsic::kAcos) {
    const Expr half = m.let("tangent", sqrt_of(m, (one - x[0]) / (one + x[0])));
    return m.number(2) * expand_atan(m, half);
  }
  // atan2(y, x): the angle of y/x, turned by half a circle left of the y axis.
  const Expr y = x[0], right = x[1], zero = m.number(0);
  const Expr both_zero = m.let("both_zero", logical_and(equal(y, zero), equal(right, zero)));
  const Expr ratio = m.let("ratio", select(both_zero, y, y / right));
  const Expr angle = m.let("angle", expand_atan(m, ratio));
  const Expr half_turn = call(Intrinsic::kCopysign, m.type(), {m.number(2 * kHalfPi), y});
  const Expr is_left = less(call(Intrinsic::kCopysign, m.type(), {one, right}), zero);
  return select(is_left, half_turn + select(both_zero, zero, angle), angle);
}

// sinh, cosh and the inverse functions; close to 0, two terms of the series.
Expr hyperbolic(MathBuilder& m, Intrinsic op, const Expr& x) {
  const Expr one = m.number(1), size = m.let("size", m.unary(Intrinsic::kFabs, x));
  const Expr cube = m.let("cube", x * x * x);
  const auto near_zero = [&](double third, const Expr& otherwise) {
    return select(less(size, m.number(1e-3)), x + cube * m.number(third), otherwise);
  };
  if (op == Intrinsic::kSinh || op == Intrinsic::kCosh) {
    const Expr e = m.let("e", expand_exp(m, size));
    const Expr half = m.number(0.5);
    if (op == Intrinsic::kCosh) return half * e + half / e;
    const Expr value = call(Intrinsic::kCopysign, m.type(), {half * e - half / e, x});
    return near_zero(1.0 / 6, value);
  }
  if (op == Intrinsic::kAsinh) {
    const Expr sum = m.let("sum", size + sqrt_of(m, size * size + one));
    return near_zero(-1.0 / 6, call(Intrinsic::kCopysign, m.type(), {expand_log(m, sum), x}));
  }
  if (op == Intrinsic::kAcosh) {
    const Expr sum = m.let("sum", x + sqrt_of(m, (x - one) * (x + one)));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return select(less(x, one), m.number(nan), expand_log(m, sum));
  }
  const Expr ratio = m.let("ratio", (one + x) / (one - x));
  return near_zero(1.0 / 3, m.number(0.5) * expand_log(m, ratio));
}

Expr by_exp_and_log(MathBuilder& m, Intrinsic op, const Expr& x) {
  const Expr one = m.number(1);
  switch (op) {
    case Intrinsic::kExp:
      return expand_exp(m, x);
    case Intrinsic::kExp2:
      return expand_exp2(m, x);
    case Intrinsic::kExp10:
      return expand_exp(m, m.let("scaled", x * m.number(std::log(10.0))));
    case Intrinsic::kLog:
      return expand_log(m, x);
    case Intrinsic::kLog2:
      return expand_log(m, x) * m.number(1 / std::log(2.0));
    case Intrinsic::kLog10:
      return expand_log(m, x) * m.number(1 / std::log(10.0));
    case Intrinsic::kRsqrt:
      return one / sqrt_of(m, x);
    case Intrinsic::kTanh:
      return expand_tanh(m, x);
    case Intrinsic::kErf:
      return expand_erf(m, x);
    case Intrinsic::kSigmoid: {
      const Expr e = m.let("e", expand_exp(m, m.let("minus", m.number(0) - x)));
      return one / (one + e);
    }
    default:
      break;
  }
  // log1p: the rounding of 1 + x is undone by the quotient.
  const Expr sum = m.let("sum", one + x);
  const Expr log = m.let("log", expand_log(m, sum));
  const Expr value = select(equal(sum, one), x, log * (x / (sum - one)));
  return select(equal(sum, sum + one), log, value);
}

Expr expand(MathBuilder& m, Intrinsic op, const std::vector<Expr>& x) {
  switch (op) {
    case Intrinsic::kSin:
      return expand_sin_cos(m, x[0], false);
    case Intrinsic::kCos:
      return expand_sin_cos(m, x[0], true);
    case Intrinsic::kTan: {
      const Expr sine = m.let("sin", expand_sin_cos(m, x[0], false));
      return sine / expand_sin_cos(m, x[0], true);
    }
    case Intrinsic::kPow:
      return expand_pow(m, x[0], x[1]);
    case Intrinsic::kAsin:
    case Intrinsic::kAcos:
    case Intrinsic::kAtan:
    case Intrinsic::kAtan2:
      return by_atan(m, op, x);
    case Intrinsic::kSinh:
    case Intrinsic::kCosh:
    case Intrinsic::kAsinh:
    case Intrinsic::kAcosh:
    case Intrinsic::kAtanh:
      return hyperbolic(m, op, x[0]);
    case Intrinsic::kHypot:
      return sqrt_of(m, x[0] * x[0] + x[1] * x[1]);
    case Intrinsic::kFmod: {
      const Expr whole = m.let("whole", m.unary(Intrinsic::kTrunc, x[0] / x[1]));
      return x[0] - whole * x[1];
    }
    default:
      return by_exp_and_log(m, op, x[0]);
  }
}

// x^2, x^0.5 and their like need no logarithm.
std::optional<Expr> plain_power(MathBuilder& m, const Expr& x, const Expr& exponent) {
  const auto* lanes = exponent.as<Broadcast>();
  const auto* n = (lanes ? lanes->value : exponent).as<FloatImm>();
  if (!n) return {};
  if (n->value == 1) return x;
  if (n->value == 2) return x * x;
  if (n->value == 3) return x * x * x;
  if (n->value == 4) {
    const Expr square = m.let("square", x * x);
    return square * square;
  }
  if (n->value == -1) return m.number(1) / x;
  return {};
}

Expr lower_call(const Expr& e) {
  const auto* n = e.as<Call>();
  if (!n || !is_expanded(n->op) || !n->dtype.is_float()) return e;
  const bool is_double = n->dtype.code == TypeCode::kFloat && n->dtype.bits == 64;
  if (is_double && n->op == Intrinsic::kErf) {
    throw UserError("T.erf on float64 is not generated; cast to float32");
  }
  MathBuilder own(n->dtype);
  if (n->op == Intrinsic::kPow) {
    const Expr base = own.let("x", n->args[0]);
    if (const auto power = plain_power(own, base, n->args[1])) return own.wrap(*power);
  }
  const DataType single = wants_double(n->op) || is_double ? kFloat64 : kFloat32;
  MathBuilder m(single.with_lanes(n->dtype.lanes));
  std::vector<Expr> args;
  for (const Expr& arg : n->args) args.push_back(m.let("x", cast(m.type(), arg)));
  return cast(n->dtype, m.wrap(expand(m, n->op, args)));
}

}  // namespace

PrimFunc expand_math(const PrimFunc& func) {
  return with_body(func, rewrite(func.body, {.expr = lower_call}));
}

}  // namespace tenon
