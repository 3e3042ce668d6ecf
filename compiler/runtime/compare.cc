#include "compiler/runtime/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "compiler/support/text.h"

namespace tenon {
namespace {

double largest_finite(const NdArray& array) {
  double largest = 0;
  for (int64_t i = 0; i < array.num_elements(); ++i) {
    const double magnitude = std::fabs(element_as_double(array, i));
    if (std::isfinite(magnitude)) largest = std::max(largest, magnitude);
  }
  return largest;
}

bool is_exact_integer_pair(const NdArray& array) {
  return array.dtype().bits == 64 &&
         (array.dtype().code == kDLInt || array.dtype().code == kDLUInt);
}

// True when the pair is settled without a difference: NaN, infinities, or equal 64-bit integers
// (which a double would round).
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

// The distance of two 64-bit integers, exact where a double would round both to one value.
double wide_difference(const NdArray& expected, const NdArray& found, int64_t i) {
  const uint64_t left = expected.as<uint64_t>()[static_cast<size_t>(i)];
  const uint64_t right = found.as<uint64_t>()[static_cast<size_t>(i)];
  const bool is_signed = expected.dtype().code == kDLInt;
  const bool is_left_larger = is_signed ? static_cast<int64_t>(left) > static_cast<int64_t>(right)
                                        : left > right;
  return static_cast<double>(is_left_larger ? left - right : right - left);
}

void record_wrong(Comparison* result, int64_t index, double expected, double found) {
  if (result->num_wrong++ > 0) return;
  result->first_wrong = index;
  result->first_expected = expected;
  result->first_found = found;
}

}  // namespace

Comparison compare_arrays(const NdArray& expected, const NdArray& found, Tolerance tolerance) {
  Comparison result;
  result.num_elements = expected.num_elements();
  result.is_same_type =
      same_dtype(expected.dtype(), found.dtype()) && expected.shape() == found.shape();
  if (!result.is_same_type) return result;
  result.max_expected = largest_finite(expected);
  const double base = tolerance.scaled * result.max_expected + tolerance.absolute;
  const bool is_wide = is_exact_integer_pair(expected);
  for (int64_t i = 0; i < result.num_elements; ++i) {
    const double want = element_as_double(expected, i);
    const double have = element_as_double(found, i);
    bool is_right = false;
    if (!settle_special(want, have, &is_right)) {
      const double difference =
          is_wide ? wide_difference(expected, found, i) : std::fabs(have - want);
      is_right = difference <= tolerance.relative * std::fabs(want) + base;
      result.max_absolute = std::max(result.max_absolute, difference);
      if (want != 0) {
        result.max_relative = std::max(result.max_relative, difference / std::fabs(want));
      }
    }
    if (!is_right) record_wrong(&result, i, want, have);
  }
  result.is_equal = result.num_wrong == 0;
  return result;
}

std::string describe_comparison(const Comparison& comparison) {
  if (!comparison.is_same_type) return "type or shape differs";
  const std::string largest = str_cat("max |error| ", comparison.max_absolute, ", max relative ",
                                      comparison.max_relative, ", max |expected| ",
                                      comparison.max_expected);
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
