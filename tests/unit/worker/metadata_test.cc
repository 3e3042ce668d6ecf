#include "worker/protocol/metadata.h"

#include <gtest/gtest.h>

#include "compiler/support/error.h"

namespace tenon {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_metadata(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(Metadata, round_trips) {
  const std::string text =
      "tenon-artifact 1\n"
      "tolerance 0.001 1e-04 0.0\n"
      "range 2 0 99\n"
      "size 0 8\n"
      "pack 1 logical 4 3 packed 2 3 2 map 2 0 1 0 1 0\n";
  EXPECT_EQ(print_metadata(parse_metadata(text)), text);
}

TEST(Metadata, empty_text_has_default_tolerance) {
  EXPECT_GT(parse_metadata("").tolerance.relative, 0);
}

TEST(Metadata, unknown_statement_and_version_are_refused_by_line) {
  EXPECT_EQ(refusal("tenon-artifact 2\n"),
            "artifact metadata: cannot read the line 'tenon-artifact 2'");
  EXPECT_EQ(refusal("tenon-artifact 1\nfoo 1\n"),
            "artifact metadata: cannot read the line 'foo 1'");
  EXPECT_NE(refusal("tenon-artifact 1\ntolerance -1 0 0\n"), "");
  EXPECT_NE(refusal("tenon-artifact 1\npack 0 logical 2 packed 2 map 1 1\n"), "");
}

TEST(Metadata, packs_blocks_of_channels_with_zero_padding) {
  // 3 x 2 to blocks of 2 rows: [2][2][2] with d0 = 2*p0 + p2, d1 = p1.
  NdArray logical = NdArray::zeros(kDlFloat32, {3, 2});
  for (size_t i = 0; i < 6; ++i) logical.as<float>()[i] = static_cast<float>(i + 1);
  const Packing packing{.logical = {3, 2}, .packed = {2, 2, 2}, .map = {2, 0, 1, 0, 1, 0}};
  const NdArray packed = pack_array(logical, packing);
  const std::vector<float> expected = {1, 3, 2, 4, 5, 0, 6, 0};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), packed.as<float>().begin()));
  EXPECT_THROW(pack_array(NdArray::zeros(kDlFloat32, {2, 3}), packing), UserError);
}

}  // namespace
}  // namespace tenon
