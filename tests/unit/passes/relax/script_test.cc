// Random graphs through the whole pipeline: after every pass they are well formed, and their text
// reads back as an equal module.
#include "compiler/relax/equal.h"
#include "compiler/relax/script/parser.h"
#include "compiler/relax/script/printer.h"
#include "compiler/relax/verify.h"
#include "tests/unit/passes/relax/passes_fixture.h"
#include "tests/unit/passes/relax/random_graph.h"

namespace tenon::relax {
namespace {

constexpr std::uint64_t kGraphs = 40;

// "" when the module is well formed and equal to what its text says.
std::string fault_of(const Module& module, std::size_t inline_bytes) {
  const std::string fault = refusal([&] { verify(module); });
  if (!fault.empty()) return fault;
  std::map<std::string, TensorRef> external;
  const std::string text = print(module, {.inline_bytes = inline_bytes, .external = &external});
  ParseOptions options;
  options.external_constant = [&](const std::string& name) { return external[name]; };
  std::string found;
  const std::string refused =
      refusal([&] { found = first_difference(module, parse_module(text, "text", options)); });
  if (refused.empty() && found.empty()) return "";
  return refused + found + "\n" + text;
}

TEST(GraphPipeline, EveryPassGivesModulesThatReadBack) {
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    Module module = random_graph(seed);
    const std::size_t inline_bytes = seed % 3 == 0 ? 16 : 1 << 20;
    ASSERT_EQ(fault_of(module, inline_bytes), "") << "seed " << seed;
    for (const GraphPass& pass :
         graph_pipeline({.vector_lanes = 4, .evaluate = evaluate_by_interpreter})) {
      module = pass.run(module);
      ASSERT_EQ(fault_of(module, inline_bytes), "") << "seed " << seed << ", after " << pass.name;
    }
  }
}

TEST(GraphPipeline, RefusesAnOperatorWithoutDefinitionByItsName) {
  Module module = parse_module(
      "@R.function\n"
      "def main(x: R.Tensor((4,), \"float32\")):\n"
      "    with R.dataflow():\n"
      "        y: R.Tensor((4,), \"float32\") = R.lgamma(x)\n"
      "        z = R.add(y, x)\n"
      "        R.output(z)\n"
      "    return z\n");
  EXPECT_EQ(refusal([&] {
              for (const GraphPass& pass :
                   graph_pipeline({.vector_lanes = 4, .evaluate = evaluate_by_interpreter})) {
                module = pass.run(module);
              }
            }),
            "R.lgamma has no definition in this form, so it cannot be compiled");
  EXPECT_EQ(refusal([&] { run_main(module); }),
            "function main, binding y: R.lgamma has no definition, so it cannot be interpreted");
}

}  // namespace
}  // namespace tenon::relax
