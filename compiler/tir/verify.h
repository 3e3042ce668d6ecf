// Whether a TensorIR function is well formed: what every pass may rely on and must keep.
#pragma once
#include <string>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

struct VerifyOptions {
  // Lowered functions have no blocks, and so no predicates, regions or iter vars.
  bool allow_blocks = true;
};

// Throws UserError "NAME: the first fault in words" unless
// - every variable is defined before it is used, and defined once;
// - every buffer is a parameter, allocated, declared or matched before it is used;
// - accesses have one index a dimension, of integer type; only the last may be a vector;
// - values have the type of what they are stored to; conditions and predicates are bool;
// - the two sides of operators and selections have one type;
// - loops have integer variables, extents of their type, and tags where they bind threads;
// - iter vars have a domain and a binding of their type; block ids are unique; init stands only in
//   blocks with a reduce iter;
// - regions have one range a dimension, and name no buffer unknown outside their block, other than
//   those that the block itself defines;
// - break and continue stand in loops.
void verify(const PrimFunc& func, const std::string& name = "main", VerifyOptions options = {});

// The first fault in words, or "".
std::string find_fault(const PrimFunc& func, VerifyOptions options = {});

}  // namespace tenon::tir
