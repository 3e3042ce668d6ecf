// get_loops(block): the loops around the block, outermost first, up to the block around it.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"

namespace tenon {

using namespace tir;

std::vector<LoopRef> get_loops(const Schedule& schedule, const BlockRef& block) {
  std::vector<LoopRef> loops;
  for (const Stmt& loop : loops_above(site_of(schedule, block))) {
    loops.push_back({loop.get<For>().var});
  }
  return loops;
}

}  // namespace tenon
