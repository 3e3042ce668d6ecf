// From a scheduled TensorIR function to flat functions that code generation takes as they are.
//
// Flat means: no blocks, every buffer one-dimensional or register memory, vectors and unrolling
// explicit, workspace in one arena, parallel bodies in functions of their own. Every stage on the
// way is legal TensorIR. A promise of the schedule that does not hold is a UserError.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/target/target.h"
#include "compiler/tir/stmt.h"

namespace tenon {

struct FlatFunction {
  std::string name;
  tir::PrimFunc func;
};

// functions[0] is the kernel. Its parameters: those of the scheduled function in order (pointers
// of tensors, scalars), then `symbols` as int64 scalars, then two pointers: workspace, context.
// The others are bodies of parallel loops, which only the kernel calls.
struct LoweredKernel {
  std::string name;
  std::vector<FlatFunction> functions;
  std::vector<tir::Expr> symbols;    // variables of parameter shapes that no parameter names
  std::int64_t workspace_bytes = 0;  // shared by all workers
  // Behind it: what depends on the sizes of tensors, an int64 expression of `symbols` and scalar
  // parameters, a multiple of 64; null when there is none.
  tir::Expr symbolic_workspace_bytes;
  std::int64_t workspace_bytes_per_worker = 0;  // behind that, once for every worker
};

struct LowerOptions {
  // Called after each pass with its name and result, for dumps and tests; may be empty.
  std::function<void(const std::string& pass, const tir::PrimFunc& func)> observe;
  // A register tile with a condition inside, or with more vectors than registers, is an error: for
  // candidates of a search. Off, such code is compiled as it is.
  bool refuses_slow_tiles = false;
};

// Needs a schedulable function (root block) or one that is flat already. Throws UserError when
// the schedule promised what cannot be kept; the message names the buffer or loop.
LoweredKernel lower(const std::string& name, const tir::PrimFunc& scheduled, const Target& target,
                    const LowerOptions& options = {});

}  // namespace tenon
