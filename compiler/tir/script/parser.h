// Reads TVMScript into TensorIR: today's spelling and the older one (`tir`, T.block, T.match_buffer
// of handles, T.alloc_buffer inside blocks). Block regions that a script leaves out are found.
#pragma once
#include <string>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// A file with one module class, or with functions alone (they become the module's functions).
// Throws UserError "FILE:LINE:COLUMN: ..." with the line and a caret.
TirModule parse_module(const std::string& text, const std::string& filename = "script");

// Text with exactly one function, alone or in a module.
PrimFunc parse_prim_func(const std::string& text, const std::string& filename = "script");

}  // namespace tenon::tir
