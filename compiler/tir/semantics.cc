#include "compiler/tir/semantics.h"

#include <bit>
#include <cmath>
#include <limits>

#include "compiler/support/error.h"
#include "compiler/tir/small_float.h"

namespace tenon::tir {
namespace {

const Binary* product(const Expr& e) {
  const auto* n = e.as<Binary>();
  return n && n->op == BinaryOp::kMul && n->dtype.code == TypeCode::kFloat ? n : nullptr;
}

Scalar integer(std::int64_t v) {
  Scalar s;
  s.i = v;
  return s;
}

Scalar real(double v) {
  Scalar s;
  s.f = v;
  return s;
}

std::uint64_t bits_of(std::int64_t v) { return static_cast<std::uint64_t>(v); }
std::int64_t from_bits(std::uint64_t v) { return static_cast<std::int64_t>(v); }

double float_binary(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMin:
      return a < b ? a : b;
    case BinaryOp::kMax:
      return a > b ? a : b;
    default:
      break;
  }
  CHECK(false) << "float operation " << static_cast<int>(op);
  return 0;
}

// Quotients and remainders in the type's own precision: each step is rounded.
double float_division(BinaryOp op, DataType type, double a, double b) {
  const double quotient = round_to(type, a / b);
  const double whole = op == BinaryOp::kMod ? std::trunc(quotient) : std::floor(quotient);
  if (op == BinaryOp::kFloorDiv) return whole;
  return a - round_to(type, whole * b);
}

bool compare(BinaryOp op, int order, bool ordered) {
  switch (op) {
    case BinaryOp::kEq:
      return ordered && order == 0;
    case BinaryOp::kNe:
      return !ordered || order != 0;
    case BinaryOp::kLt:
      return ordered && order < 0;
    case BinaryOp::kLe:
      return ordered && order <= 0;
    case BinaryOp::kGt:
      return ordered && order > 0;
    default:
      return ordered && order >= 0;
  }
}

std::int64_t signed_division(BinaryOp op, std::int64_t a, std::int64_t b) {
  if (b == -1)
    return op == BinaryOp::kDiv || op == BinaryOp::kFloorDiv ? from_bits(-bits_of(a)) : 0;
  const std::int64_t quotient = a / b, remainder = a % b;
  const bool adjusts = remainder != 0 && (remainder < 0) != (b < 0);
  switch (op) {
    case BinaryOp::kDiv:
      return quotient;
    case BinaryOp::kMod:
      return remainder;
    case BinaryOp::kFloorDiv:
      return adjusts ? quotient - 1 : quotient;
    default:
      return adjusts ? remainder + b : remainder;
  }
}

std::int64_t integer_binary(BinaryOp op, DataType type, std::int64_t a, std::int64_t b) {
  const bool is_signed = type.is_int();
  const bool less = is_signed ? a < b : bits_of(a) < bits_of(b);
  switch (op) {
    case BinaryOp::kAdd:
      return from_bits(bits_of(a) + bits_of(b));
    case BinaryOp::kSub:
      return from_bits(bits_of(a) - bits_of(b));
    case BinaryOp::kMul:
      return from_bits(bits_of(a) * bits_of(b));
    case BinaryOp::kMin:
      return less ? a : b;
    case BinaryOp::kMax:
      return less ? b : a;
    case BinaryOp::kAnd:
      return a && b;
    case BinaryOp::kOr:
      return a || b;
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
      if (b == 0) throw UserError("division by zero");
      if (is_signed) return signed_division(op, a, b);
      return from_bits(op == BinaryOp::kDiv || op == BinaryOp::kFloorDiv ? bits_of(a) / bits_of(b)
                                                                         : bits_of(a) % bits_of(b));
    default:
      return compare(op, less ? -1 : a == b ? 0 : 1, true);
  }
}

std::int64_t shift(Intrinsic op, DataType type, std::int64_t a, std::int64_t b) {
  if (b < 0 || b >= type.bits)
    throw UserError("a shift by " + std::to_string(b) + " of a value of type " + to_string(type));
  if (op == Intrinsic::kShiftLeft) return from_bits(bits_of(a) << b);
  return type.is_int() ? a >> b : from_bits(bits_of(a) >> b);
}

std::optional<std::int64_t> integer_intrinsic(Intrinsic op, DataType type, std::int64_t a,
                                              std::int64_t b) {
  switch (op) {
    case Intrinsic::kBitwiseAnd:
      return a & b;
    case Intrinsic::kBitwiseOr:
      return a | b;
    case Intrinsic::kBitwiseXor:
      return a ^ b;
    case Intrinsic::kBitwiseNot:
      return ~a;
    case Intrinsic::kShiftLeft:
    case Intrinsic::kShiftRight:
      return shift(op, type, a, b);
    case Intrinsic::kAbs:
    case Intrinsic::kFabs:
      return a < 0 ? from_bits(-bits_of(a)) : a;
    case Intrinsic::kPopcount:
      return std::popcount(bits_of(a) & (~std::uint64_t{0} >> (64 - type.bits)));
    case Intrinsic::kClz: {
      const std::uint64_t low = bits_of(a) & (~std::uint64_t{0} >> (64 - type.bits));
      return std::countl_zero(low) - (64 - type.bits);
    }
    case Intrinsic::kIsnan:
    case Intrinsic::kIsinf:
      return 0;
    case Intrinsic::kIsfinite:
      return 1;
    case Intrinsic::kFloor:
    case Intrinsic::kCeil:
    case Intrinsic::kTrunc:
    case Intrinsic::kRound:
    case Intrinsic::kNearbyint:
    case Intrinsic::kLikely:
      return a;
    default:
      return std::nullopt;
  }
}

std::optional<double> transcendental(Intrinsic op, double a, double b) {
  switch (op) {
    case Intrinsic::kExp:
      return std::exp(a);
    case Intrinsic::kExp2:
      return std::exp2(a);
    case Intrinsic::kExp10:
      return std::pow(10.0, a);
    case Intrinsic::kLog:
      return std::log(a);
    case Intrinsic::kLog2:
      return std::log2(a);
    case Intrinsic::kLog10:
      return std::log10(a);
    case Intrinsic::kLog1p:
      return std::log1p(a);
    case Intrinsic::kSqrt:
      return std::sqrt(a);
    case Intrinsic::kRsqrt:
      return 1.0 / std::sqrt(a);
    case Intrinsic::kTanh:
      return std::tanh(a);
    case Intrinsic::kSigmoid:
      return 1.0 / (1.0 + std::exp(-a));
    case Intrinsic::kErf:
      return std::erf(a);
    case Intrinsic::kPow:
      return std::pow(a, b);
    case Intrinsic::kSin:
      return std::sin(a);
    case Intrinsic::kCos:
      return std::cos(a);
    case Intrinsic::kTan:
      return std::tan(a);
    case Intrinsic::kAsin:
      return std::asin(a);
    case Intrinsic::kAcos:
      return std::acos(a);
    case Intrinsic::kAtan:
      return std::atan(a);
    case Intrinsic::kSinh:
      return std::sinh(a);
    case Intrinsic::kCosh:
      return std::cosh(a);
    case Intrinsic::kAsinh:
      return std::asinh(a);
    case Intrinsic::kAcosh:
      return std::acosh(a);
    case Intrinsic::kAtanh:
      return std::atanh(a);
    case Intrinsic::kAtan2:
      return std::atan2(a, b);
    case Intrinsic::kHypot:
      return std::hypot(a, b);
    default:
      return std::nullopt;
  }
}

std::optional<double> float_intrinsic(Intrinsic op, DataType type, double a, double b) {
  switch (op) {
    case Intrinsic::kFabs:
    case Intrinsic::kAbs:
      return std::fabs(a);
    case Intrinsic::kFloor:
      return std::floor(a);
    case Intrinsic::kCeil:
      return std::ceil(a);
    case Intrinsic::kTrunc:
      return std::trunc(a);
    case Intrinsic::kRound:
      return std::round(a);
    case Intrinsic::kNearbyint:
      return std::nearbyint(a);
    case Intrinsic::kFmod:
      return std::fmod(a, b);
    case Intrinsic::kLdexp:
      return std::ldexp(a, static_cast<int>(b));
    case Intrinsic::kCopysign:
      return std::copysign(a, b);
    case Intrinsic::kNextafter:
      if (type.bits == 32) return std::nextafterf(static_cast<float>(a), static_cast<float>(b));
      return std::nextafter(a, b);
    case Intrinsic::kLikely:
      return a;
    default:
      return transcendental(op, a, b);
  }
}

}  // namespace

std::optional<Contraction> contraction_of(const Binary& sum) {
  if (sum.op != BinaryOp::kAdd || sum.dtype.code != TypeCode::kFloat) return std::nullopt;
  if (const Binary* right = product(sum.b)) return Contraction{right->a, right->b, sum.a, true};
  if (const Binary* left = product(sum.a)) return Contraction{left->a, left->b, sum.b, false};
  return std::nullopt;
}

std::int64_t wrap(DataType type, std::int64_t value) {
  if (type.is_bool()) return value != 0;
  if (type.bits >= 64 || type.bits == 0) return value;
  const int spare = 64 - type.bits;
  const std::uint64_t shifted = bits_of(value) << spare;
  return type.is_int() ? from_bits(shifted) >> spare : from_bits(shifted >> spare);
}

Scalar apply_binary(BinaryOp op, DataType type, Scalar a, Scalar b) {
  if (!type.is_float()) {
    const std::int64_t v = integer_binary(op, type, a.i, b.i);
    return integer(op >= BinaryOp::kEq ? v : wrap(type, v));
  }
  if (op >= BinaryOp::kEq && op <= BinaryOp::kGe) {
    const bool ordered = !std::isnan(a.f) && !std::isnan(b.f);
    return integer(compare(op, a.f < b.f ? -1 : a.f == b.f ? 0 : 1, ordered));
  }
  const bool divides =
      op == BinaryOp::kMod || op == BinaryOp::kFloorDiv || op == BinaryOp::kFloorMod;
  return real(
      round_to(type, divides ? float_division(op, type, a.f, b.f) : float_binary(op, a.f, b.f)));
}

double fused_multiply_add(DataType type, double a, double b, double c) {
  if (type.code == TypeCode::kFloat && type.bits == 32) {
    return std::fmaf(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c));
  }
  return round_to(type, std::fma(a, b, c));
}

Scalar apply_cast(DataType from, DataType to, Scalar value) {
  if (from.is_float() && to.is_float()) return real(round_to(to, value.f));
  if (to.is_float()) {
    const bool is_unsigned = from.is_uint();
    if (to == kFloat32) {
      return real(is_unsigned ? static_cast<float>(bits_of(value.i)) : static_cast<float>(value.i));
    }
    return real(round_to(
        to, is_unsigned ? static_cast<double>(bits_of(value.i)) : static_cast<double>(value.i)));
  }
  if (!from.is_float()) return integer(wrap(to, value.i));
  if (to.is_bool()) return integer(value.f != 0);
  if (std::isnan(value.f)) return integer(0);
  const double low = to.is_int() ? -std::ldexp(1.0, to.bits - 1) : 0.0;
  const double end = std::ldexp(1.0, to.is_int() ? to.bits - 1 : to.bits);
  const double whole = std::trunc(value.f);
  if (whole <= low) return integer(to.is_int() ? from_bits(~std::uint64_t{0} << (to.bits - 1)) : 0);
  if (whole >= end) {
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - to.bits);
    return integer(from_bits(to.is_int() ? all >> 1 : all));
  }
  return integer(to.is_int() ? static_cast<std::int64_t>(whole)
                             : from_bits(static_cast<std::uint64_t>(whole)));
}

bool is_elementwise(Intrinsic op) {
  return op == Intrinsic::kLikely || (op >= Intrinsic::kExp && op <= Intrinsic::kShiftRight &&
                                      op != Intrinsic::kFma && op != Intrinsic::kQMultiplyShift);
}

std::optional<Scalar> apply_intrinsic(Intrinsic op, DataType type, Scalar a, Scalar b) {
  if (!type.is_float()) {
    if (const auto v = integer_intrinsic(op, type, a.i, b.i)) return integer(wrap(type, *v));
    return std::nullopt;
  }
  if (op == Intrinsic::kIsnan) return integer(std::isnan(a.f));
  if (op == Intrinsic::kIsinf) return integer(std::isinf(a.f));
  if (op == Intrinsic::kIsfinite) return integer(std::isfinite(a.f));
  if (const auto v = float_intrinsic(op, type, a.f, b.f)) return real(round_to(type, *v));
  return std::nullopt;
}

}  // namespace tenon::tir
