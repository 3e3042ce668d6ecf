// A builder program for `tenon worker --builder`: the real compiler, but some candidates come out
// broken. Which, and how, follows from the first byte of the SHA-256 of the trace, so that a test
// can tell from the database what must have been recorded (bad_candidates_test.py).
#include <iostream>
#include <string>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "worker/build/candidate.h"

namespace tenon {
namespace {

// Hand-written libraries of tests/unit/worker/libraries. They take other tensors than the candidate
// that they replace; they never come so far that this matters.
BuildResult hand_written(const std::string& name) {
  const std::string folder = std::string(TENON_BINARY_DIR) + "/tests/candidates/";
  return BuiltLibrary{read_file(folder + name + ".so"), "", 1, 1};
}

// The candidate of another function: min in place of max.
BuildResult wrong(rpc::BuildSpec spec) {
  spec.workload = replace_all(spec.workload, "T.max(", "T.min(");
  spec.workload_hash = rpc::sha256(spec.workload);
  return build_with_compiler(spec);
}

BuildResult build(const rpc::BuildSpec& spec) {
  if (spec.is_reference) return build_with_compiler(spec);
  switch (rpc::sha256(spec.trace).bytes[0] % 8) {
    case 0:
    case 1:
      return hand_written("segfault");
    case 2:
    case 3:
      return wrong(spec);
    case 4:
      return hand_written("spin");
    default:
      return build_with_compiler(spec);
  }
}

}  // namespace
}  // namespace tenon

int main() {
  try {
    return tenon::serve_builds(tenon::kBuilderControlFd, tenon::compiler_toolchain(), tenon::build);
  } catch (const tenon::Error& error) {
    std::cerr << "bad-builder: " << error.what() << "\n";
  }
  return 3;
}
