// Comparing an output with its reference: one rule for candidates, models and tests.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/runtime/nd_array.h"

namespace tenon {

// An element is right when |found - expected| <= relative*|expected| + scaled*max|expected| +
// absolute, where max runs over the finite expected elements. NaN is right only where NaN is
// expected; an infinity only as the same infinity. Integers and bools compare the same way, so
// zero tolerances mean equal.
struct Tolerance {
  double relative = 0;
  double scaled = 0;  // times the largest finite |expected|
  double absolute = 0;
};

struct Comparison {
  bool is_equal = false;      // same type and shape and num_wrong == 0
  bool is_same_type = false;  // same dtype and shape
  int64_t num_elements = 0;
  int64_t num_wrong = 0;
  int64_t first_wrong = -1;  // flat index
  double first_expected = 0;
  double first_found = 0;
  double max_absolute = 0;  // largest finite |found - expected|
  double max_relative = 0;  // largest |found - expected| / |expected| where expected is not 0
  double max_expected = 0;  // largest finite |expected|
};

Comparison compare_arrays(const NdArray& expected, const NdArray& found, Tolerance tolerance);

// One line for people: "3 of 1000 elements differ; first at 17: expected 0.5, found 0.75; ..."
std::string describe_comparison(const Comparison& comparison);

// Number of different bit patterns among the elements (guards against constant outputs).
int64_t count_distinct(const NdArray& array);

}  // namespace tenon
