// Random graphs through the whole pipeline: after every pass they compute what they did.
#include "tests/unit/passes/relax/passes_fixture.h"
#include "tests/unit/passes/relax/random_graph.h"

namespace tenon::relax {
namespace {

constexpr std::uint64_t kGraphs = 80;
// Folded scales and sums in another order.
constexpr ValueTolerance kTolerance{.relative = 1e-3, .scaled = 1e-4};

TEST(GraphPipeline, EveryPassKeepsWhatRandomGraphsCompute) {
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    Module module = random_graph(seed);
    const Value expected = run_main(module);
    const int lanes = seed % 2 == 0 ? 4 : 8;
    for (const GraphPass& pass :
         graph_pipeline({.vector_lanes = lanes, .evaluate = evaluate_by_interpreter})) {
      module = pass.run(module);
      const ValueDifference d = compare_values(expected, run_main(module), kTolerance);
      ASSERT_TRUE(d.is_equal) << "seed " << seed << ", after " << pass.name << ": " << d.first;
    }
  }
}

// What is left is calls of kernels and views; every result is computed by one of them.
TEST(GraphPipeline, LeavesKernelsAndViewsOnly) {
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    Module module = random_graph(seed);
    for (const GraphPass& pass :
         graph_pipeline({.vector_lanes = 8, .evaluate = evaluate_by_interpreter})) {
      module = pass.run(module);
    }
    for (const Binding& binding : bindings_of(module)) {
      const auto* call = binding.value.as<Call>();
      ASSERT_TRUE(call && call->op) << "seed " << seed;
      const std::string_view op = call->op->name;
      EXPECT_TRUE(op == "call_tir" || op == "reshape" || op == "flatten" || op == "concat")
          << "seed " << seed << ": " << op;
    }
  }
}

}  // namespace
}  // namespace tenon::relax
