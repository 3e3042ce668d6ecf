#include "tuner/space/space.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "compiler/support/error.h"

namespace tenon {

Space::Space(const tir::PrimFunc& func, const Target& target, int threads)
    : facts_(std::make_unique<WorkloadFacts>(workload_facts(func))),
      sketches_(sketches_for(*facts_, target, threads)) {
  for (std::size_t i = 0; i < sketches_.size(); ++i) enumerate(i);
  std::stable_sort(points_.begin(), points_.end(), [](const SpacePoint& a, const SpacePoint& b) {
    return std::tie(a.draft_seconds, a.sketch, a.decisions) <
           std::tie(b.draft_seconds, b.sketch, b.decisions);
  });
}

void Space::enumerate(std::size_t index) {
  const Sketch& sketch = *sketches_[index];
  Decisions decisions(sketch.knobs().size(), 0);
  for (const Knob& knob : sketch.knobs()) {
    if (knob.values.empty()) return;
  }
  while (true) {
    const std::string broken = sketch.broken_constraint(decisions);
    if (broken.empty()) {
      points_.push_back({index, decisions, tenon::draft_seconds(sketch, decisions)});
    } else {
      ++removed_[sketch.name() + ": " + broken];
    }
    std::size_t k = decisions.size();
    while (k > 0 && ++decisions[k - 1] == sketch.knobs()[k - 1].values.size()) {
      decisions[--k] = 0;
    }
    if (k == 0) return;
  }
}

Trace Space::trace(const SpacePoint& point) const {
  CHECK(point.sketch < sketches_.size()) << "no sketch " << point.sketch;
  return sketches_[point.sketch]->emit(point.decisions);
}

std::vector<SpacePoint> Space::seeds(std::size_t count) const {
  std::vector<SpacePoint> result;
  // The first three knobs of a sketch are its register tile.
  std::set<std::pair<std::size_t, Decisions>> tiles;
  for (const SpacePoint& point : points_) {
    if (result.size() == count) break;
    Decisions tile(point.decisions.begin(),
                   point.decisions.begin() + static_cast<std::ptrdiff_t>(
                                                 std::min<std::size_t>(3, point.decisions.size())));
    if (tiles.emplace(point.sketch, tile).second) result.push_back(point);
  }
  return result;
}

ScheduleChoice seed_schedule(const tir::PrimFunc& func, const Target& target, int threads) {
  const Space space(func, target, threads);
  const auto seeds = space.seeds(1);
  if (seeds.empty()) return {Trace{}, "plain"};
  return {space.trace(seeds.front()), "seed"};
}

}  // namespace tenon
