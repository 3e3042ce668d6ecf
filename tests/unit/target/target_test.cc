#include "compiler/target/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/support/error.h"

namespace tenon {
namespace {

std::string message_of(const std::string& text) {
  try {
    parse_target(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Target, Avx2HasSixteenRegistersOfEightFloats) {
  const Target target = parse_target("llvm -mcpu=znver3");
  EXPECT_EQ(target.vector_bits(), 256);
  EXPECT_EQ(target.vector_lanes(32), 8);
  EXPECT_EQ(target.num_vector_registers(), 16);
  EXPECT_FALSE(target.has_mask_registers());
  EXPECT_TRUE(target.has_fma());
  EXPECT_EQ(target.caches.l1d_bytes, 32 * 1024);
}

TEST(Target, Avx512HasThirtyTwoRegistersOfSixteenFloats) {
  const Target target = parse_target("llvm -mcpu=znver5");
  EXPECT_EQ(target.vector_lanes(32), 16);
  EXPECT_EQ(target.num_vector_registers(), 32);
  EXPECT_TRUE(target.has_mask_registers());
}

TEST(Target, NeonHasThirtyTwoRegistersOfFourFloats) {
  const Target target = parse_target("llvm -mtriple=aarch64-linux-gnu -mcpu=neoverse-n1");
  EXPECT_EQ(target.vector_lanes(32), 4);
  EXPECT_EQ(target.num_vector_registers(), 32);
  EXPECT_EQ(target.triple(), "aarch64-unknown-linux-gnu");
}

TEST(Target, AddedFeaturesBringWhatTheyImply) {
  const Target target = parse_target("llvm -mcpu=x86-64 -mattr=+avx2");
  EXPECT_TRUE(target.has("sse4.2"));
  EXPECT_FALSE(target.has("fma"));
}

TEST(Target, RemovedFeaturesTakeWhatNeedsThem) {
  const Target target = parse_target("llvm -mcpu=znver5 -mattr=-avx512f");
  EXPECT_FALSE(target.has("avx512vnni"));
  EXPECT_TRUE(target.has("avx2"));
  EXPECT_EQ(target.vector_bits(), 256);
}

TEST(Target, CanonicalTextReadsBack) {
  for (const char* text :
       {"llvm -mcpu=znver3", "llvm -mcpu=znver5 -mattr=-avx512f -num-cores=8",
        "llvm -mcpu=haswell -mattr=-fma,+avxvnni -l1d=16384", "llvm -mcpu=cortex-a76", "native"}) {
    const Target target = parse_target(text);
    EXPECT_EQ(parse_target(to_string(target)), target) << to_string(target);
  }
  EXPECT_EQ(to_string(parse_target("llvm -num-cores 2 -mattr=-fma -mcpu haswell")),
            "llvm -mtriple=x86_64-unknown-linux-gnu -mcpu=haswell -mattr=-fma -num-cores=2");
}

TEST(Target, JsonIsRead) {
  const Target target = parse_target(
      R"({"kind": "llvm", "mcpu": "icelake-server", "mattr": ["-avx512vnni"], "num-cores": 4,
          "keys": ["cpu"]})");
  EXPECT_EQ(target, parse_target("llvm -mcpu=icelake-server -mattr=-avx512vnni -num-cores=4"));
}

TEST(Target, UnknownWordsNameTheNearestKnown) {
  EXPECT_EQ(message_of("llvm -mcpu=znver33"),
            "target: unknown processor \"znver33\"\nhint: did you mean znver3?");
  EXPECT_EQ(message_of("llvm -mcpu=znver3 -mattr=+avx22"),
            "target: unknown feature \"avx22\" for x86_64-unknown-linux-gnu\n"
            "hint: did you mean avx2?");
  EXPECT_EQ(message_of("llvn"), "target: unknown kind \"llvn\"\nhint: did you mean llvm?");
  EXPECT_EQ(message_of("llvm -mcu=znver3"),
            "target: unknown option -mcu\nhint: did you mean mcpu?");
  EXPECT_EQ(message_of("llvm -num-cores=0"), "target: -num-cores=0 needs a positive whole number");
  EXPECT_EQ(message_of("llvm -mcpu"), "target: option -mcpu needs a value");
  EXPECT_EQ(message_of(""), "target: empty; write native or llvm -mcpu=NAME");
}

TEST(Target, FeatureStringSaysEveryFeature) {
  const std::string text = parse_target("llvm -mcpu=haswell").feature_string();
  EXPECT_THAT(text, testing::HasSubstr("+avx2"));
  EXPECT_THAT(text, testing::HasSubstr("-avx512f"));
}

TEST(Target, NativeIsAProcessorWithCachesAndCores) {
  const Target target = detect_target();
  EXPECT_GE(target.num_cores, 1);
  EXPECT_GE(target.vector_bits(), 128);
  EXPECT_GT(target.caches.line_bytes, 0);
}

}  // namespace
}  // namespace tenon
