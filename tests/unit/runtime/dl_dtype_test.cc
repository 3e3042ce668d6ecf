#include "compiler/runtime/dl_dtype.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon {
namespace {

TEST(DlDtype, names_round_trip) {
  for (const char* name : {"float32", "float64", "float16", "bfloat16", "int8", "int16", "int32",
                           "int64", "uint8", "uint16", "uint32", "uint64", "bool"}) {
    ASSERT_TRUE(dtype_from_name(name).has_value()) << name;
    EXPECT_EQ(dtype_name(*dtype_from_name(name)), name);
  }
  EXPECT_FALSE(dtype_from_name("float33").has_value());
  EXPECT_EQ(dtype_name({7, 12, 2}), "code7_bits12x2");
}

TEST(DlDtype, every_half_round_trips_through_float) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(float_to_half(value), bits);
  }
}

TEST(DlDtype, float_to_half_rounds_to_nearest_even) {
  EXPECT_EQ(float_to_half(1.0f + 0x1p-11f), 0x3c00);    // tie to even
  EXPECT_EQ(float_to_half(1.0f + 0x1.8p-10f), 0x3c02);  // tie to even, upwards
  EXPECT_EQ(float_to_half(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
  EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(0x1p-25f), 0x0000);
  EXPECT_EQ(float_to_half(0x1.8p-25f), 0x0001);
  EXPECT_TRUE(std::isnan(half_to_float(float_to_half(std::nanf("")))));
}

}  // namespace
}  // namespace tenon
