// What tests of graph passes share.
#pragma once
#include <gtest/gtest.h>

#include "compiler/passes/relax/passes.h"
#include "tests/unit/relax/graph_fixture.h"

namespace tenon::relax {

// Constants by the interpreter.
inline TensorRef evaluate_by_interpreter(const tir::PrimFunc& func,
                                         const std::vector<TensorRef>& args,
                                         const TensorData& result_type) {
  const tir::TirModule none;
  TensorData result = result_type;
  result.bytes = nullptr;
  return interpret_kernel({func, none, args, {result}, {}}).front();
}

}  // namespace tenon::relax
