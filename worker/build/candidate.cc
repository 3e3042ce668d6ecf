#include "worker/build/candidate.h"

#include <chrono>

#include "compiler/codegen/llvm/library.h"
#include "compiler/compile.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/target/target.h"

namespace tenon {
namespace {

uint32_t milliseconds_since(std::chrono::steady_clock::time_point start) {
  const auto spent = std::chrono::steady_clock::now() - start;
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(spent).count());
}

}  // namespace

rpc::Toolchain compiler_toolchain() {
  return {.codegen = static_cast<uint32_t>(kCodegenVersion),
          .llvm = codegen_backend_version(),
          .tenon = TENON_VERSION};
}

BuildResult build_with_compiler(const rpc::BuildSpec& spec) {
  const auto start = std::chrono::steady_clock::now();
  if (rpc::sha256(spec.workload) != spec.workload_hash) {
    return BuildRefusal{
        rpc::Outcome::kInvalidSchedule,
        str_cat("the workload's text hashes to ", rpc::to_hex(rpc::sha256(spec.workload)),
                ", it was sent as ", rpc::to_hex(spec.workload_hash))};
  }
  try {
    CandidateLibrary made = build_candidate({.workload = spec.workload,
                                             .trace = spec.trace,
                                             .target = parse_target(spec.target),
                                             .is_reference = spec.is_reference});
    return BuiltLibrary{.bytes = std::move(made.library),
                        .metadata = std::move(made.metadata),
                        .build_ms = milliseconds_since(start),
                        .link_ms = 0};
  } catch (const UserError& error) {
    return BuildRefusal{rpc::Outcome::kInvalidSchedule, error.what()};
  } catch (const Bug& error) {
    return BuildRefusal{rpc::Outcome::kCompileError, error.what()};
  }
}

}  // namespace tenon
