// Whether the iterations of a loop may run at the same time: what parallel, vectorize and bind
// need.
#pragma once
#include <string>

#include "compiler/schedule/schedule.h"

namespace tenon {

// Reduce iters may follow the loop only when threads can reduce across it (threadIdx).
enum class ReduceIters : std::uint8_t { kRefused, kAllowed };

// Throws a schedule_error that starts with `what` unless the scope is a stage pipeline, every block
// below the loop is complete or a reduction with affine bindings, and the loop feeds only spatial
// iters.
void check_independent(const Schedule& schedule, const Site& loop, ReduceIters reduce,
                       const std::string& what);

// The schedule with the loop's kind (and thread axis) set.
Schedule with_loop_kind(const Schedule& schedule, const Site& loop, tir::ForKind kind,
                        const std::string& thread_tag = "");

}  // namespace tenon
