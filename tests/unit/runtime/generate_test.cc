#include "compiler/runtime/generate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "compiler/runtime/compare.h"
#include "compiler/support/error.h"

namespace tenon {
namespace {

NdArray generated(DLDataType dtype, int64_t size, GenerateKey key) {
  NdArray array = NdArray::zeros(dtype, {size});
  fill_generated(&array, key);
  return array;
}

TEST(Generate, floats_are_spread_over_the_interval) {
  const NdArray array = generated(kDlFloat32, 10000, {.seed = 1, .tensor_index = 0});
  const auto [low, high] = std::minmax_element(array.as<float>().begin(), array.as<float>().end());
  EXPECT_GE(*low, -1);
  EXPECT_LT(*low, -0.99f);
  EXPECT_LT(*high, 1);
  EXPECT_GT(*high, 0.99f);
  EXPECT_GT(count_distinct(array), 9900);
}

TEST(Generate, is_a_function_of_the_key_alone) {
  const NdArray first = generated(kDlFloat32, 100, {.seed = 7, .tensor_index = 2});
  const NdArray again = generated(kDlFloat32, 100, {.seed = 7, .tensor_index = 2});
  EXPECT_EQ(std::memcmp(first.data(), again.data(), 400), 0);
  for (const GenerateKey other : {GenerateKey{8, 2}, GenerateKey{7, 3}, GenerateKey{2, 7}}) {
    const NdArray array = generated(kDlFloat32, 100, other);
    EXPECT_NE(std::memcmp(first.data(), array.data(), 400), 0);
  }
}

TEST(Generate, first_values_never_change) {
  const NdArray array = generated(kDlFloat32, 3, {.seed = 1, .tensor_index = 0});
  const NdArray bytes = generated(kDlInt8, 3, {.seed = 1, .tensor_index = 0});
  EXPECT_EQ(array.as<float>()[0], 0x1.7da514p-1f);
  EXPECT_EQ(bytes.as<int8_t>()[0], 95);
}

TEST(Generate, every_type_is_filled_and_not_constant) {
  for (const DLDataType dtype :
       {kDlFloat16, kDlFloat32, kDlFloat64, kDlBfloat16, kDlInt8, kDlInt16, kDlInt32, kDlInt64,
        kDlUint8, kDlUint16, kDlUint32, kDlUint64, kDlBool}) {
    EXPECT_GE(count_distinct(generated(dtype, 64, {3, 0})), 2) << dtype_name(dtype);
  }
}

TEST(Generate, integers_stay_in_the_range) {
  NdArray array = NdArray::zeros(kDlInt64, {1000});
  fill_generated(&array, {1, 1}, IntegerRange{-3, 9});
  const auto values = array.as<int64_t>();
  EXPECT_EQ(*std::min_element(values.begin(), values.end()), -3);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 9);
}

TEST(Generate, range_outside_the_type_is_refused) {
  NdArray array = NdArray::zeros(kDlUint8, {4});
  EXPECT_THROW(fill_generated(&array, {1, 1}, IntegerRange{-1, 9}), UserError);
  EXPECT_THROW(fill_generated(&array, {1, 1}, IntegerRange{0, 256}), UserError);
  EXPECT_THROW(fill_generated(&array, {1, 1}, IntegerRange{5, 4}), UserError);
}

}  // namespace
}  // namespace tenon
