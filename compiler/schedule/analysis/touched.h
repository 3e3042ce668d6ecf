// What a region touches while loops run: the tighter of the two estimates that integer analysis
// has, and of equal ones the shorter.
#pragma once
#include <vector>

#include "compiler/arith/int_set.h"

namespace tenon {

std::vector<IntSet> touched_region(const Region& region, const RangeMap& loops,
                                   const tir::Expr& predicate, Analyzer& analyzer);

}  // namespace tenon
