// Putting one block's expression in the place of loads of what it writes: what compute_inline and
// reverse_compute_inline share.
#pragma once
#include <optional>
#include <vector>

#include "compiler/schedule/tree.h"

namespace tenon {

// The only statement of the block when it is a store.
std::optional<tir::Store> single_store(const tir::Block& block);
// The regions of a block's reads and writes found again from its body.
tir::Stmt with_found_regions(const tir::Stmt& block);
// `scope` without `buffer` among its allocations.
tir::Stmt without_allocation(const tir::Stmt& scope, const tir::Buffer& buffer);

}  // namespace tenon
