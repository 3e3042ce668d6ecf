// Whether a Relax module is well formed: what every pass may rely on and must keep.
#pragma once
#include "compiler/relax/expr.h"

namespace tenon::relax {

// Throws UserError "FUNCTION: the first fault in words" unless
// - no two functions have one name;
// - every variable has a type, is defined before it is used, and once; dataflow variables are bound
//   and used in one dataflow block only, and only there are they bound;
// - every symbol is defined before it is used: by standing plain in a parameter's type or in that
//   of a match_cast, or as a scalar variable;
// - arguments, conditions and results are leaves; bodies are sequences of binding blocks;
// - a function that is called is in the module, with as many parameters as there are arguments, of
//   types that the arguments may have; call_tir calls a TensorIR function of the module whose
//   buffers may have the types of the tensors and the result;
// - operators have the number of arguments they take, and a result of the inferred type where the
//   types of the arguments are known;
// - a variable may have the type of its value; the two branches of an if give one type, under a
//   condition that is one bool; a function gives back the type it says;
// - a dataflow block holds no branch; it and a pure function hold no impure call, unless the
//   function is forced to be pure (attribute relax.force_pure).
void verify(const Module& module);

}  // namespace tenon::relax
