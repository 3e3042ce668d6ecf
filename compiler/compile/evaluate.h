// Running an operator's definition on constants at compile time.
#pragma once
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon {

// The interpreter's result. `result_type` says the shape and element type of the last parameter.
relax::TensorRef evaluate_constant(const tir::PrimFunc& func,
                                   const std::vector<relax::TensorRef>& args,
                                   const relax::TensorData& result_type);

}  // namespace tenon
