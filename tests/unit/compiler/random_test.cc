// Random graphs as libraries, with plain loops and with the default schedules.
#include <gtest/gtest.h>

#include "tests/unit/compiler/compiled_model.h"
#include "tests/unit/passes/relax/random_graph.h"
#include "tuner/space/space.h"

namespace tenon {
namespace {

constexpr std::uint64_t kGraphs = 40;

TEST(RandomGraphs, LibrariesAgreeWithTheInterpreter) {
  const Target target = parse_target("native");
  const Schedules seeds = [&](const std::string&, const tir::PrimFunc& func) {
    return seed_schedule(func, target, 1);
  };
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    const relax::Module module = relax::random_graph(seed + 1000);
    const CompiledModel model(module, seed % 2 == 0 ? seeds : plain_schedules());
    ASSERT_EQ(difference_when_compiled(module, model, 3), "") << "graph " << seed + 1000;
    ASSERT_EQ(difference_when_compiled(module, model, 1), "") << "graph " << seed + 1000;
  }
}

}  // namespace
}  // namespace tenon
