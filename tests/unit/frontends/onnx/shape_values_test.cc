// Shapes as values: what exporters compute from Shape becomes expressions of the symbols.
#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

TEST(ShapeValues, AReshapeToTheBatchAndTheRest) {
  TestModel m;
  m.symbolic_input("x", {"n", "3", "4"}).output("y");
  m.integers("zero", {}, {0}).integers("axes", {1}, {0}).integers("rest", {1}, {-1});
  m.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "zero"}, {"n"});
  m.node("Unsqueeze", {"n", "axes"}, {"n1"}).node("Concat", {"n1", "rest"}, {"shape"});
  m.attribute("axis", std::int64_t{0});
  m.node("Reshape", {"x", "shape"}, {"y"});
  EXPECT_EQ(output_shape(m.import()), "(n, 12)");
}

TEST(ShapeValues, ArithmeticOnSizes) {
  TestModel m;
  m.symbolic_input("x", {"n", "6"}).output("y");
  m.integers("one", {1}, {1}).integers("two", {1}, {2}).integers("open", {1}, {-1});
  m.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "one"}, {"c"});
  m.node("Div", {"c", "two"}, {"half"}).node("Concat", {"open", "half"}, {"shape"});
  m.attribute("axis", std::int64_t{0});
  m.node("Reshape", {"x", "shape"}, {"y"});
  EXPECT_EQ(output_shape(m.import()), "(n * T.int64(2), 3)");
}

TEST(ShapeValues, ConstantDivisionRoundsTowardsZero) {
  TestModel m;
  m.input("x", {3}).output("y").integers("four", {1}, {4}).integers("two", {1}, {2});
  m.node("Shape", {"x"}, {"s"}).node("Sub", {"s", "four"}, {"minus"});  // -1
  m.node("Div", {"minus", "two"}, {"y"});
  expect_numbers(run(m.import(), {{1, 2, 3}}), {1}, {0});
}

TEST(ShapeValues, DivisionByZeroAndOverflowAreRefused) {
  TestModel m;
  m.input("x", {3}).output("y").integers("zero", {1}, {0}).node("Shape", {"x"}, {"s"});
  m.node("Div", {"s", "zero"}, {"y"});
  EXPECT_THAT(m.refusal(), HasSubstr("a shape value is divided by zero"));
  TestModel large;
  large.input("x", {3}).output("y").integers("big", {1}, {std::int64_t{1} << 62});
  large.node("Shape", {"x"}, {"s"}).node("Mul", {"s", "big"}, {"y"});
  EXPECT_THAT(large.refusal(), HasSubstr("a shape value overflows"));
}

TEST(ShapeValues, ConstantOfShapeFillsOrRefuses) {
  TestModel m;
  m.integers("shape", {2}, {2, 2}).output("y").node("ConstantOfShape", {"shape"}, {"y"});
  expect_numbers(run(m.import(), {}), {2, 2}, {0, 0, 0, 0});
  TestModel negative;
  negative.integers("shape", {1}, {-2}).output("y").node("ConstantOfShape", {"shape"}, {"y"});
  EXPECT_THAT(negative.refusal(), HasSubstr("shape (-2) has a negative extent"));
}

TEST(ShapeValues, ShapesKnownOnlyAtRunTimeAreRefused) {
  TestModel m;
  m.input("x", {4}).input("shape", {1}, kInt64Tensor).output("y");
  m.node("Reshape", {"x", "shape"}, {"y"});
  EXPECT_THAT(m.refusal(), HasSubstr("input 1 must be known when the model is compiled"));
}

TEST(ShapeValues, RangesOfSizesAndConstants) {
  TestModel symbolic;
  symbolic.symbolic_input("x", {"n", "2"}).output("y").integers("zero", {}, {0});
  symbolic.integers("one", {}, {1});
  symbolic.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "zero"}, {"n"});
  symbolic.node("Range", {"zero", "n", "one"}, {"y"});
  EXPECT_EQ(output_shape(symbolic.import()), "(n)");
  TestModel down;
  down.integers("a", {}, {5}).integers("b", {}, {0}).integers("step", {}, {-2}).output("y");
  down.node("Range", {"a", "b", "step"}, {"y"});
  expect_numbers(run(down.import(), {}), {3}, {5, 3, 1});
  TestModel empty;
  empty.integers("a", {}, {5}).integers("b", {}, {5}).integers("step", {}, {1}).output("y");
  empty.node("Range", {"a", "b", "step"}, {"y"});
  EXPECT_EQ(output_shape(empty.import()), "(0)");
}

TEST(ShapeValues, ExpandKeepsExtentsOfOne) {
  TestModel m;
  m.input("x", {3, 1}).integers("shape", {3}, {2, 1, 2}).output("y");
  m.node("Expand", {"x", "shape"}, {"y"});
  EXPECT_EQ(output_shape(m.import()), "(2, 3, 2)");
}

// What an exporter writes for expand(-1, 2): where(shape == -1, ones, shape) as the target.
TEST(ShapeValues, ComparisonsAndChoicesOfSizes) {
  TestModel m;
  m.symbolic_input("x", {"n", "1"}).output("y").integers("zero", {1}, {0});
  m.integers("two", {1}, {2}).integers("minus", {1}, {-1});
  m.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "zero"}, {"n"});
  m.node("Concat", {"n", "two"}, {"target"}).attribute("axis", std::int64_t{0});
  m.node("Shape", {"target"}, {"rank"}).node("ConstantOfShape", {"rank"}, {"ones"});
  auto* value = m.last_node().add_attribute();
  value->set_name("value");
  value->mutable_t()->set_data_type(kInt64Tensor);
  value->mutable_t()->add_dims(1);
  value->mutable_t()->add_int64_data(1);
  m.node("Equal", {"target", "minus"}, {"open"});
  m.node("Where", {"open", "ones", "target"}, {"to"}).node("Expand", {"x", "to"}, {"y"});
  EXPECT_EQ(output_shape(m.import()), "(n, 2)");
}

}  // namespace
}  // namespace tenon::onnx
