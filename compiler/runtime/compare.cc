#include "compiler/runtime/compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <unordered_set>

#include "compiler/support/text.h"

namespace tenon {
namespace {

float widen_bfloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// Calls visit(expected elements, found elements, to_double) with the element type of the arrays:
// one loop compiled for each type, because outputs have millions of elements.
template <class Visit>
void visit_elements(const NdArray& expected, const NdArray& found, Visit visit) {
  const auto as = [&](auto zero, auto to_double) {
    using T = decltype(zero);
    visit(expected.as<T>(), found.as<T>(), to_double);
  };
  const auto plain = [&](auto zero) {
    as(zero, [](auto value) { return static_cast<double>(value); });
  };
  const DLDataType dtype = expected.dtype();
  if (dtype.code == kDLFloat && dtype.bits == 32) return plain(float{});
  if (dtype.code == kDLFloat && dtype.bits == 64) return plain(double{});
  if (dtype.code == kDLFloat) {
    return as(uint16_t{}, [](uint16_t bits) -> double { return half_to_float(bits); });
  }
  if (dtype.code == kDLBfloat) {
    return as(uint16_t{}, [](uint16_t bits) -> double { return widen_bfloat(bits); });
  }
  if (dtype.code == kDLInt && dtype.bits == 8) return plain(int8_t{});
  if (dtype.code == kDLInt && dtype.bits == 16) return plain(int16_t{});
  if (dtype.code == kDLInt && dtype.bits == 32) return plain(int32_t{});
  if (dtype.code == kDLInt) return plain(int64_t{});
  if (dtype.bits == 8) return plain(uint8_t{});
  if (dtype.bits == 16) return plain(uint16_t{});
  if (dtype.bits == 32) return plain(uint32_t{});
  plain(uint64_t{});
}

// True when the pair is settled without a difference: NaN and infinities.
bool settle_special(double expected, double found, bool* is_right) {
  if (std::isnan(expected) || std::isnan(found)) {
    *is_right = std::isnan(expected) && std::isnan(found);
    return true;
  }
  if (std::isinf(expected) || std::isinf(found)) {
    *is_right = expected == found;
    return true;
  }
  return false;
}

// The distance of two elements; exact for integers of 64 bits, which a double would round.
template <class T>
double distance(T expected, T found, double want, double have) {
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    const uint64_t left = static_cast<uint64_t>(expected);
    const uint64_t right = static_cast<uint64_t>(found);
    return static_cast<double>(expected > found ? left - right : right - left);
  } else {
    return std::fabs(have - want);
  }
}

void record_wrong(Comparison* result, int64_t index, double expected, double found) {
  if (result->num_wrong++ > 0) return;
  result->first_wrong = index;
  result->first_expected = expected;
  result->first_found = found;
}

struct ElementPair {
  int64_t index = 0;
  double want = 0;
  double have = 0;
  double difference = 0;
  double base = 0;  // the part of the tolerance that is the same for all elements
};

void compare_element(const ElementPair& pair, const Tolerance& tolerance, Comparison* result) {
  bool is_right = false;
  if (!settle_special(pair.want, pair.have, &is_right)) {
    const double magnitude = std::fabs(pair.want);
    is_right = pair.difference <= tolerance.relative * magnitude + pair.base;
    result->max_absolute = std::max(result->max_absolute, pair.difference);
    if (magnitude != 0) {
      result->max_relative = std::max(result->max_relative, pair.difference / magnitude);
    }
  }
  if (!is_right) record_wrong(result, pair.index, pair.want, pair.have);
}

}  // namespace

Comparison compare_arrays(const NdArray& expected, const NdArray& found, Tolerance tolerance) {
  Comparison result;
  result.num_elements = expected.num_elements();
  result.is_same_type =
      same_dtype(expected.dtype(), found.dtype()) && expected.shape() == found.shape();
  if (!result.is_same_type) return result;
  visit_elements(expected, found, [&](auto want_elements, auto have_elements, auto to_double) {
    for (const auto element : want_elements) {
      const double magnitude = std::fabs(to_double(element));
      if (std::isfinite(magnitude)) result.max_expected = std::max(result.max_expected, magnitude);
    }
    const double base = tolerance.scaled * result.max_expected + tolerance.absolute;
    for (size_t i = 0; i < want_elements.size(); ++i) {
      const double want = to_double(want_elements[i]);
      const double have = to_double(have_elements[i]);
      const double difference = distance(want_elements[i], have_elements[i], want, have);
      compare_element({static_cast<int64_t>(i), want, have, difference, base}, tolerance, &result);
    }
  });
  result.is_equal = result.num_wrong == 0;
  return result;
}

std::string describe_comparison(const Comparison& comparison) {
  if (!comparison.is_same_type) return "type or shape differs";
  const std::string largest =
      str_cat("max |error| ", comparison.max_absolute, ", max relative ", comparison.max_relative,
              ", max |expected| ", comparison.max_expected);
  if (comparison.is_equal) {
    return str_cat("all ", comparison.num_elements, " elements agree; ", largest);
  }
  return str_cat(comparison.num_wrong, " of ", comparison.num_elements,
                 " elements differ; first at ", comparison.first_wrong, ": expected ",
                 comparison.first_expected, ", found ", comparison.first_found, "; ", largest);
}

int64_t count_distinct(const NdArray& array) {
  const size_t element = static_cast<size_t>(dtype_bytes(array.dtype()));
  std::unordered_set<std::string_view> seen;
  const char* data = reinterpret_cast<const char*>(array.data());
  for (int64_t i = 0; i < array.num_elements(); ++i) {
    seen.insert({data + static_cast<size_t>(i) * element, element});
  }
  return static_cast<int64_t>(seen.size());
}

}  // namespace tenon
