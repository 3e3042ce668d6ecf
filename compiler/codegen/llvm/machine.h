// The machine side of LLVM: a module is optimised (very little: the code says everything already)
// and becomes an object or assembly text. Internal to this folder.
#pragma once

#include <llvm/IR/Module.h>

#include <string>

#include "compiler/target/target.h"

namespace tenon::codegen {

// Kernels get the real code generator; the functions around them, which run once a call, the fast
// one without passes.
enum class Effort : std::uint8_t { kKernel, kGlue };
enum class Output : std::uint8_t { kObject, kAssembly, kIr };

// Gives the module the target's triple and data layout; to be called before anything is emitted.
void prepare_module(llvm::Module& module, const Target& target);

// Verifies, runs sroa and early-cse, generates code at level 2 (kKernel). Deterministic.
// Thread-safe for modules of different contexts. A module that LLVM's verifier refuses is a Bug.
std::string generate(llvm::Module& module, const Target& target, Output output,
                     Effort effort = Effort::kKernel);

std::string llvm_version();

}  // namespace tenon::codegen
