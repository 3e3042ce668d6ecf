// The graph as a whole: who makes which tensor, in which order, of which type and shape.
#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

TestModel add(const Dims& a, const Dims& b) {
  TestModel m;
  m.input("a", a).input("b", b).output("y").node("Add", {"a", "b"}, {"y"});
  return m;
}

TEST(Graph, AnInitializerMayAlsoBeListedAsInput) {
  for (const std::int64_t ir_version : {3, 8}) {
    TestModel m(13, ir_version);
    m.input("x", {2}).input("w", {2}).floats("w", {2}, {10, 20}).output("y");
    m.node("Add", {"x", "w"}, {"y"});
    const relax::Module module = m.import();
    EXPECT_EQ(module.find_function("main")->params.size(), 1U);
    expect_numbers(run(module, {{1, 2}}), {2}, {11, 22});
  }
}

TEST(Graph, AnInitializerThatContradictsItsInputIsRefused) {
  TestModel m;
  m.input("x", {2}).input("w", {3}).floats("w", {2}, {10, 20}).output("y");
  m.node("Add", {"x", "w"}, {"y"});
  EXPECT_EQ(m.refusal(), "input \"w\": is declared with shape (3), its initializer has shape (2)");
}

TEST(Graph, TensorsMadeTwiceAreRefused) {
  TestModel nodes = add({2}, {2});
  nodes.node("Relu", {"a"}, {"y"});
  EXPECT_EQ(
      nodes.refusal(),
      "tensor \"y\" is made twice: by node \"the_Add\" (Add) and by node \"the_Relu\" (Relu)");
  TestModel initializers;
  initializers.floats("w", {1}, {1}).floats("w", {1}, {2}).output("w");
  EXPECT_EQ(initializers.refusal(),
            "tensor \"w\" is made twice: by an initializer and by an initializer");
  TestModel shadow;
  shadow.input("x", {2}).output("x").node("Relu", {"x"}, {"x"});
  EXPECT_THAT(shadow.refusal(), HasSubstr("by an input of the graph and by node \"the_Relu\""));
  TestModel inputs;
  inputs.input("x", {2}).input("x", {2}).output("y").node("Relu", {"x"}, {"y"});
  EXPECT_EQ(inputs.refusal(), "input \"x\" is listed twice");
}

TEST(Graph, MissingTensorsAreNamed) {
  TestModel m;
  m.input("x", {2}).output("y").node("Add", {"x", "z"}, {"y"});
  EXPECT_EQ(m.refusal(),
            "node \"the_Add\" (Add): input \"z\" is no input, no initializer and computed by no "
            "node");
  TestModel output;
  output.input("x", {2}).output("z").node("Relu", {"x"}, {"y"});
  EXPECT_EQ(output.refusal(), "output \"z\" is computed by no node");
  TestModel none;
  none.input("x", {2}).node("Relu", {"x"}, {"y"});
  EXPECT_EQ(none.refusal(), "the graph has no output");
}

TEST(Graph, AnArgumentLeftOutThatIsNeededIsNamed) {
  TestModel m;
  m.input("x", {2}).output("y").node("Add", {"x", ""}, {"y"});
  EXPECT_EQ(m.refusal(), "node \"the_Add\" (Add): input 1 is missing");
  TestModel fewer;
  fewer.input("x", {2}).output("y").node("Add", {"x"}, {"y"});
  EXPECT_EQ(fewer.refusal(), "node \"the_Add\" (Add): input 1 is missing");
}

TEST(Graph, OutOfOrderAndCyclicNodesAreRefused) {
  TestModel unsorted;
  unsorted.input("x", {2}).output("y").node("Relu", {"t"}, {"y"}).node("Neg", {"x"}, {"t"});
  const std::string order =
      "computed only by this or a later node; the nodes of a graph must be in order of computation";
  EXPECT_EQ(unsorted.refusal(), "node \"the_Relu\" (Relu): input \"t\" is " + order);
  TestModel cycle;
  cycle.input("x", {2}).output("y").node("Add", {"x", "y"}, {"y"});
  EXPECT_EQ(cycle.refusal(), "node \"the_Add\" (Add): input \"y\" is " + order);
}

TEST(Graph, ShapesThatContradictEachOtherAreBothNamed) {
  const std::string message = add({2, 3}, {2, 4}).refusal();
  EXPECT_THAT(message, HasSubstr("node \"the_Add\" (Add)"));
  EXPECT_THAT(message, HasSubstr("(2, 3)"));
  EXPECT_THAT(message, HasSubstr("(2, 4)"));
}

TEST(Graph, ADeclaredOutputMustFit) {
  TestModel m;
  m.input("x", {2, 3}).output("y", {2, 4}).node("Relu", {"x"}, {"y"});
  EXPECT_EQ(m.refusal(),
            "output \"y\": is declared with shape (2, 4), what computes it has shape (2, 3)");
  TestModel rank;
  rank.input("x", {2, 3}).output("y", {6}).node("Relu", {"x"}, {"y"});
  EXPECT_THAT(rank.refusal(), HasSubstr("declared with shape (6)"));
  TestModel type;
  type.input("x", {2}).output("y", {2}, kInt64Tensor).node("Relu", {"x"}, {"y"});
  EXPECT_EQ(type.refusal(), "output \"y\": is declared as int64, what computes it has float32");
}

TEST(Graph, EqualSymbolsAreOneDimension) {
  TestModel m;
  m.symbolic_input("a", {"n", "3"}).symbolic_input("b", {"n", "3"}).output("y");
  m.node("Add", {"a", "b"}, {"y"});
  const relax::Module module = m.import();
  EXPECT_EQ(module.symbols.size(), 1U);
  EXPECT_EQ(output_shape(module), "(n, 3)");
  TestModel other;
  other.symbolic_input("a", {"n", "3"}).symbolic_input("b", {"m", "3"}).output("y");
  other.node("Add", {"a", "b"}, {"y"});
  EXPECT_THAT(other.refusal(), HasSubstr("(n, 3) and (m, 3) do not broadcast"));
}

TEST(Graph, ExtentsOfZeroAreExtents) {
  TestModel m;
  m.input("x", {0, 3}).output("y").node("Relu", {"x"}, {"y"});
  EXPECT_EQ(output_shape(m.import()), "(0, 3)");
}

TEST(Graph, HugeShapesAreRefused) {
  const std::int64_t huge = std::int64_t{1} << 40;
  TestModel input;
  input.input("x", {huge, huge}).output("y").node("Relu", {"x"}, {"y"});
  EXPECT_THAT(input.refusal(), HasSubstr("is too large: at most 2^40 elements"));
  TestModel product = add({huge, 1}, {1, huge});
  EXPECT_THAT(product.refusal(), HasSubstr("tensor \"y\" of shape"));
  TestModel negative;
  negative.input("x", {-1}).output("y").node("Relu", {"x"}, {"y"});
  EXPECT_EQ(negative.refusal(), "input \"x\": has an extent of -1");
  TestModel initializer;
  initializer.floats("w", {huge, huge}, {}).output("w");
  EXPECT_THAT(initializer.refusal(), HasSubstr("tensor \"w\": dimension 1099511627776 is out of"));
}

TEST(Graph, TensorsOfAnotherSizeAreRefused) {
  TestModel typed;
  typed.floats("w", {3}, {1, 2}).output("w");
  EXPECT_EQ(typed.refusal(), "tensor \"w\": has 2 values, its shape needs 3");
  TestModel empty;
  empty.floats("w", {std::int64_t{1} << 39}, {}).output("w");
  EXPECT_EQ(empty.refusal(), "tensor \"w\": has 0 values, its shape needs 549755813888");
  TestModel raw;
  raw.floats("w", {3}, {}).output("w");
  raw.graph().mutable_initializer(0)->set_raw_data(std::string(11, '\0'));
  EXPECT_EQ(raw.refusal(), "tensor \"w\": has 11 bytes, its shape needs 12");
  TestModel negative;
  negative.floats("w", {-1}, {}).output("w");
  EXPECT_EQ(negative.refusal(), "tensor \"w\": dimension -1 is out of range");
}

TEST(Graph, InputsNeedAShape) {
  TestModel m;
  m.input("x", {2}).output("y").node("Relu", {"x"}, {"y"});
  m.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_EQ(m.refusal(), "input \"x\": has no shape; its rank is needed");
  m.graph().mutable_input(0)->clear_type();
  EXPECT_EQ(m.refusal(), "input \"x\": only tensors are supported");
}

TEST(Graph, ResultsMayBeInputsConstantsAndEachOther) {
  TestModel m;
  m.input("x", {2}).floats("w", {2}, {1, 2}).output("y").output("w").output("x");
  m.node("Identity", {"x"}, {"y"});
  expect_numbers(run(m.import(), {{5, 6}}), {2}, {5, 6});
}

}  // namespace
}  // namespace tenon::onnx
