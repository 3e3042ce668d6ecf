// Building one candidate with the compiler: the narrow place where worker and compiler meet.
#pragma once

#include "worker/build/builder.h"

namespace tenon {

// What this builder builds with: versions of code generation, LLVM and Tenon.
rpc::Toolchain compiler_toolchain();

// The library of one candidate or reference. A trace that is refused, or a function that cannot be
// lowered, is a refusal with the candidate's blame; so is a workload text that does not hash to
// the hash it is sent under.
BuildResult build_with_compiler(const rpc::BuildSpec& spec);

}  // namespace tenon
