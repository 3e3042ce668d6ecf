// parallel(i): the iterations of the loop run on several threads.
//
//   for i in range(64): ...   ->   for i in T.parallel(64): ...
#include "compiler/schedule/analysis/independent.h"
#include "compiler/schedule/primitives.h"

namespace tenon {

Schedule parallel(const Schedule& schedule, const LoopRef& loop) {
  Site site = site_of(schedule, loop);
  check_independent(schedule, site, ReduceIters::kRefused, "parallel(" + name_of(loop) + ")");
  return with_loop_kind(schedule, site, tir::ForKind::kParallel);
}

}  // namespace tenon
