// vectorize(i): the iterations of the loop become lanes of vectors.
//
//   for i in range(64): ...   ->   for i in T.vectorized(64): ...
#include "compiler/schedule/analysis/independent.h"
#include "compiler/schedule/primitives.h"

namespace tenon {

Schedule vectorize(const Schedule& schedule, const LoopRef& loop) {
  Site site = site_of(schedule, loop);
  check_independent(schedule, site, ReduceIters::kRefused, "vectorize(" + name_of(loop) + ")");
  return with_loop_kind(schedule, site, tir::ForKind::kVectorized);
}

}  // namespace tenon
