// A slow and obvious interpreter of Relax: the meaning that every graph pass must keep. Bindings
// run in order. An operator runs as its definition for the sizes at hand, a call_tir as the
// module's TensorIR function; both through tir::interpret unless the caller brings another way.
// Symbols of a function take their values from its arguments and from match_cast. The value of
// every binding is checked against the type that inference gave its variable.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/relax/values.h"

namespace tenon::relax {

// One TensorIR function to run. Its parameters: `arguments`, then one tensor for each of `results`
// (which say element type and shape; their bytes are null), then `scalars`.
struct KernelCall {
  const tir::PrimFunc& func;
  const tir::TirModule& module;  // functions that it may call
  const std::vector<TensorRef>& arguments;
  const std::vector<TensorData>& results;
  const std::vector<std::int64_t>& scalars;
};
// Gives one tensor for each of call.results. Throws UserError.
using KernelRunner = std::function<std::vector<TensorRef>(const KernelCall& call)>;
// By tir::interpret. Memory that the function does not write holds NaN or -1.
std::vector<TensorRef> interpret_kernel(const KernelCall& call);

struct InterpretOptions {
  KernelRunner run_kernel = interpret_kernel;
};

// Runs a Relax function of the module. Throws UserError, with function and binding, for arguments
// that do not fit (a symbol with two sizes: both places, both sizes), a value that is not of its
// declared type, a failed match_cast, and what cannot be run (external functions).
Value interpret(const Module& module, const std::string& function,
                const std::vector<Value>& arguments, const InterpretOptions& options = {});

}  // namespace tenon::relax
