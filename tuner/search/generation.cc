#include "tuner/search/generation.h"

namespace tenon {
namespace {

// Elites are drawn by rank: the first of k is k times as likely as the last.
std::size_t draw_elite(const std::vector<std::size_t>& elites, Rng& rng) {
  const std::uint64_t count = elites.size();
  std::uint64_t ticket = rng.below(count * (count + 1) / 2);
  for (std::size_t i = 0; i < count; ++i) {
    if (ticket < count - i) return elites[i];
    ticket -= count - i;
  }
  return elites.back();
}

// One knob to the value beside it, or anywhere.
void change_knob(const Sketch& sketch, Decisions& decisions, bool is_neighbour, Rng& rng) {
  const std::size_t knob = rng.below(decisions.size());
  const std::size_t count = sketch.knobs()[knob].values.size();
  if (!is_neighbour) {
    decisions[knob] = rng.below(count);
  } else if (rng.below(2) == 0) {
    if (decisions[knob] > 0) --decisions[knob];
  } else if (decisions[knob] + 1 < count) {
    ++decisions[knob];
  }
}

std::optional<std::size_t> mutate(const Breeding& parents, Rng& rng) {
  const SpacePoint& parent = parents.space.points()[draw_elite(parents.elites, rng)];
  if (parent.decisions.empty()) return std::nullopt;
  const Sketch& sketch = *parents.space.sketches()[parent.sketch];
  Decisions decisions = parent.decisions;
  const std::uint64_t kind = rng.below(100);
  change_knob(sketch, decisions, kind < 60, rng);
  if (kind >= 85) change_knob(sketch, decisions, false, rng);
  return parents.index.find(parent.sketch, decisions);
}

std::optional<std::size_t> cross(const Breeding& parents, Rng& rng) {
  const SpacePoint& first = parents.space.points()[draw_elite(parents.elites, rng)];
  const SpacePoint& second = parents.space.points()[draw_elite(parents.elites, rng)];
  if (first.sketch != second.sketch) return std::nullopt;
  Decisions decisions = first.decisions;
  for (std::size_t k = 0; k < decisions.size(); ++k) {
    if (rng.below(2) == 1) decisions[k] = second.decisions[k];
  }
  return parents.index.find(first.sketch, decisions);
}

}  // namespace

std::optional<std::size_t> breed(const Breeding& parents, Rng& rng) {
  const std::uint64_t kind = rng.below(4);
  if (parents.elites.empty() || kind == 3) return rng.below(parents.space.points().size());
  return kind == 2 ? cross(parents, rng) : mutate(parents, rng);
}

std::vector<std::size_t> neighbours(const Space& space, const PointIndex& index,
                                    std::size_t point) {
  std::vector<std::size_t> result;
  const SpacePoint& center = space.points()[point];
  for (std::size_t k = 0; k < center.decisions.size(); ++k) {
    for (const int step : {-1, 1}) {
      Decisions decisions = center.decisions;
      if (step < 0 && decisions[k] == 0) continue;
      decisions[k] += static_cast<std::size_t>(step);
      if (decisions[k] >= space.sketches()[center.sketch]->knobs()[k].values.size()) continue;
      if (const auto found = index.find(center.sketch, decisions)) result.push_back(*found);
    }
  }
  return result;
}

}  // namespace tenon
