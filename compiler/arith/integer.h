// Integer helpers: floor division, gcd, and arithmetic on bounds with infinities.
#pragma once
#include <cstdint>
#include <numeric>

#include "compiler/arith/analyzer.h"

namespace tenon {

// The divisor must not be zero.
inline std::int64_t floor_div_int(std::int64_t a, std::int64_t b) {
  std::int64_t q = a / b;
  return q - (a % b != 0 && (a < 0) != (b < 0));
}
inline std::int64_t floor_mod_int(std::int64_t a, std::int64_t b) {
  return a - floor_div_int(a, b) * b;
}
inline std::int64_t ceil_div_int(std::int64_t a, std::int64_t b) { return -floor_div_int(-a, b); }
inline std::int64_t gcd_int(std::int64_t a, std::int64_t b) { return std::gcd(a, b); }

inline constexpr std::int64_t kNegInf = ConstIntBound::kNegInf;
inline constexpr std::int64_t kPosInf = ConstIntBound::kPosInf;
inline bool is_inf(std::int64_t x) { return x == kNegInf || x == kPosInf; }

// Saturating; an infinite operand decides. add_int(kNegInf, kPosInf) must not be asked.
inline std::int64_t add_int(std::int64_t a, std::int64_t b) {
  if (is_inf(a)) return a;
  if (is_inf(b)) return b;
  std::int64_t r;
  if (__builtin_add_overflow(a, b, &r)) return a > 0 ? kPosInf : kNegInf;
  return r;
}
inline std::int64_t mul_int(std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0) return 0;
  bool negative = (a < 0) != (b < 0);
  std::int64_t r;
  if (is_inf(a) || is_inf(b) || __builtin_mul_overflow(a, b, &r)) {
    return negative ? kNegInf : kPosInf;
  }
  return r;
}
inline std::int64_t neg_int(std::int64_t a) {
  return a == kNegInf ? kPosInf : a == kPosInf ? kNegInf : -a;
}

ConstIntBound intersect(ConstIntBound a, ConstIntBound b);
ConstIntBound unite(ConstIntBound a, ConstIntBound b);
ConstIntBound add_bounds(ConstIntBound a, ConstIntBound b);
ConstIntBound mul_bounds(ConstIntBound a, ConstIntBound b);
ConstIntBound scale_bound(ConstIntBound a, std::int64_t factor);
// The divisor is taken to be other than zero.
ConstIntBound floor_div_bounds(ConstIntBound a, ConstIntBound b);
ConstIntBound floor_mod_bounds(ConstIntBound a, ConstIntBound b);
ConstIntBound trunc_div_bounds(ConstIntBound a, ConstIntBound b);
ConstIntBound trunc_mod_bounds(ConstIntBound a, ConstIntBound b);

}  // namespace tenon
