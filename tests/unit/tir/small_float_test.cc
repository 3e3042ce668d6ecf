#include "compiler/tir/small_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace tenon::tir {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Every value of every format reads, writes and reads again as itself.
class EveryFormat : public testing::TestWithParam<const char*> {};

TEST_P(EveryFormat, ValuesSurviveARoundTrip) {
  const DataType type = parse_dtype(GetParam());
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << type.bits); ++bits) {
    const double value = decode_float(type, bits);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(round_to(type, value))) << bits;
    } else {
      EXPECT_EQ(encode_float(type, value), bits) << value;
    }
  }
}

TEST_P(EveryFormat, RoundingGoesToANeighbourAndTiesToEven) {
  const DataType type = parse_dtype(GetParam());
  for (std::uint64_t bits = 0; bits + 1 < (std::uint64_t{1} << (type.bits - 1)); ++bits) {
    const double low = decode_float(type, bits), high = decode_float(type, bits + 1);
    if (!std::isfinite(low) || !std::isfinite(high) || type.code == TypeCode::kFloat8E8M0FNU) break;
    const double middle = low + (high - low) / 2;
    EXPECT_EQ(round_to(type, middle), bits % 2 == 0 ? low : high) << low;
    EXPECT_EQ(round_to(type, low + (high - low) * 0.25), low);
    EXPECT_EQ(round_to(type, low + (high - low) * 0.75), high);
  }
}

INSTANTIATE_TEST_SUITE_P(SmallFloat, EveryFormat,
                         testing::Values("float16", "bfloat16", "float8_e3m4", "float8_e4m3",
                                         "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
                                         "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu",
                                         "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"),
                         [](const auto& param) { return std::string(param.param); });

TEST(SmallFloat, KnownValues) {
  EXPECT_EQ(encode_float(kFloat16, 1.0), 0x3c00U);
  EXPECT_EQ(encode_float(kFloat16, 65504.0), 0x7bffU);
  EXPECT_EQ(encode_float(kFloat16, 65520.0), 0x7c00U);
  EXPECT_EQ(round_to(kFloat16, 65519.0), 65504.0);
  EXPECT_EQ(encode_float(kFloat16, -kInf), 0xfc00U);
  EXPECT_EQ(encode_float(kBFloat16, 3.140625), 0x4049U);
  EXPECT_EQ(encode_float(parse_dtype("float8_e4m3fn"), 448.0), 0x7eU);
  EXPECT_TRUE(std::isnan(round_to(parse_dtype("float8_e4m3fn"), 1000.0)));
  EXPECT_EQ(encode_float(parse_dtype("float8_e4m3fnuz"), -0.0), 0U);
  EXPECT_EQ(round_to(parse_dtype("float4_e2m1fn"), -100.0), -6.0);
}

}  // namespace
}  // namespace tenon::tir
