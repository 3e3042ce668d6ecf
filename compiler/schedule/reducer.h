// Recognising a commutative reduction: init sets the identity, the body combines.
#pragma once
#include <optional>

#include "compiler/schedule/tree.h"

namespace tenon {

// target[indices] = op(target[indices], value), after target[indices] = identity.
struct Reduction {
  tir::BinaryOp op;
  tir::Store init, update;
  tir::Expr value;
};

// Nothing when the block has another form, or an operator that cannot be reordered.
std::optional<Reduction> find_reduction(const tir::Block& block);

}  // namespace tenon
