#include "compiler/arith/integer.h"

#include <algorithm>

namespace tenon {
namespace {

// Limit of floor(a / b) for b > 0, with infinities.
std::int64_t floor_div_limit(std::int64_t a, std::int64_t b) {
  if (is_inf(b)) return a < 0 ? -1 : 0;
  if (is_inf(a)) return a;
  return floor_div_int(a, b);
}
std::int64_t trunc_div_limit(std::int64_t a, std::int64_t b) {
  if (is_inf(b)) return 0;
  if (is_inf(a)) return a;
  return a / b;
}

ConstIntBound negate(ConstIntBound a) { return {neg_int(a.max), neg_int(a.min)}; }

template <class Limit>
ConstIntBound div_by_positive(ConstIntBound a, ConstIntBound b, Limit limit) {
  std::int64_t low = std::max<std::int64_t>(b.min, 1);
  std::int64_t corners[] = {limit(a.min, low), limit(a.min, b.max), limit(a.max, low),
                            limit(a.max, b.max)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

template <class Limit>
ConstIntBound div_bounds(ConstIntBound a, ConstIntBound b, Limit limit) {
  ConstIntBound result{kPosInf, kNegInf};
  if (b.max >= 1)
    result = unite(result, div_by_positive(a, {std::max<std::int64_t>(b.min, 1), b.max}, limit));
  if (b.min <= -1) {
    ConstIntBound flipped = negate({b.min, std::min<std::int64_t>(b.max, -1)});
    result = unite(result, div_by_positive(negate(a), flipped, limit));
  }
  return result.min > result.max ? ConstIntBound{} : result;
}

}  // namespace

ConstIntBound intersect(ConstIntBound a, ConstIntBound b) {
  return {std::max(a.min, b.min), std::min(a.max, b.max)};
}
ConstIntBound unite(ConstIntBound a, ConstIntBound b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}
ConstIntBound add_bounds(ConstIntBound a, ConstIntBound b) {
  ConstIntBound r;
  r.min = a.min == kNegInf || b.min == kNegInf ? kNegInf : add_int(a.min, b.min);
  r.max = a.max == kPosInf || b.max == kPosInf ? kPosInf : add_int(a.max, b.max);
  return r;
}
ConstIntBound mul_bounds(ConstIntBound a, ConstIntBound b) {
  std::int64_t corners[] = {mul_int(a.min, b.min), mul_int(a.min, b.max), mul_int(a.max, b.min),
                            mul_int(a.max, b.max)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}
ConstIntBound scale_bound(ConstIntBound a, std::int64_t factor) {
  if (factor == 0) return {0, 0};
  ConstIntBound r{mul_int(a.min, factor), mul_int(a.max, factor)};
  return factor > 0 ? r : ConstIntBound{r.max, r.min};
}
ConstIntBound floor_div_bounds(ConstIntBound a, ConstIntBound b) {
  return div_bounds(a, b, floor_div_limit);
}
ConstIntBound trunc_div_bounds(ConstIntBound a, ConstIntBound b) {
  return div_bounds(a, b, trunc_div_limit);
}
ConstIntBound floor_mod_bounds(ConstIntBound a, ConstIntBound b) {
  if (b.min < 0) {
    // The result has the divisor's sign.
    std::int64_t low = b.min == kNegInf ? kNegInf : b.min + 1;
    std::int64_t high = b.max <= 0 ? 0 : b.max == kPosInf ? kPosInf : b.max - 1;
    return {low, high};
  }
  if (b.is_point() && b.min > 0 && a.is_finite()) {
    std::int64_t q = floor_div_int(a.min, b.min);
    if (q == floor_div_int(a.max, b.min)) return {a.min - q * b.min, a.max - q * b.min};
  }
  if (a.min >= 0 && a.max < std::max<std::int64_t>(b.min, 1)) return a;
  std::int64_t high = b.max == kPosInf ? kPosInf : std::max<std::int64_t>(b.max - 1, 0);
  if (a.min >= 0) high = std::min(high, a.max);
  return {0, high};
}
ConstIntBound trunc_mod_bounds(ConstIntBound a, ConstIntBound b) {
  if (a.min >= 0 && b.min >= 0) return floor_mod_bounds(a, b);
  std::int64_t most = std::max(neg_int(b.min), b.max);
  std::int64_t high = most == kPosInf ? kPosInf : std::max<std::int64_t>(most - 1, 0);
  ConstIntBound r{neg_int(high), high};
  if (a.min >= 0) r.min = 0;
  if (a.max <= 0) r.max = 0;
  return intersect(r, {std::min<std::int64_t>(a.min, 0), std::max<std::int64_t>(a.max, 0)});
}

}  // namespace tenon
