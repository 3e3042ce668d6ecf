// How new points come from measured ones: neighbours, mutation, crossover, fresh draws. Functions
// of their arguments and the random stream alone.
#pragma once
#include <optional>
#include <vector>

#include "compiler/support/rng.h"
#include "tuner/search/point_index.h"

namespace tenon {

struct Breeding {
  const Space& space;
  const PointIndex& index;
  const std::vector<std::size_t>& elites;  // measured points, best first; may be empty
};

// One candidate of a generation: half mutations of an elite, a quarter crossovers of two elites of
// one sketch, a quarter fresh legal points (all of them fresh while there is no elite). nullopt
// when the draw is not legal.
std::optional<std::size_t> breed(const Breeding& parents, Rng& rng);

// The legal points that differ from `point` in one knob by one step, in order of knobs.
std::vector<std::size_t> neighbours(const Space& space, const PointIndex& index, std::size_t point);

}  // namespace tenon
