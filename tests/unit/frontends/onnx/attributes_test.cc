// The attributes of convolutions, pools, products and movements, against numbers worked out by
// hand.
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

std::vector<float> ramp(std::size_t count, float first = 1) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

TestModel conv(const Dims& x, const Dims& w, const std::vector<float>& weights) {
  TestModel m;
  m.input("x", x).output("y").floats("w", w, weights).node("Conv", {"x", "w"}, {"y"});
  return m;
}

TEST(Convolution, StridesPadsAndDilations) {
  TestModel strided = conv({1, 1, 3, 3}, {1, 1, 2, 2}, {1, 1, 1, 1});
  strided.attribute("strides", Dims{2, 2}).attribute("pads", Dims{0, 0, 1, 1});
  expect_numbers(run(strided.import(), {ramp(9)}), {1, 1, 2, 2}, {12, 9, 15, 9});
  TestModel dilated = conv({1, 1, 3, 3}, {1, 1, 2, 2}, {1, 2, 3, 4});
  dilated.attribute("dilations", Dims{2, 2});
  expect_numbers(run(dilated.import(), {ramp(9)}), {1, 1, 1, 1}, {1 + 6 + 21 + 36});
}

TEST(Convolution, GroupsAndDepthwise) {
  TestModel grouped = conv({1, 4, 1, 1}, {2, 2, 1, 1}, {1, 10, 100, 1000});
  grouped.attribute("group", std::int64_t{2});
  expect_numbers(run(grouped.import(), {{1, 2, 3, 4}}), {1, 2, 1, 1}, {21, 4300});
  TestModel depthwise = conv({1, 2, 1, 1}, {4, 1, 1, 1}, {1, 2, 3, 4});
  depthwise.attribute("group", std::int64_t{2});
  expect_numbers(run(depthwise.import(), {{1, 10}}), {1, 4, 1, 1}, {1, 2, 30, 40});
  TestModel wrong = conv({1, 4, 1, 1}, {2, 2, 1, 1}, {1, 10, 100, 1000});
  EXPECT_THAT(wrong.refusal(), HasSubstr("data has (4) channels"));
}

TEST(Convolution, AutoPadPutsTheOddOneLastOrFirst) {
  const auto same = [](const std::string& mode) {
    TestModel m = conv({1, 1, 1, 3}, {1, 1, 1, 2}, {1, 10});
    m.attribute("auto_pad", mode);
    return run(m.import(), {{1, 2, 3}});
  };
  expect_numbers(same("SAME_UPPER"), {1, 1, 1, 3}, {21, 32, 3});
  expect_numbers(same("SAME_LOWER"), {1, 1, 1, 3}, {10, 21, 32});
  expect_numbers(same("VALID"), {1, 1, 1, 2}, {21, 32});
  TestModel unknown = conv({1, 1, 1, 3}, {1, 1, 1, 2}, {1, 10});
  unknown.attribute("auto_pad", std::string("SAME"));
  EXPECT_THAT(unknown.refusal(), HasSubstr("auto_pad \"SAME\" is unknown"));
}

TEST(Convolution, OverOneAndThreeAxes) {
  TestModel one = conv({1, 1, 4}, {1, 1, 2}, {1, 10});
  one.attribute("pads", Dims{1, 0}).attribute("strides", Dims{2});
  expect_numbers(run(one.import(), {ramp(4)}), {1, 1, 2}, {10, 32});
  TestModel three = conv({1, 1, 2, 2, 2}, {1, 1, 2, 1, 1}, {1, 10});
  expect_numbers(run(three.import(), {ramp(8)}), {1, 1, 1, 2, 2}, {51, 62, 73, 84});
}

TEST(Convolution, BiasAndRefusals) {
  TestModel m;
  m.input("x", {1, 1, 1, 1}).output("y").floats("w", {2, 1, 1, 1}, {1, 2}).floats("b", {2}, {5, 6});
  m.node("Conv", {"x", "w", "b"}, {"y"});
  expect_numbers(run(m.import(), {{3}}), {1, 2, 1, 1}, {8, 12});
  TestModel bias;
  bias.input("x", {1, 1, 1, 1}).output("y").floats("w", {2, 1, 1, 1}, {1, 2});
  bias.floats("b", {1}, {5}).node("Conv", {"x", "w", "b"}, {"y"});
  EXPECT_THAT(bias.refusal(), HasSubstr("one value for each of the (2) output channels"));
  TestModel large = conv({1, 1, 2, 2}, {1, 1, 3, 3}, ramp(9));
  EXPECT_THAT(large.refusal(), HasSubstr("is larger than the padded input"));
  TestModel shape = conv({1, 1, 2, 2}, {1, 1, 1, 1}, {1});
  shape.attribute("kernel_shape", Dims{2, 2});
  EXPECT_THAT(shape.refusal(), HasSubstr("kernel_shape differs"));
  TestModel range = conv({1, 1, 2, 2}, {1, 1, 1, 1}, {1});
  range.attribute("strides", Dims{std::int64_t{1} << 62, 1});
  EXPECT_THAT(range.refusal(), HasSubstr("must be 1 to 1048576, got 4611686018427387904"));
}

TEST(Convolution, Transposed) {
  const auto transposed = [](const Dims& x) {
    TestModel m;
    m.input("x", x).output("y").floats("w", {1, 1, 1, 2}, {1, 10});
    m.node("ConvTranspose", {"x", "w"}, {"y"});
    return m;
  };
  expect_numbers(run(transposed({1, 1, 1, 2}).import(), {{1, 2}}), {1, 1, 1, 3}, {1, 12, 20});
  TestModel strided = transposed({1, 1, 1, 2});
  strided.attribute("strides", Dims{1, 3}).attribute("output_padding", Dims{0, 1});
  expect_numbers(run(strided.import(), {{1, 2}}), {1, 1, 1, 6}, {1, 10, 0, 2, 20, 0});
  TestModel cut = transposed({1, 1, 1, 2});
  cut.attribute("pads", Dims{0, 1, 0, 0});
  expect_numbers(run(cut.import(), {{1, 2}}), {1, 1, 1, 2}, {12, 20});
  TestModel grouped;
  grouped.input("x", {1, 2, 1}).output("y").floats("w", {2, 2, 1}, {1, 2, 3, 4});
  grouped.node("ConvTranspose", {"x", "w"}, {"y"}).attribute("group", std::int64_t{2});
  expect_numbers(run(grouped.import(), {{1, 10}}), {1, 4, 1}, {1, 2, 30, 40});
}

TestModel pool(const std::string& op, const Dims& x, const Dims& kernel, std::int64_t opset = 13) {
  TestModel m(opset);
  m.input("x", x).output("y").node(op, {"x"}, {"y"}).attribute("kernel_shape", kernel);
  return m;
}

TEST(Pooling, CeilModeAddsAWindowThatStartsInside) {
  TestModel floor = pool("MaxPool", {1, 1, 1, 4}, {1, 3});
  floor.attribute("strides", Dims{1, 2});
  expect_numbers(run(floor.import(), {ramp(4)}), {1, 1, 1, 1}, {3});
  TestModel ceil = pool("MaxPool", {1, 1, 1, 4}, {1, 3});
  ceil.attribute("strides", Dims{1, 2}).attribute("ceil_mode", std::int64_t{1});
  expect_numbers(run(ceil.import(), {ramp(4)}), {1, 1, 1, 2}, {3, 4});
}

TEST(Pooling, AverageCountsPaddingOnRequest) {
  const auto average = [](std::int64_t counts) {
    TestModel m = pool("AveragePool", {1, 1, 1, 2}, {1, 2});
    m.attribute("pads", Dims{0, 1, 0, 1}).attribute("count_include_pad", counts);
    return run(m.import(), {{2, 4}});
  };
  expect_numbers(average(0), {1, 1, 1, 3}, {2, 3, 4});
  expect_numbers(average(1), {1, 1, 1, 3}, {1, 3, 2});
}

TEST(Pooling, DilationsOneAndThreeAxes) {
  TestModel dilated = pool("MaxPool", {1, 1, 1, 4}, {1, 2});
  dilated.attribute("dilations", Dims{1, 2});
  expect_numbers(run(dilated.import(), {{4, 1, 3, 2}}), {1, 1, 1, 2}, {4, 2});
  expect_numbers(run(pool("AveragePool", {1, 1, 3}, {2}).import(), {{1, 3, 5}}), {1, 1, 2}, {2, 4});
  expect_numbers(run(pool("MaxPool", {1, 1, 2, 2, 2}, {2, 2, 2}).import(), {ramp(8)}),
                 {1, 1, 1, 1, 1}, {8});
  expect_numbers(run(pool("AveragePool", {1, 1, 2, 2, 2}, {2, 2, 2}).import(), {ramp(8)}),
                 {1, 1, 1, 1, 1}, {4.5});
}

TEST(Pooling, MaximaOfNegativesIgnoreThePadding) {
  TestModel m = pool("MaxPool", {1, 1, 1, 2}, {1, 2});
  m.attribute("pads", Dims{0, 1, 0, 1});
  expect_numbers(run(m.import(), {{-3, -5}}), {1, 1, 1, 3}, {-3, -3, -5});
}

TEST(Pooling, IndicesAndMissingKernelsAreRefused) {
  TestModel indices;
  indices.input("x", {1, 1, 2, 2}).output("y").node("MaxPool", {"x"}, {"y", "i"});
  indices.attribute("kernel_shape", Dims{2, 2});
  EXPECT_EQ(indices.refusal(),
            "node \"the_MaxPool\" (MaxPool): the indices output is not supported");
  TestModel none;
  none.input("x", {1, 1, 2, 2}).output("y").node("MaxPool", {"x"}, {"y"});
  EXPECT_THAT(none.refusal(), HasSubstr("needs 2 values in kernel_shape"));
}

TEST(Pooling, GlobalKeepsTheRank) {
  TestModel m;
  m.input("x", {1, 2, 1, 2}).output("y").node("GlobalAveragePool", {"x"}, {"y"});
  expect_numbers(run(m.import(), {{1, 3, 5, 9}}), {1, 2, 1, 1}, {2, 7});
}

TestModel gemm(const Dims& a, const Dims& b, const Dims& c) {
  TestModel m;
  m.input("a", a).input("b", b).input("c", c).output("y").node("Gemm", {"a", "b", "c"}, {"y"});
  return m;
}

TEST(Gemm, TransposesFactorsAndBroadcasts) {
  const std::vector<float> a{1, 2, 3, 4, 5, 6}, b{1, 0, 0, 1, 1, 1};
  expect_numbers(run(gemm({2, 3}, {3, 2}, {2}).import(), {a, b, {10, 20}}), {2, 2},
                 {14, 25, 20, 31});
  TestModel both = gemm({3, 2}, {2, 3}, {2, 1});
  both.attribute("transA", std::int64_t{1}).attribute("transB", std::int64_t{1});
  both.attribute("alpha", 2.0F).attribute("beta", 0.5F);
  // A' = (1 3 5; 2 4 6), B' = (1 1; 0 1; 0 1)
  expect_numbers(run(both.import(), {a, b, {10, 20}}), {2, 2}, {7, 23, 14, 34});
  expect_numbers(run(gemm({1, 3}, {3, 2}, {}).import(), {{1, 2, 3}, b, {1}}), {1, 2}, {5, 6});
}

TEST(Gemm, ABiasThatWouldGrowTheResultIsRefused) {
  EXPECT_EQ(gemm({1, 3}, {3, 2}, {4, 2}).refusal(),
            "node \"the_Gemm\" (Gemm): C has shape (4, 2), which does not broadcast to (1, 2)");
  EXPECT_THAT(gemm({2, 3}, {3, 2}, {1, 2, 2}).refusal(), HasSubstr("C has shape (1, 2, 2)"));
  EXPECT_THAT(gemm({2, 3}, {4, 2}, {2}).refusal(), HasSubstr("(2, 3) and (4, 2)"));
}

TEST(Elementwise, BroadcastsBothWays) {
  TestModel m;
  m.input("a", {2, 1}).input("b", {3}).output("y").node("Sub", {"a", "b"}, {"y"});
  expect_numbers(run(m.import(), {{10, 20}, {1, 2, 3}}), {2, 3}, {9, 8, 7, 19, 18, 17});
}

TEST(Elementwise, PowerHasTheTypeOfItsBase) {
  TestModel m;
  m.input("a", {2}, kInt64Tensor).input("b", {2}).output("y").node("Pow", {"a", "b"}, {"y"});
  const relax::Module module = m.import();
  expect_numbers(run(module, {{2, 9}, {3, 0.5F}}), {2}, {8, 3});
  EXPECT_EQ(to_string(relax::dtype_of(module.find_function("main")->result)), "int64");
  TestModel integers;
  integers.input("a", {1}, kInt64Tensor).input("b", {1}, kInt64Tensor).output("y");
  integers.node("Pow", {"a", "b"}, {"y"});
  expect_numbers(run(integers.import(), {{7}, {5}}), {1}, {16807});
}

TEST(Elementwise, ModFollowsTheDivisorOrTheDividend) {
  TestModel m;
  m.input("a", {2}, kInt64Tensor).input("b", {2}, kInt64Tensor).output("y");
  m.node("Mod", {"a", "b"}, {"y"});
  expect_numbers(run(m.import(), {{-7, 7}, {3, -3}}), {2}, {2, -2});
  m.attribute("fmod", std::int64_t{1});
  expect_numbers(run(m.import(), {{-7, 7}, {3, -3}}), {2}, {-1, 1});
}

TEST(Normalization, LocalResponseAcrossChannels) {
  TestModel m;
  m.input("x", {1, 3, 1, 1}).output("y").node("LRN", {"x"}, {"y"});
  m.attribute("size", std::int64_t{2}).attribute("alpha", 2.0F).attribute("beta", 1.0F);
  // The window of two reaches one channel forward.
  expect_numbers(run(m.import(), {{1, 2, 3}}), {1, 3, 1, 1},
                 {1.0 / (1 + 5), 2.0 / (1 + 13), 3.0 / (1 + 9)});
}

TEST(Normalization, LayersRowsAndRootMeanSquares) {
  TestModel layer(17);
  layer.input("x", {2, 2}).floats("s", {2}, {1, 2}).floats("b", {2}, {0, 1}).output("y");
  layer.node("LayerNormalization", {"x", "s", "b"}, {"y"}).attribute("epsilon", 0.0F);
  expect_numbers(run(layer.import(), {{1, 3, 10, 30}}), {2, 2}, {-1, 3, -1, 3});
  TestModel rms(23);
  rms.input("x", {1, 2}).floats("s", {2}, {5, 5}).output("y");
  rms.node("RMSNormalization", {"x", "s"}, {"y"}).attribute("epsilon", 0.0F);
  expect_numbers(run(rms.import(), {{1, 7}}), {1, 2}, {1, 7});
}

TEST(Movement, ConcatTakesNegativeAxes) {
  TestModel m;
  m.input("a", {2, 1}).input("b", {2, 2}).output("y").node("Concat", {"a", "b"}, {"y"});
  EXPECT_THAT(m.refusal(), HasSubstr("attribute axis is missing"));
  m.attribute("axis", std::int64_t{-1});
  expect_numbers(run(m.import(), {{1, 2}, {3, 4, 5, 6}}), {2, 3}, {1, 3, 4, 2, 5, 6});
}

TEST(Movement, FlattenTakesEveryAxis) {
  for (const auto& [axis, shape] :
       {std::pair{0, "(1, 24)"}, {1, "(2, 12)"}, {3, "(24, 1)"}, {-1, "(6, 4)"}}) {
    TestModel m;
    m.input("x", {2, 3, 4}).output("y").node("Flatten", {"x"}, {"y"});
    m.attribute("axis", std::int64_t{axis});
    EXPECT_EQ(output_shape(m.import()), shape);
  }
}

TestModel reshape(const Dims& from, const Dims& to) {
  TestModel m(14);
  m.input("x", from).output("y");
  m.integers("shape", {static_cast<std::int64_t>(to.size())}, to);
  m.node("Reshape", {"x", "shape"}, {"y"});
  return m;
}

TEST(Movement, ReshapeCopiesZerosAndSolvesOneOpenExtent) {
  EXPECT_EQ(output_shape(reshape({2, 3, 4}, {0, -1}).import()), "(2, 12)");
  EXPECT_EQ(output_shape(reshape({2, 3, 4}, {4, 0, -1}).import()), "(4, 3, 2)");
  EXPECT_THAT(reshape({2, 3}, {-1, -1}).refusal(), HasSubstr("two extents of -1"));
  EXPECT_THAT(reshape({2, 3}, {4, -1}).refusal(), HasSubstr("shape (4, -1) does not fit"));
  EXPECT_THAT(reshape({2, 3}, {5}).refusal(), HasSubstr("(2, 3) has (6) elements, (5) has (5)"));
  EXPECT_THAT(reshape({2, 3}, {-2, 3}).refusal(), HasSubstr("an extent below -1"));
  EXPECT_THAT(reshape({2}, {1, 0}).refusal(), HasSubstr("a 0 beyond the input's rank"));
  EXPECT_THAT(reshape({2}, {std::int64_t{1} << 40, std::int64_t{1} << 40}).refusal(),
              HasSubstr("too many elements"));
}

TEST(Movement, ReshapeAllowsZeroOnRequest) {
  TestModel m = reshape({0, 3}, {3, 0});
  m.attribute("allowzero", std::int64_t{1});
  EXPECT_EQ(output_shape(m.import()), "(3, 0)");
}

TEST(Movement, DepthAndSpace) {
  TestModel m;
  m.input("x", {1, 4, 1, 1}).output("y").node("DepthToSpace", {"x"}, {"y"});
  m.attribute("blocksize", std::int64_t{2});
  expect_numbers(run(m.import(), {{1, 2, 3, 4}}), {1, 1, 2, 2}, {1, 2, 3, 4});
  TestModel back;
  back.input("x", {1, 1, 2, 2}).output("y").node("SpaceToDepth", {"x"}, {"y"});
  back.attribute("blocksize", std::int64_t{2});
  expect_numbers(run(back.import(), {{1, 2, 3, 4}}), {1, 4, 1, 1}, {1, 2, 3, 4});
}

TEST(Index, ElementsRowsAndTriangles) {
  TestModel elements;
  elements.input("x", {2, 2}).integers("i", {2, 1}, {-1, 0}).output("y");
  elements.node("GatherElements", {"x", "i"}, {"y"}).attribute("axis", std::int64_t{1});
  expect_numbers(run(elements.import(), {{1, 2, 3, 4}}), {2, 1}, {2, 3});
  TestModel nd;
  nd.input("x", {2, 2})
      .integers("i", {2, 1}, {1, 0})
      .output("y")
      .node("GatherND", {"x", "i"}, {"y"});
  expect_numbers(run(nd.import(), {{1, 2, 3, 4}}), {2, 2}, {3, 4, 1, 2});
  TestModel lower(14);
  lower.input("x", {2, 2}).output("y").node("Trilu", {"x"}, {"y"});
  lower.attribute("upper", std::int64_t{0});
  expect_numbers(run(lower.import(), {{1, 2, 3, 4}}), {2, 2}, {1, 0, 3, 4});
}

TEST(Index, ArgMaxOfTiesAndCumulativeSums) {
  TestModel m;
  m.input("x", {1, 3}).output("y").node("ArgMax", {"x"}, {"y"}).attribute("axis", std::int64_t{1});
  expect_numbers(run(m.import(), {{2, 5, 5}}), {1, 1}, {1});
  m.attribute("select_last_index", std::int64_t{1});
  expect_numbers(run(m.import(), {{2, 5, 5}}), {1, 1}, {2});
  TestModel sum;
  sum.input("x", {3}).integers("axis", {}, {0}).output("y").node("CumSum", {"x", "axis"}, {"y"});
  expect_numbers(run(sum.import(), {{1, 2, 3}}), {3}, {1, 3, 6});
  sum.attribute("reverse", std::int64_t{1}).attribute("exclusive", std::int64_t{1});
  expect_numbers(run(sum.import(), {{1, 2, 3}}), {3}, {5, 3, 0});
}

// One query and one key: score 2 * 3, capped to 6 tanh(1), masked by + 10.
TEST(Attention, ScoresAreGivenAtTheStageThatTheModeNames) {
  const double capped = 6 * std::tanh(1.0);
  for (const auto& [mode, score] : {std::pair{0, 6.0}, {1, capped}, {2, capped + 10}, {3, 1.0}}) {
    TestModel m(23);
    m.input("q", {1, 1, 1, 1}).input("k", {1, 1, 1, 1}).input("v", {1, 1, 1, 1}).output("qk");
    m.floats("mask", {1, 1}, {10});
    m.node("Attention", {"q", "k", "v", "mask"}, {"y", "", "", "qk"}).attribute("scale", 1.0F);
    m.attribute("softcap", 6.0F).attribute("qk_matmul_output_mode", std::int64_t{mode});
    expect_numbers(run(m.import(), {{2}, {3}, {5}}), {1, 1, 1, 1}, {score});
  }
}

TEST(Attention, GroupsCausesAndRowsWithoutKeys) {
  // Two heads share one key head; values 1 and 3; equal scores.
  TestModel m(23);
  m.input("q", {1, 2, 2, 1}).input("k", {1, 1, 2, 1}).input("v", {1, 1, 2, 1}).output("y");
  m.node("Attention", {"q", "k", "v"}, {"y"});
  expect_numbers(run(m.import(), {{0, 0, 0, 0}, {1, 1}, {1, 3}}), {1, 2, 2, 1}, {2, 2, 2, 2});
  m.attribute("is_causal", std::int64_t{1});
  expect_numbers(run(m.import(), {{0, 0, 0, 0}, {1, 1}, {1, 3}}), {1, 2, 2, 1}, {1, 2, 1, 2});
  TestModel none(23);
  none.input("q", {1, 1, 1, 1}).input("k", {1, 1, 1, 1}).input("v", {1, 1, 1, 1}).output("y");
  auto* mask = none.graph().add_initializer();
  mask->set_name("mask");
  mask->set_data_type(kBoolTensor);
  mask->add_dims(1);
  mask->add_dims(1);
  mask->add_int32_data(0);
  none.node("Attention", {"q", "k", "v", "mask"}, {"y"});
  expect_numbers(run(none.import(), {{2}, {3}, {5}}), {1, 1, 1, 1}, {0});
}

TEST(Loss, IgnoredTargetsCountNothing) {
  TestModel m;
  m.input("x", {3, 2}).integers("t", {3}, {0, -1, 1}).output("y");
  m.node("NegativeLogLikelihoodLoss", {"x", "t"}, {"y"})
      .attribute("ignore_index", std::int64_t{-1});
  expect_numbers(run(m.import(), {{1, 2, 3, 4, 5, 6}}), {}, {-3.5});
}

TEST(Quantization, RoundsHalvesToEvenAndSaturates) {
  TestModel m;
  m.input("x", {4}).floats("s", {}, {2}).output("y").node("QuantizeLinear", {"x", "s"}, {"y"});
  expect_numbers(run(m.import(), {{1, 3, -8, 1000}}), {4}, {0, 2, 0, 255});
}

}  // namespace
}  // namespace tenon::onnx
