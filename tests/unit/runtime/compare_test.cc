#include "compiler/runtime/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tenon {
namespace {

NdArray floats(const std::vector<float>& values) {
  NdArray array = NdArray::zeros(kDlFloat32, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), array.as<float>().begin());
  return array;
}

TEST(Compare, relative_bound_is_inclusive_per_element) {
  const NdArray expected = floats({1, 100});
  EXPECT_TRUE(compare_arrays(expected, floats({1.0009f, 100.09f}), {.relative = 1e-3}).is_equal);
  const Comparison wrong = compare_arrays(expected, floats({1.01f, 100}), {.relative = 1e-3});
  EXPECT_FALSE(wrong.is_equal);
  EXPECT_EQ(wrong.num_wrong, 1);
  EXPECT_EQ(wrong.first_wrong, 0);
}

TEST(Compare, scaled_bound_uses_the_largest_expected_value) {
  const NdArray expected = floats({0, 1000});
  EXPECT_TRUE(compare_arrays(expected, floats({0.09f, 1000}), {.scaled = 1e-4}).is_equal);
  EXPECT_FALSE(compare_arrays(expected, floats({0.11f, 1000}), {.scaled = 1e-4}).is_equal);
}

TEST(Compare, nan_and_infinity_are_right_only_where_expected) {
  const float nan = std::nanf("");
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(compare_arrays(floats({nan, inf}), floats({nan, inf}), {}).is_equal);
  const Tolerance loose{.relative = 1, .absolute = 1e30};
  EXPECT_EQ(compare_arrays(floats({nan, inf, 1}), floats({1, -inf, nan}), loose).num_wrong, 3);
}

TEST(Compare, other_type_or_shape_is_never_equal) {
  EXPECT_FALSE(compare_arrays(floats({1}), floats({1, 1}), {.absolute = 10}).is_equal);
  const NdArray integers = NdArray::zeros(kDlInt32, {1});
  EXPECT_EQ(describe_comparison(compare_arrays(floats({0}), integers, {})),
            "type or shape differs");
}

TEST(Compare, wide_integers_are_compared_exactly) {
  NdArray expected = NdArray::zeros(kDlInt64, {1});
  NdArray found = NdArray::zeros(kDlInt64, {1});
  expected.as<int64_t>()[0] = (int64_t{1} << 60) + 1;
  found.as<int64_t>()[0] = int64_t{1} << 60;
  EXPECT_FALSE(compare_arrays(expected, found, {}).is_equal);
}

TEST(Compare, description_names_count_place_and_values) {
  const std::string text =
      describe_comparison(compare_arrays(floats({0.5f, 2}), floats({0.5f, 3}), {}));
  EXPECT_EQ(text,
            "1 of 2 elements differ; first at 1: expected 2, found 3; max |error| 1, "
            "max relative 0.5, max |expected| 2");
}

TEST(Compare, distinct_counts_bit_patterns) {
  EXPECT_EQ(count_distinct(floats({1, 1, 2, 3})), 3);
  EXPECT_EQ(count_distinct(floats({})), 0);
}

}  // namespace
}  // namespace tenon
