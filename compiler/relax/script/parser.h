// Reads TVMScript into a Relax module: graph functions (R.function) beside TensorIR functions
// (T.prim_func), today's spelling and the older one (quoted symbols, out_sinfo, sinfo_args,
// R.Object, R.Prim, operators + - * / @, nested calls).
//
// Types come from annotations, and from the operators' inference rules where there are some: both
// present must agree. An operator that is not in compiler/relax/ops.cc becomes an OpaqueOp, and the
// variable that it defines needs an annotation (or the call out_ty=, ty_args=).
#pragma once
#include <functional>
#include <string>

#include "compiler/relax/expr.h"

namespace tenon::relax {

struct ParseOptions {
  // Gives the tensor of R.external_constant(name, type), or null for a name that it does not know.
  // Without it such a constant is an error.
  std::function<TensorRef(const std::string& name)> external_constant;
};

// A file with one module class, or with functions alone. Throws UserError "FILE:LINE:COLUMN: ..."
// with the line and a caret.
Module parse_module(const std::string& text, const std::string& filename = "script",
                    const ParseOptions& options = {});

}  // namespace tenon::relax
