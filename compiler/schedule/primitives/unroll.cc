// unroll(i): the body is written out once an iteration.
//
//   for i in range(4): ...   ->   for i in T.unroll(4): ...
#include "compiler/schedule/analysis/independent.h"
#include "compiler/schedule/primitives.h"

namespace tenon {

Schedule unroll(const Schedule& schedule, const LoopRef& loop) {
  return with_loop_kind(schedule, site_of(schedule, loop), tir::ForKind::kUnrolled);
}

}  // namespace tenon
