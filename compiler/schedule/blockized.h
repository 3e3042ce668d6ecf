// A loop nest with one block below as a block in a block: what blockize and tensorize are made of.
#pragma once
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"

namespace tenon {

// The outer block that takes the place of the loop at `loop`. Throws a schedule_error that starts
// with `what` when the bindings of the one block below cannot be divided at the loop.
tir::Stmt blockized(const Schedule& schedule, const Site& loop, bool preserve_unit_iters,
                    const std::string& what);

}  // namespace tenon
