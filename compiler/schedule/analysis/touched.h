// What a region touches while loops run: the tighter of the two estimates that integer analysis
// has, and of equal ones the shorter.
#pragma once
#include <vector>

#include "compiler/arith/int_set.h"
#include "compiler/schedule/tree.h"

namespace tenon {

std::vector<IntSet> touched_region(const Region& region, const RangeMap& loops,
                                   const tir::Expr& predicate, Analyzer& analyzer);

// The same by interval arithmetic alone, without a predicate: simpler limits, perhaps wider.
std::vector<IntSet> relaxed_region(const Region& region, const RangeMap& loops, Analyzer& analyzer);

// The loops that run while one iteration of what stands at path[last] does: those around the block
// below it, and thread loops above whose threads share the buffer's memory.
RangeMap relaxed_loops(const Site& block, std::size_t last, const tir::Buffer& buffer);

}  // namespace tenon
