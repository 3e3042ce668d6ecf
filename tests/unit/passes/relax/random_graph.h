// Seeded small graphs of every operator family, for tests that hold for all graphs.
#pragma once
#include <cstdint>

#include "compiler/relax/expr.h"

namespace tenon::relax {

// A module whose main has one or two inputs, four to sixteen operators and up to three results,
// some of them inputs, constants or repeats. Every fourth has a symbolic batch. Pure in the seed.
Module random_graph(std::uint64_t seed);

}  // namespace tenon::relax
