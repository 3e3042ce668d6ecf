// What the importer accepts and refuses by number: IR versions, opsets, element types; and the one
// error that lists everything unsupported.
#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

TestModel relu(std::int64_t opset = 13, std::int64_t ir_version = 8) {
  TestModel m(opset, ir_version);
  m.input("x", {2}).output("y").node("Relu", {"x"}, {"y"});
  return m;
}

TEST(Versions, IrVersions3To13AreAccepted) {
  for (std::int64_t version = 3; version <= 13; ++version) {
    expect_numbers(run(relu(13, version).import(), {{-1, 1}}), {2}, {0, 1});
  }
}

TEST(Versions, OtherIrVersionsAreRefusedByNumber) {
  for (const std::int64_t version : {0, 1, 2, 14, -1}) {
    EXPECT_EQ(relu(13, version).refusal(), "\"test\" has ONNX IR version " +
                                               std::to_string(version) + "; 3 to 13 are supported");
  }
}

TEST(Versions, NewerOpsetsAreRefusedByNumber) {
  EXPECT_EQ(relu(29).refusal(),
            "the model imports opset 29 of domain ai.onnx; 1 to 28 are supported");
}

TEST(Versions, OneOpsetADomain) {
  TestModel m = relu();
  auto* other = m.model.add_opset_import();
  other->set_domain("ai.onnx");  // another spelling of ""
  other->set_version(12);
  EXPECT_EQ(m.refusal(), "the model imports opsets 13 and 12 of domain ai.onnx; one is needed");
}

TEST(Versions, TheStandardDomainHasTwoSpellings) {
  TestModel m = relu();
  m.last_node().set_domain("ai.onnx");
  expect_numbers(run(m.import(), {{-1, 1}}), {2}, {0, 1});
}

TEST(Versions, EveryUnsupportedNodeIsListed) {
  TestModel m(13);
  m.input("x", {2}).output("y");
  m.node("Relu", {"x"}, {"a"}).node("NoSuch", {"a"}, {"b"});
  m.node("Relu", {"b"}, {"c"});
  m.last_node().set_domain("com.example");
  m.node("Gelu", {"c"}, {"y"});
  m.last_node().clear_name();
  auto* import = m.model.add_opset_import();
  import->set_domain("com.example");
  import->set_version(4);
  EXPECT_EQ(m.refusal(),
            "the model uses 3 nodes that are not supported:\n"
            "  node \"the_NoSuch\" (NoSuch), domain ai.onnx, opset 13\n"
            "  node \"the_Relu\" (Relu), domain com.example, opset 4\n"
            "  node \"y\" (Gelu), domain ai.onnx, opset 13");
}

TEST(Versions, ADomainThatIsNotImportedIsNamed) {
  TestModel m = relu();
  m.model.clear_opset_import();
  EXPECT_THAT(m.refusal(), HasSubstr("(Relu), domain ai.onnx, opset not imported"));
}

TEST(Versions, UnknownElementTypesAreRefusedByNumber) {
  TestModel m;
  m.input("x", {2}, 99).output("y").node("Relu", {"x"}, {"y"});
  EXPECT_EQ(m.refusal(), "input \"x\": ONNX element type number 99 is not supported");
  TestModel strings;
  strings.input("x", {2}, 8).output("y").node("Identity", {"x"}, {"y"});
  EXPECT_EQ(strings.refusal(), "input \"x\": ONNX element type number 8 (string) is not supported");
}

TEST(Versions, CastsToUnknownTypesAreRefusedByNumber) {
  TestModel m;
  m.input("x", {2}).output("y").node("Cast", {"x"}, {"y"}).attribute("to", std::int64_t{17});
  EXPECT_EQ(m.refusal(),
            "node \"the_Cast\" (Cast): attribute to: ONNX element type number 17 (float8e4m3fn) is "
            "not supported");
}

TEST(Versions, AttributesOfAnotherKindAreRefused) {
  TestModel m;
  m.input("x", {2}).output("y").node("LeakyRelu", {"x"}, {"y"}).attribute("alpha", std::int64_t{1});
  EXPECT_EQ(m.refusal(), "node \"the_LeakyRelu\" (LeakyRelu): attribute alpha is no float");
}

}  // namespace
}  // namespace tenon::onnx
