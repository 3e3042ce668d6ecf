#include "compiler/tir/small_float.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "compiler/support/error.h"

namespace tenon::tir {
namespace {

enum class Specials : std::uint8_t {
  kIeee,      // infinities and NaNs at the largest exponent
  kOneNan,    // FN: all exponent and mantissa bits set is NaN, no infinity
  kZeroNan,   // FNUZ: the bits of -0 are NaN, no infinity, no -0
  kNone,      // finite only
  kExponent,  // e8m0: a power of two, all bits set is NaN, no sign
};

struct Format {
  int exponent_bits, mantissa_bits, bias;
  Specials specials;
};

Format format_of(DataType type) {
  switch (type.code) {
    case TypeCode::kFloat:
      if (type.bits == 16) return {5, 10, 15, Specials::kIeee};
      break;
    case TypeCode::kBFloat:
      return {8, 7, 127, Specials::kIeee};
    case TypeCode::kFloat8E3M4:
      return {3, 4, 3, Specials::kIeee};
    case TypeCode::kFloat8E4M3:
      return {4, 3, 7, Specials::kIeee};
    case TypeCode::kFloat8E4M3B11FNUZ:
      return {4, 3, 11, Specials::kZeroNan};
    case TypeCode::kFloat8E4M3FN:
      return {4, 3, 7, Specials::kOneNan};
    case TypeCode::kFloat8E4M3FNUZ:
      return {4, 3, 8, Specials::kZeroNan};
    case TypeCode::kFloat8E5M2:
      return {5, 2, 15, Specials::kIeee};
    case TypeCode::kFloat8E5M2FNUZ:
      return {5, 2, 16, Specials::kZeroNan};
    case TypeCode::kFloat8E8M0FNU:
      return {8, 0, 127, Specials::kExponent};
    case TypeCode::kFloat6E2M3FN:
      return {2, 3, 1, Specials::kNone};
    case TypeCode::kFloat6E3M2FN:
      return {3, 2, 3, Specials::kNone};
    case TypeCode::kFloat4E2M1FN:
      return {2, 1, 1, Specials::kNone};
    default:
      break;
  }
  CHECK(false) << to_string(type) << " is no small float format";
  return {};
}

std::uint64_t nan_bits(const Format& f) {
  const int width = f.exponent_bits + f.mantissa_bits;
  switch (f.specials) {
    case Specials::kIeee:
      return (((std::uint64_t{1} << f.exponent_bits) - 1) << f.mantissa_bits) |
             (std::uint64_t{1} << (f.mantissa_bits - 1));
    case Specials::kZeroNan:
      return std::uint64_t{1} << width;
    case Specials::kOneNan:
    case Specials::kExponent:
    case Specials::kNone:
      return (std::uint64_t{1} << width) - 1;
  }
  return 0;
}

// The bits of the largest finite magnitude.
std::uint64_t largest_bits(const Format& f) {
  const std::uint64_t all = (std::uint64_t{1} << (f.exponent_bits + f.mantissa_bits)) - 1;
  switch (f.specials) {
    case Specials::kIeee:
      return all - (std::uint64_t{1} << f.mantissa_bits);
    case Specials::kOneNan:
    case Specials::kExponent:
      return all - 1;
    default:
      return all;
  }
}

double magnitude(const Format& f, std::uint64_t bits) {
  const std::uint64_t mantissa = bits & ((std::uint64_t{1} << f.mantissa_bits) - 1);
  const int exponent = static_cast<int>(bits >> f.mantissa_bits);
  if (f.specials == Specials::kExponent) return std::ldexp(1.0, exponent - f.bias);
  if (exponent == 0) {
    return std::ldexp(static_cast<double>(mantissa), 1 - f.bias - f.mantissa_bits);
  }
  const std::uint64_t whole = mantissa | (std::uint64_t{1} << f.mantissa_bits);
  return std::ldexp(static_cast<double>(whole), exponent - f.bias - f.mantissa_bits);
}

// The magnitude's bits, rounded; may exceed the largest finite ones.
std::uint64_t magnitude_bits(const Format& f, double value) {
  if (f.specials == Specials::kExponent) {
    int power = 0;
    const double fraction = std::frexp(value, &power);  // value = fraction * 2^power, from 1/2 on
    const int field = power - 1 + f.bias;
    const bool rounds_up = fraction > 0.75 || (fraction == 0.75 && field % 2 != 0);
    return static_cast<std::uint64_t>(std::max(field + (rounds_up ? 1 : 0), 0));
  }
  int exponent = 0;
  std::frexp(value, &exponent);
  exponent = std::max(exponent - 1, 1 - f.bias);  // subnormals share the smallest exponent
  const double scaled = std::ldexp(value, f.mantissa_bits - exponent);
  const auto units = static_cast<std::uint64_t>(std::nearbyint(scaled));
  const std::uint64_t one = std::uint64_t{1} << f.mantissa_bits;
  if (units < one) return units;
  return (static_cast<std::uint64_t>(exponent + f.bias - 1) << f.mantissa_bits) + units;
}

}  // namespace

double decode_float(DataType type, std::uint64_t bits) {
  if (type.code == TypeCode::kFloat && type.bits == 64) return std::bit_cast<double>(bits);
  if (type.code == TypeCode::kFloat && type.bits == 32) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  }
  const Format f = format_of(type);
  const int width = f.exponent_bits + f.mantissa_bits;
  const std::uint64_t magnitude_part = bits & ((std::uint64_t{1} << width) - 1);
  const bool negative = f.specials != Specials::kExponent && ((bits >> width) & 1) != 0;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (f.specials == Specials::kZeroNan && negative && magnitude_part == 0) return nan;
  if (f.specials != Specials::kNone && magnitude_part > largest_bits(f)) {
    const bool is_infinity = f.specials == Specials::kIeee && magnitude_part == largest_bits(f) + 1;
    if (!is_infinity) return nan;
    return negative ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::infinity();
  }
  const double value = magnitude(f, magnitude_part);
  return negative ? -value : value;
}

std::uint64_t encode_float(DataType type, double value) {
  if (type.code == TypeCode::kFloat && type.bits == 64) return std::bit_cast<std::uint64_t>(value);
  if (type.code == TypeCode::kFloat && type.bits == 32) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(value));
  }
  const Format f = format_of(type);
  if (std::isnan(value)) return nan_bits(f);
  const int width = f.exponent_bits + f.mantissa_bits;
  const std::uint64_t sign =
      std::signbit(value) && f.specials != Specials::kExponent ? std::uint64_t{1} << width : 0;
  const double size = std::fabs(value);
  const std::uint64_t largest = largest_bits(f);
  std::uint64_t bits = std::isinf(size) ? largest + 1 : size == 0 ? 0 : magnitude_bits(f, size);
  if (bits > largest) {
    if (f.specials == Specials::kNone) return sign | largest;
    if (f.specials != Specials::kIeee) return nan_bits(f);
    bits = largest + 1;
  }
  if (f.specials == Specials::kZeroNan && bits == 0) return 0;
  return sign | bits;
}

double round_to(DataType type, double value) {
  if (type.code == TypeCode::kFloat && type.bits == 32) return static_cast<float>(value);
  if (type.code == TypeCode::kFloat && type.bits == 64) return value;
  return decode_float(type, encode_float(type, value));
}

}  // namespace tenon::tir
