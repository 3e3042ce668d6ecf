// sample_compute_location(block): a loop of its first consumer under which the block may be
// computed, the root (-1) or inline (-2).
#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/error.h"

namespace tenon {

using namespace tir;

namespace {

// The loops of the first consumer, or none.
std::vector<LoopRef> consumer_loops(const Schedule& schedule, const BlockRef& block) {
  std::vector<BlockRef> consumers = get_consumers(schedule, block);
  if (consumers.empty()) return {};
  return get_loops(schedule, consumers.front());
}

bool feeds_only_spatial(const Site& consumer, const Expr& loop_var) {
  for (const IterVar& iter : consumer.block().iter_vars) {
    if (iter.kind != IterKind::kSpatial && uses_var(iter.binding, loop_var)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::int64_t> compute_locations(const Schedule& schedule, const BlockRef& block) {
  std::vector<std::int64_t> found{-1, -2};
  std::vector<BlockRef> consumers = get_consumers(schedule, block);
  if (consumers.empty()) return found;
  Site consumer = site_of(schedule, consumers.front());
  std::vector<LoopRef> loops = get_loops(schedule, consumers.front());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const For& loop = site_of(schedule, loops[i]).loop();
    if (is_one(loop.extent)) continue;
    if (!feeds_only_spatial(consumer, loop.var)) break;
    ComputeAtArgs args{block, loops[i], true, -1};
    if (can_compute_at(schedule, args)) found.push_back(static_cast<std::int64_t>(i));
  }
  return found;
}

std::int64_t sample_compute_location(const Schedule& schedule, const BlockRef& block, Rng& random) {
  std::vector<std::int64_t> locations = compute_locations(schedule, block);
  return locations[random.below(locations.size())];
}

LoopRef compute_location(const Schedule& schedule, const BlockRef& block, std::int64_t index) {
  if (index == -1) return {{}, LoopRef::Kind::kRoot};
  if (index == -2) return {{}, LoopRef::Kind::kInline};
  if (index < 0) throw UserError("sample_compute_location: the decision is no location");
  std::vector<LoopRef> loops = consumer_loops(schedule, block);
  // A decision for a nest that has become shallower falls to the innermost loop that is left.
  if (loops.empty()) return {{}, LoopRef::Kind::kRoot};
  return loops[std::min(static_cast<std::size_t>(index), loops.size() - 1)];
}

}  // namespace tenon
