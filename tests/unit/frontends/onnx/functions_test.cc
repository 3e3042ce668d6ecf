// Model-local functions are inlined with the meaning that the standard gives them.
#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

struct FunctionMaker {
  onnx_file::Function& function;

  onnx_file::Node& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::string& output, const std::string& domain = "") {
    auto* made = function.add_node();
    made->set_op_type(op);
    made->set_domain(domain);
    for (const auto& name : inputs) made->add_input(name);
    made->add_output(output);
    return *made;
  }
};

FunctionMaker add_function(TestModel& m, const std::string& name,
                           const std::vector<std::string>& inputs, const std::string& output) {
  auto* function = m.model.add_functions();
  function->set_name(name);
  function->set_domain("local");
  for (const auto& input : inputs) function->add_input(input);
  function->add_output(output);
  auto* import = function->add_opset_import();
  import->set_domain("");
  import->set_version(13);
  return {*function};
}

void call(TestModel& m, const std::string& function, const std::vector<std::string>& inputs,
          const std::string& output) {
  m.node(function, inputs, {output});
  m.last_node().set_domain("local");
}

TestModel base() {
  TestModel m;
  m.input("x", {2}).output("y");
  return m;
}

void refer(onnx_file::Node& node, const std::string& name, const std::string& to, int type) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_ref_attr_name(to);
  attribute->set_type(type);
}

TEST(Functions, NestedCallsKeepTheirNamesApart) {
  TestModel m = base();
  FunctionMaker twice = add_function(m, "Twice", {"a"}, "b");
  twice.node("Add", {"a", "a"}, "t");
  twice.node("Relu", {"t"}, "b");
  FunctionMaker outer = add_function(m, "Outer", {"a"}, "r");
  outer.node("Twice", {"a"}, "t", "local");
  outer.node("Twice", {"t"}, "u", "local");
  outer.node("Add", {"t", "u"}, "r");
  call(m, "Outer", {"x"}, "y");
  expect_numbers(run(m.import(), {{1, 3}}), {2}, {6, 18});
}

TEST(Functions, AttributesAreBoundDefaultedOrLeftOut) {
  for (const auto& [given, has_default, slope] :
       {std::tuple{true, true, 0.5}, {false, true, 0.25}, {false, false, 0.01}}) {
    TestModel m = base();
    FunctionMaker leaky = add_function(m, "Leaky", {"a"}, "b");
    refer(leaky.node("LeakyRelu", {"a"}, "b"), "alpha", "slope", 1);
    if (has_default) {
      auto* fallback = leaky.function.add_attribute_proto();
      fallback->set_name("slope");
      fallback->set_type(1);
      fallback->set_f(0.25F);
    } else {
      leaky.function.add_attribute("slope");
    }
    call(m, "Leaky", {"x"}, "y");
    if (given) m.attribute("slope", 0.5F);
    expect_numbers(run(m.import(), {{-4, 4}}), {2}, {-4 * slope, 4});
  }
}

TEST(Functions, AnInputGivenBackIsCopied) {
  TestModel m = base();
  FunctionMaker same = add_function(m, "Same", {"a"}, "a");
  same.node("Relu", {"a"}, "unused");
  call(m, "Same", {"x"}, "t");
  m.node("Neg", {"t"}, {"y"});
  expect_numbers(run(m.import(), {{1, -2}}), {2}, {-1, 2});
}

TEST(Functions, OptionalInputsMayBeLeftOut) {
  TestModel m = base();
  FunctionMaker bounded = add_function(m, "Bounded", {"a", "low", "high"}, "b");
  bounded.node("Clip", {"a", "low", "high"}, "b");
  m.floats("one", {}, {1});
  call(m, "Bounded", {"x", "", "one"}, "y");
  expect_numbers(run(m.import(), {{-5, 5}}), {2}, {-5, 1});
}

TEST(Functions, OverloadsAreTheirOwnFunctions) {
  TestModel m = base();
  add_function(m, "F", {"a"}, "b").node("Relu", {"a"}, "b");
  FunctionMaker other = add_function(m, "F", {"a"}, "b");
  other.function.set_overload("second");
  other.node("Neg", {"a"}, "b");
  call(m, "F", {"x"}, "y");
  m.last_node().set_overload("second");
  expect_numbers(run(m.import(), {{1, 2}}), {2}, {-1, -2});
}

TEST(Functions, RecursionIsRefused) {
  TestModel m = base();
  add_function(m, "A", {"a"}, "b").node("B", {"a"}, "b", "local");
  add_function(m, "B", {"a"}, "b").node("A", {"a"}, "b", "local");
  call(m, "A", {"x"}, "y");
  EXPECT_EQ(m.refusal(), "function \"A\" calls itself; recursion is not allowed");
}

TEST(Functions, DoublingCallsAreBounded) {
  TestModel m = base();
  const auto name = [](int level) { return "F" + std::to_string(level); };
  for (int level = 0; level < 40; ++level) {
    FunctionMaker f = add_function(m, name(level), {"a"}, "b");
    const bool is_leaf = level == 39;
    f.node(is_leaf ? "Relu" : name(level + 1), {"a"}, "t", is_leaf ? "" : "local");
    f.node(is_leaf ? "Relu" : name(level + 1), {"t"}, "b", is_leaf ? "" : "local");
  }
  call(m, "F0", {"x"}, "y");
  EXPECT_EQ(m.refusal(), "the model has more than 1000000 nodes when its functions are inlined");
}

TEST(Functions, MoreArgumentsThanParametersAreRefused) {
  TestModel m = base();
  add_function(m, "F", {"a"}, "b").node("Relu", {"a"}, "b");
  call(m, "F", {"x", "x"}, "y");
  EXPECT_EQ(m.refusal(), "node \"the_F\" (F): has 2 inputs, function \"F\" has 1");
}

TEST(Functions, TwoDefinitionsAreRefused) {
  TestModel m = base();
  for (int i = 0; i < 2; ++i) add_function(m, "F", {"a"}, "b").node("Relu", {"a"}, "b");
  call(m, "F", {"x"}, "y");
  EXPECT_EQ(m.refusal(), "function \"F\" of domain local is defined twice");
}

TEST(Functions, OfAnotherOpsetAreRefused) {
  TestModel m = base();
  FunctionMaker f = add_function(m, "F", {"a"}, "b");
  f.function.mutable_opset_import(0)->set_version(12);
  f.node("Relu", {"a"}, "b");
  call(m, "F", {"x"}, "y");
  EXPECT_EQ(m.refusal(), "function \"F\" imports opset 12 of domain ai.onnx, the model imports 13");
}

TEST(Functions, UnsupportedNodesInsideAreListed) {
  TestModel m = base();
  add_function(m, "F", {"a"}, "b").node("Unknown", {"a"}, "b");
  call(m, "F", {"x"}, "y");
  EXPECT_THAT(m.refusal(), HasSubstr("(Unknown), domain ai.onnx, opset 13"));
}

}  // namespace
}  // namespace tenon::onnx
