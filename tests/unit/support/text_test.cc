#include "compiler/support/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tenon {
namespace {

using Words = std::vector<std::string>;

TEST(Text, SplitAndJoin) {
  EXPECT_EQ(split("a,,b", ','), (Words{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (Words{""}));
  EXPECT_EQ(split_lines("a\nb\n"), (Words{"a", "b"}));
  EXPECT_EQ(split_lines("a\n\nb"), (Words{"a", "", "b"}));
  EXPECT_EQ(split_lines(""), Words{});
  EXPECT_EQ(join(std::vector<int>{1, 2, 3}, ", "), "1, 2, 3");
  EXPECT_EQ(str_cat("n=", 3, '.', true), "n=3.1");
}

TEST(Text, TrimPadReplace) {
  EXPECT_EQ(trim("  a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(pad_left("ab", 4), "  ab");
  EXPECT_EQ(pad_right("ab", 4), "ab  ");
  EXPECT_EQ(pad_left("abcde", 4), "abcde");
  EXPECT_EQ(replace_all("aXbXX", "X", "--"), "a--b----");
}

TEST(Text, NumbersReadBackExactly) {
  for (double value : {0.0, 1.0, 0.1, -1e300, 5e-324, 1.0 / 3}) {
    EXPECT_EQ(parse_double(format_double(value)), value) << format_double(value);
  }
  EXPECT_EQ(format_double(1), "1.0");
  EXPECT_EQ(format_double(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(format_fixed(2.345, 2), "2.35");
}

TEST(Text, ParseRefusesWhatIsNotWhollyANumber) {
  EXPECT_EQ(parse_int("-42"), -42);
  EXPECT_EQ(parse_int("+7"), 7);
  EXPECT_EQ(parse_int(""), std::nullopt);
  EXPECT_EQ(parse_int("1 "), std::nullopt);
  EXPECT_EQ(parse_int("0x1"), std::nullopt);
  EXPECT_EQ(parse_int("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_double("1.5e3"), 1500.0);
  EXPECT_EQ(parse_double("1.5f"), std::nullopt);
}

TEST(Text, Durations) {
  EXPECT_EQ(parse_duration_s("250ms"), 0.25);
  EXPECT_EQ(parse_duration_s("3m"), 180.0);
  EXPECT_EQ(parse_duration_s("1.5h"), 5400.0);
  EXPECT_EQ(parse_duration_s("20"), 20.0);
  EXPECT_EQ(parse_duration_s("-1s"), std::nullopt);
  EXPECT_EQ(parse_duration_s("s"), std::nullopt);
  EXPECT_EQ(parse_duration_s("nan"), std::nullopt);
  EXPECT_EQ(format_seconds(185), "3m 05s");
  EXPECT_EQ(format_seconds(0.0123), "12.30 ms");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(uint64_t{5} << 30), "5.0 GiB");
}

TEST(Text, HexAndQuotes) {
  EXPECT_EQ(to_hex("\xff\x01"), "ff01");
  EXPECT_EQ(from_hex("FF01"), "\xff\x01");
  EXPECT_EQ(from_hex("f"), std::nullopt);
  EXPECT_EQ(from_hex("zz"), std::nullopt);
  EXPECT_EQ(quote("a\"b\\\n\x01"), "\"a\\\"b\\\\\\n\\x01\"");
}

TEST(Text, CaretStandsUnderTheColumn) {
  EXPECT_EQ(caret_lines("x\n  for i in 3:\n", 2, 7), "    2 |   for i in 3:\n      |       ^");
  EXPECT_EQ(caret_lines("x", 2, 1), "");
}

}  // namespace
}  // namespace tenon
