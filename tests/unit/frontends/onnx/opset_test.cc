// The same operator at different opsets.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

TestModel unary(const std::string& op, std::int64_t opset, const Dims& dims) {
  TestModel m(opset);
  m.input("x", dims).output("y").node(op, {"x"}, {"y"});
  return m;
}

TEST(Opsets, SoftmaxTakesAMatrixBefore13) {
  const std::vector<float> zeros(8, 0);
  // (2, 2, 2) as (2, 4): every element a quarter; along the last axis from 13: a half.
  for (const std::int64_t opset : {1, 11, 12}) {
    expect_numbers(run(unary("Softmax", opset, {2, 2, 2}).import(), {zeros}), {2, 2, 2},
                   std::vector<double>(8, 0.25));
  }
  expect_numbers(run(unary("Softmax", 13, {2, 2, 2}).import(), {zeros}), {2, 2, 2},
                 std::vector<double>(8, 0.5));
  TestModel first = unary("Softmax", 13, {4, 2});
  first.attribute("axis", std::int64_t{0});
  expect_numbers(run(first.import(), {zeros}), {4, 2}, std::vector<double>(8, 0.25));
}

TEST(Opsets, LogSoftmaxAndHardmaxFollowSoftmax) {
  const std::vector<float> x{1, 3, 3, 2};
  expect_numbers(run(unary("Hardmax", 12, {1, 2, 2}).import(), {x}), {1, 2, 2}, {0, 1, 0, 0});
  expect_numbers(run(unary("Hardmax", 13, {1, 2, 2}).import(), {x}), {1, 2, 2}, {0, 1, 1, 0});
  const double low = -std::log(1 + std::exp(1.0));
  expect_numbers(run(unary("LogSoftmax", 13, {1, 2}).import(), {{0, 1}}), {1, 2}, {low, 1 + low});
}

TEST(Opsets, SqueezeAndUnsqueezeAxesMoveToAnInputAt13) {
  TestModel old_squeeze = unary("Squeeze", 11, {1, 2, 1});
  old_squeeze.attribute("axes", Dims{0});
  EXPECT_EQ(output_shape(old_squeeze.import()), "(2, 1)");
  TestModel squeeze(13);
  squeeze.input("x", {1, 2, 1}).integers("axes", {1}, {-1}).output("y");
  squeeze.node("Squeeze", {"x", "axes"}, {"y"});
  EXPECT_EQ(output_shape(squeeze.import()), "(1, 2)");
  EXPECT_EQ(output_shape(unary("Squeeze", 13, {1, 2, 1}).import()), "(2)");
  TestModel old_unsqueeze = unary("Unsqueeze", 11, {2});
  old_unsqueeze.attribute("axes", Dims{0, 2});
  EXPECT_EQ(output_shape(old_unsqueeze.import()), "(1, 2, 1)");
  TestModel unsqueeze(13);
  unsqueeze.input("x", {2}).integers("axes", {1}, {0}).output("y");
  unsqueeze.node("Unsqueeze", {"x", "axes"}, {"y"});
  EXPECT_EQ(output_shape(unsqueeze.import()), "(1, 2)");
  EXPECT_THAT(unary("Unsqueeze", 13, {2}).refusal(), HasSubstr("axes are needed"));
  TestModel wrong = unary("Squeeze", 11, {1, 2});
  wrong.attribute("axes", Dims{1});
  EXPECT_THAT(wrong.refusal(), HasSubstr("axis 1 of (1, 2) is not 1"));
}

TEST(Opsets, ClipBoundsMoveToInputsAt11) {
  TestModel old = unary("Clip", 6, {3});
  old.attribute("min", -1.0F).attribute("max", 1.0F);
  expect_numbers(run(old.import(), {{-2, 0.5F, 2}}), {3}, {-1, 0.5, 1});
  TestModel inputs(11);
  inputs.input("x", {3}).floats("low", {}, {0}).output("y").node("Clip", {"x", "low"}, {"y"});
  expect_numbers(run(inputs.import(), {{-2, 0.5F, 2}}), {3}, {0, 0.5, 2});
  TestModel variable(13);
  variable.input("x", {3}).input("high", {}).output("y").node("Clip", {"x", "", "high"}, {"y"});
  expect_numbers(run(variable.import(), {{-2, 0.5F, 2}, {1}}), {3}, {-2, 0.5, 1});
}

TEST(Opsets, ClipOfIntegersKeepsTheOpenBound) {
  TestModel m(13);
  m.input("x", {3}, kInt64Tensor).integers("low", {}, {0}).output("y");
  m.node("Clip", {"x", "low"}, {"y"});
  expect_numbers(run(m.import(), {{-2, 0, 7}}), {3}, {0, 0, 7});
}

TEST(Opsets, DropoutIsTheIdentityInInference) {
  for (const std::int64_t opset : {7, 12, 13}) {
    expect_numbers(run(unary("Dropout", opset, {2}).import(), {{1, 2}}), {2}, {1, 2});
  }
  TestModel old = unary("Dropout", 6, {2});
  EXPECT_THAT(old.refusal(), HasSubstr("is_test must be 1"));
  old.attribute("is_test", std::int64_t{1});
  expect_numbers(run(old.import(), {{1, 2}}), {2}, {1, 2});
}

TEST(Opsets, TheDropoutMaskKeepsEverythingInItsType) {
  for (const auto& [opset, type] : {std::pair{7, "float32"}, {10, "bool"}}) {
    TestModel m(opset);
    m.input("x", {2}).output("mask").node("Dropout", {"x"}, {"y", "mask"});
    const relax::Module module = m.import();
    expect_numbers(run(module, {{1, 2}}), {2}, {1, 1});
    EXPECT_EQ(to_string(relax::dtype_of(module.find_function("main")->result)), type);
  }
}

TEST(Opsets, TrainingIsRefused) {
  TestModel m(13);
  m.input("x", {2}).floats("ratio", {}, {0.5F}).output("y");
  auto* training = m.graph().add_initializer();
  training->set_name("training");
  training->set_data_type(kBoolTensor);
  training->add_int32_data(1);
  m.node("Dropout", {"x", "ratio", "training"}, {"y"});
  EXPECT_THAT(m.refusal(), HasSubstr("training_mode must be the constant false"));
}

TestModel batch_norm(std::int64_t opset) {
  TestModel m(opset);
  m.input("x", {1, 2, 1, 2}).output("y");
  m.floats("scale", {2}, {2, 1}).floats("bias", {2}, {0, 1});
  m.floats("mean", {2}, {1, 0}).floats("var", {2}, {4, 1});
  m.node("BatchNormalization", {"x", "scale", "bias", "mean", "var"}, {"y"});
  m.attribute("epsilon", 0.0F);
  return m;
}

TEST(Opsets, BatchNormalizationOfInference) {
  for (const std::int64_t opset : {7, 9, 14, 15}) {
    expect_numbers(run(batch_norm(opset).import(), {{1, 3, 5, 6}}), {1, 2, 1, 2}, {0, 2, 6, 7});
  }
  TestModel old = batch_norm(6);
  EXPECT_THAT(old.refusal(), HasSubstr("is_test must be 1"));
  old.attribute("is_test", std::int64_t{1});
  expect_numbers(run(old.import(), {{1, 3, 5, 6}}), {1, 2, 1, 2}, {0, 2, 6, 7});
  TestModel positions = batch_norm(7);
  positions.attribute("spatial", std::int64_t{0});
  EXPECT_THAT(positions.refusal(), HasSubstr("spatial = 0"));
  TestModel training = batch_norm(14);
  training.attribute("training_mode", std::int64_t{1});
  EXPECT_THAT(training.refusal(), HasSubstr("training_mode is not supported"));
}

TEST(Opsets, PadsMoveToAnInputAt11) {
  TestModel old = unary("Pad", 2, {2});
  old.attribute("pads", Dims{1, 2}).attribute("value", 7.0F);
  expect_numbers(run(old.import(), {{1, 2}}), {5}, {7, 1, 2, 7, 7});
  TestModel m(13);
  m.input("x", {1, 3}).integers("pads", {4}, {0, 2, 0, 2}).output("y");
  m.node("Pad", {"x", "pads"}, {"y"}).attribute("mode", std::string("reflect"));
  expect_numbers(run(m.import(), {{1, 2, 3}}), {1, 7}, {3, 2, 1, 2, 3, 2, 1});
  TestModel axes(18);
  axes.input("x", {1, 3}).integers("pads", {2}, {-1, 1}).integers("axes", {1}, {-1}).output("y");
  axes.node("Pad", {"x", "pads", "", "axes"}, {"y"});
  expect_numbers(run(axes.import(), {{1, 2, 3}}), {1, 3}, {2, 3, 0});
  TestModel wrap(19);
  wrap.input("x", {3}).integers("pads", {2}, {1, 1}).output("y");
  wrap.node("Pad", {"x", "pads"}, {"y"}).attribute("mode", std::string("wrap"));
  expect_numbers(run(wrap.import(), {{1, 2, 3}}), {5}, {3, 1, 2, 3, 1});
}

TEST(Opsets, SliceBoundsMoveToInputsAt10) {
  const std::vector<float> x{0, 1, 2, 3, 4, 5};
  TestModel old = unary("Slice", 1, {6});
  old.attribute("starts", Dims{1}).attribute("ends", Dims{-1});
  expect_numbers(run(old.import(), {x}), {4}, {1, 2, 3, 4});
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  const auto slice = [&](std::int64_t start, std::int64_t end, std::int64_t step) {
    TestModel m(13);
    m.input("x", {6}).output("y").integers("starts", {1}, {start}).integers("ends", {1}, {end});
    m.integers("axes", {1}, {0}).integers("steps", {1}, {step});
    m.node("Slice", {"x", "starts", "ends", "axes", "steps"}, {"y"});
    return m;
  };
  expect_numbers(run(slice(0, kMax, 2).import(), {x}), {3}, {0, 2, 4});
  expect_numbers(run(slice(-1, kMin, -2).import(), {x}), {3}, {5, 3, 1});
  expect_numbers(run(slice(1, 6, kMax).import(), {x}), {1}, {1});
  expect_numbers(run(slice(5, kMin, kMin).import(), {x}), {1}, {5});
  EXPECT_THAT(slice(0, 6, 0).refusal(), HasSubstr("stride 0"));
}

TEST(Opsets, BinaryOperatorsAlignAtTheAxisBefore7) {
  TestModel old(6);
  old.input("a", {2, 3}).input("b", {2}).output("y").node("Add", {"a", "b"}, {"y"});
  old.attribute("broadcast", std::int64_t{1}).attribute("axis", std::int64_t{0});
  expect_numbers(run(old.import(), {{0, 0, 0, 0, 0, 0}, {1, 2}}), {2, 3}, {1, 1, 1, 2, 2, 2});
  TestModel wrong(6);
  wrong.input("a", {2}).input("b", {2, 3}).output("y").node("Add", {"a", "b"}, {"y"});
  wrong.attribute("broadcast", std::int64_t{1});
  EXPECT_THAT(wrong.refusal(), HasSubstr("axis -1 does not fit operands of rank 1 and 2"));
}

TEST(Opsets, ReductionAxesMoveToAnInput) {
  const std::vector<float> x{1, 2, 3, 4};
  TestModel old = unary("ReduceSum", 11, {2, 2});
  old.attribute("axes", Dims{0}).attribute("keepdims", std::int64_t{0});
  expect_numbers(run(old.import(), {x}), {2}, {4, 6});
  TestModel m(13);
  m.input("x", {2, 2}).integers("axes", {1}, {1}).output("y");
  m.node("ReduceSum", {"x", "axes"}, {"y"});
  expect_numbers(run(m.import(), {x}), {2, 1}, {3, 7});
  TestModel mean = unary("ReduceMean", 17, {2, 2});
  mean.attribute("axes", Dims{-1});
  expect_numbers(run(mean.import(), {x}), {2, 1}, {1.5, 3.5});
  TestModel noop = unary("ReduceSum", 13, {2, 2});
  noop.attribute("noop_with_empty_axes", std::int64_t{1});
  expect_numbers(run(noop.import(), {x}), {2, 2}, {1, 2, 3, 4});
}

TEST(Opsets, TheMeanOfIntegersIsNoSumOfZeros) {
  TestModel m(13);
  m.input("x", {4}, kInt64Tensor).output("y").node("ReduceMean", {"x"}, {"y"});
  expect_numbers(run(m.import(), {{1, 2, 3, 10}}), {1}, {4});
}

TEST(Opsets, SplitSizes) {
  const auto split = [](std::int64_t opset) {
    TestModel m(opset);
    m.input("x", {5}).output("b").node("Split", {"x"}, {"a", "b"});
    return m;
  };
  TestModel old = split(2);
  old.attribute("split", Dims{2, 3});
  expect_numbers(run(old.import(), {{1, 2, 3, 4, 5}}), {3}, {3, 4, 5});
  EXPECT_THAT(split(13).refusal(), HasSubstr("has no 2 equal parts"));
  TestModel uneven = split(18);
  uneven.attribute("num_outputs", std::int64_t{2});
  expect_numbers(run(uneven.import(), {{1, 2, 3, 4, 5}}), {2}, {4, 5});
  TestModel wrong = split(2);
  wrong.attribute("split", Dims{2, 2});
  EXPECT_THAT(wrong.refusal(), HasSubstr("the parts do not add up to 5"));
}

TEST(Opsets, GroupNormalizationScalesChannelsFrom21) {
  for (const std::int64_t opset : {18, 21}) {
    TestModel m(opset);
    const std::int64_t size = opset < 21 ? 1 : 2;
    m.input("x", {1, 2, 1}).output("y");
    m.floats("scale", {size}, std::vector<float>(static_cast<std::size_t>(size), 3));
    m.floats("bias", {size}, std::vector<float>(static_cast<std::size_t>(size), 1));
    m.node("GroupNormalization", {"x", "scale", "bias"}, {"y"});
    m.attribute("num_groups", std::int64_t{1}).attribute("epsilon", 0.0F);
    expect_numbers(run(m.import(), {{2, 4}}), {1, 2, 1}, {-2, 4});
  }
}

}  // namespace
}  // namespace tenon::onnx
