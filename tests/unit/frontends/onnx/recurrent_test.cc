// RNN, GRU and LSTM: directions, layouts, states; numbers by hand with activation Relu, whose
// recurrences are plain sums.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

void set_activations(TestModel& m, const std::vector<std::string>& names) {
  auto* attribute = m.last_node().add_attribute();
  attribute->set_name("activations");
  attribute->set_type(8);
  for (const std::string& name : names) attribute->add_strings(name);
}

// h = relu(x + 2 h) over the sequence x of three steps, one feature, batch 1.
TestModel sums(std::int64_t directions) {
  TestModel m(14);
  const auto count = static_cast<std::size_t>(directions);
  m.input("x", {3, 1, 1}).floats("w", {directions, 1, 1}, std::vector<float>(count, 1));
  m.floats("r", {directions, 1, 1}, std::vector<float>(count, 2));
  m.node("RNN", {"x", "w", "r"}, {"y", "last"}).attribute("hidden_size", std::int64_t{1});
  set_activations(m, std::vector<std::string>(count, "Relu"));
  return m;
}

TEST(Recurrent, ForwardAndReverse) {
  TestModel forward = sums(1);
  forward.output("y");
  expect_numbers(run(forward.import(), {{1, 1, 1}}), {3, 1, 1, 1}, {1, 3, 7});
  TestModel reverse = sums(1);
  reverse.output("y").attribute("direction", std::string("reverse"));
  expect_numbers(run(reverse.import(), {{1, 2, 3}}), {3, 1, 1, 1}, {17, 8, 3});
}

TEST(Recurrent, BothDirectionsAndTheirLastStates) {
  TestModel m = sums(2);
  m.output("y").attribute("direction", std::string("bidirectional"));
  expect_numbers(run(m.import(), {{1, 2, 3}}), {3, 2, 1, 1}, {1, 17, 4, 8, 11, 3});
  TestModel last = sums(2);
  last.output("last").attribute("direction", std::string("bidirectional"));
  expect_numbers(run(last.import(), {{1, 2, 3}}), {2, 1, 1}, {11, 17});
}

TEST(Recurrent, GruKeepsTheStateByTheUpdateGate) {
  // All gates sigmoid(0) = 1/2: h = (relu(x) + h) / 2.
  TestModel m(14);
  m.input("x", {2, 1, 1}).floats("w", {1, 3, 1}, {0, 0, 1}).floats("r", {1, 3, 1}, {0, 0, 0});
  m.output("y").node("GRU", {"x", "w", "r"}, {"y"}).attribute("hidden_size", std::int64_t{1});
  set_activations(m, {"Sigmoid", "Relu"});
  expect_numbers(run(m.import(), {{4, 8}}), {2, 1, 1, 1}, {2, 5});
}

TEST(Recurrent, GruResetsBeforeOrAfterTheProduct) {
  const auto gru = [](std::int64_t linear) {
    TestModel m(14);
    m.input("x", {1, 1, 1}).floats("w", {1, 3, 1}, {0, 0, 1}).floats("r", {1, 3, 1}, {0, 0, 1});
    m.floats("b", {1, 6}, {0, 0, 0, 0, 0, 8}).floats("h", {1, 1, 1}, {4});
    m.output("y").node("GRU", {"x", "w", "r", "b", "", "h"}, {"y"});
    m.attribute("hidden_size", std::int64_t{1}).attribute("linear_before_reset", linear);
    set_activations(m, {"Sigmoid", "Relu"});
    return run(m.import(), {{2}});
  };
  expect_numbers(gru(0), {1, 1, 1, 1}, {(2 + 2 + 8 + 4) / 2.0});        // fresh = x + h / 2 + b
  expect_numbers(gru(1), {1, 1, 1, 1}, {(2 + (4 + 8) / 2 + 4) / 2.0});  // x + (h + b) / 2
}

TEST(Recurrent, LstmCellsForgetAndAdd) {
  // Gates 1/2, cell = cell / 2 + x / 2, output = cell / 2.
  TestModel m(14);
  m.input("x", {2, 1, 1}).floats("w", {1, 4, 1}, {0, 0, 0, 1}).floats("r", {1, 4, 1}, {0, 0, 0, 0});
  m.node("LSTM", {"x", "w", "r"}, {"y", "h", "c"}).attribute("hidden_size", std::int64_t{1});
  set_activations(m, {"Sigmoid", "Relu", "Relu"});
  TestModel outputs = m;
  outputs.output("y");
  expect_numbers(run(outputs.import(), {{4, 8}}), {2, 1, 1, 1}, {1, 2.5});
  m.output("c");
  expect_numbers(run(m.import(), {{4, 8}}), {1, 1, 1}, {5});
}

TEST(Recurrent, LstmPeepholesSeeTheCells) {
  TestModel m(14);
  m.input("x", {1, 1, 1}).floats("w", {1, 4, 1}, {0, 0, 0, 1}).floats("r", {1, 4, 1}, {0, 0, 0, 0});
  m.floats("c0", {1, 1, 1}, {2}).floats("p", {1, 3}, {0.5F, 1, 0}).output("y");
  m.node("LSTM", {"x", "w", "r", "", "", "", "c0", "p"}, {"y"});
  m.attribute("hidden_size", std::int64_t{1});
  set_activations(m, {"Sigmoid", "Relu", "Relu"});
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double cell = 0.5 * 2 + sigmoid(1) * 4;  // forget 1/2, input sigmoid(0.5 * 2)
  expect_numbers(run(m.import(), {{4}}), {1, 1, 1, 1}, {sigmoid(cell) * cell});
}

TEST(Recurrent, TheBatchMayComeFirst) {
  TestModel m(14);
  m.input("x", {2, 1, 1}).floats("w", {1, 1, 1}, {1}).floats("r", {1, 1, 1}, {2}).output("y");
  m.node("RNN", {"x", "w", "r"}, {"y"}).attribute("layout", std::int64_t{1});
  set_activations(m, {"Relu"});
  expect_numbers(run(m.import(), {{5, 6}}), {2, 1, 1, 1}, {5, 6});
}

TEST(Recurrent, WhatIsNotSupportedIsNamed) {
  TestModel symbolic(14);
  symbolic.symbolic_input("x", {"t", "1", "1"}).output("y");
  symbolic.floats("w", {1, 1, 1}, {1}).floats("r", {1, 1, 1}, {2});
  symbolic.node("RNN", {"x", "w", "r"}, {"y"});
  EXPECT_THAT(symbolic.refusal(), HasSubstr("the length of the sequence, (t), must be constant"));
  TestModel softsign = sums(1);
  softsign.output("y");
  softsign.last_node().mutable_attribute(1)->set_strings(0, "Softsign");
  EXPECT_THAT(softsign.refusal(), HasSubstr("activation \"Softsign\" is not supported"));
}

}  // namespace
}  // namespace tenon::onnx
