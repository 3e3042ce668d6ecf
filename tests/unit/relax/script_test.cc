// Equality, and the text of modules that programs make.
#include <gtest/gtest.h>

#include "compiler/relax/builder.h"
#include "compiler/relax/equal.h"
#include "compiler/relax/script/metadata.h"
#include "compiler/relax/script/parser.h"
#include "compiler/relax/script/printer.h"
#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

Module parse_main(const std::string& body) {
  return parse_module("@R.function\ndef main(x: R.Tensor((\"n\", 4), \"float32\")):\n" + body);
}

// What the frontends and passes make: one straight function of operators with their attributes.
TEST(RelaxScript, BuiltModulesReadBack) {
  Builder builder;
  const tir::Expr n = tir::make_var("batch", kInt64);
  const Expr x =
      make_var("input.1", tensor_type({n, tir::i64(4), tir::i64(8), tir::i64(8)}, kFloat32));
  auto [weight, bytes] = make_tensor(kFloat32, {8, 4, 3, 3});
  bytes[5] = std::byte{7};
  const Expr conv =
      builder.emit("nn.conv2d", {x, constant(weight, "w")},
                   {{"strides", ints_attr({2, 2})}, {"padding", ints_attr({1, 1, 1, 1})}});
  const Expr clip = builder.emit("clip", {conv}, {{"min", float_attr(0)}, {"max", float_attr(6)}});
  const Expr pool = builder.emit("nn.avg_pool2d", {clip}, {{"pool_size", ints_attr({2, 2})}});
  const Expr flat = builder.emit("flatten", {pool}, {{"axis", int_attr(1)}});
  Module module;
  module.add("main", builder.finish({x}, flat));
  const std::string text = print(module);
  EXPECT_EQ(first_difference(module, parse_module(text)), "") << text;

  std::map<std::string, TensorRef> external;
  const std::string brief = print(module, {.inline_bytes = 16, .external = &external});
  EXPECT_EQ(external.count("w"), 1U);
  EXPECT_NE(brief.find("R.external_constant(\"w\", R.Tensor((8, 4, 3, 3), dtype=\"float32\"))"),
            std::string::npos);
  ParseOptions options;
  options.external_constant = [&](const std::string& name) { return external[name]; };
  EXPECT_EQ(first_difference(module, parse_module(brief, "brief", options)), "");
}

TEST(RelaxScript, EqualityIgnoresNamesOnly) {
  const Module first = parse_main("    y = R.exp(x)\n    z = R.add(x, y)\n    return z\n");
  const Module renamed = parse_module(
      "@R.function\ndef main(a: R.Tensor((\"k\", 4), \"float32\")):\n    b = R.exp(a)\n"
      "    c = R.add(a, b)\n    return c\n");
  EXPECT_TRUE(structural_equal(first, renamed));
  const Module other = parse_main("    y = R.exp(x)\n    z = R.add(y, x)\n    return z\n");
  EXPECT_EQ(first_difference(first, other), "function main: the value of z");
  const Module dataflow = parse_main(
      "    with R.dataflow():\n        y = R.exp(x)\n        z = R.add(x, y)\n"
      "        R.output(z)\n    return z\n");
  EXPECT_FALSE(structural_equal(first, dataflow));
}

TEST(RelaxScript, EqualityCountsElementsOfConstants) {
  const Module one =
      parse_main("    y = R.add(x, R.const([1.0, 2.0, 3.0, 4.0], \"float32\"))\n    return y\n");
  const Module two =
      parse_main("    y = R.add(x, R.const([1.0, 2.0, 3.0, 5.0], \"float32\"))\n    return y\n");
  EXPECT_TRUE(structural_equal(one, one));
  EXPECT_FALSE(structural_equal(one, two));
}

TEST(RelaxScript, MetadataKeepsEveryElementType) {
  std::vector<TensorRef> tensors;
  for (const char* name :
       {"int8", "uint16", "int64", "float16", "bfloat16", "float64", "bool", "float8_e4m3fn"}) {
    auto [tensor, bytes] = make_tensor(parse_dtype(name), {2, 3});
    for (std::size_t i = 0; i < tensor->size_bytes; ++i) bytes[i] = static_cast<std::byte>(i % 2);
    tensors.push_back(tensor);
  }
  std::string text = write_metadata(tensors);
  const std::string head = "metadata = tvm.ir.load_json(\"\"\"";
  ASSERT_TRUE(text.starts_with(head));
  text = text.substr(head.size(), text.size() - head.size() - 5);
  std::string json;
  for (const char c : text) {
    if (c != '\\') json += c;
  }
  const std::vector<TensorRef> again = read_metadata(json);
  ASSERT_EQ(again.size(), tensors.size());
  for (std::size_t i = 0; i < again.size(); ++i) EXPECT_TRUE(same_elements(*again[i], *tensors[i]));
}

TEST(RelaxScript, MetadataThatIsWrongIsRefused) {
  const auto refusal = [](const std::string& json) -> std::string {
    try {
      read_metadata(json);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal("[1, 2"), "the metadata section is no JSON object");
  EXPECT_EQ(refusal("{}"), "the metadata section lacks the field root_index");
  EXPECT_EQ(refusal("{\"root_index\": 7, \"nodes\": []}"),
            "the metadata section has no node of type ffi.Map where one is needed");
  const std::string tensor =
      "{\"root_index\": 4, \"nodes\": [{\"type\": \"ffi.String\", \"data\": \"ir.GenericConst\"},"
      "{\"type\": \"ffi.Tensor\", \"data\": \"AAAA\"},"
      "{\"type\": \"ir.GenericConst\", \"data\": {\"value\": 1}},"
      "{\"type\": \"ffi.Array\", \"data\": [2]}, {\"type\": \"ffi.Map\", \"data\": [0, 3]}]}";
  EXPECT_EQ(refusal(tensor), "the metadata section has a tensor that ends early");
}

}  // namespace
}  // namespace tenon::relax
