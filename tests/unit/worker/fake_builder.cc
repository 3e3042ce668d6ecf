// A builder child for tests: the trace says how it behaves. "library TEXT" gives TEXT as library.
#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include "worker/build/builder.h"

namespace {

tenon::BuildResult build(const tenon::rpc::BuildSpec& spec) {
  if (spec.trace == "crash") std::raise(SIGSEGV);
  if (spec.trace == "leave") _exit(7);
  while (spec.trace == "hang") pause();
  if (spec.trace == "refuse") {
    return tenon::BuildRefusal{tenon::rpc::Outcome::kInvalidSchedule, "no such loop"};
  }
  if (spec.trace == "pid") return tenon::BuiltLibrary{std::to_string(getpid()), "", 1, 1};
  if (spec.trace == "large") return tenon::BuiltLibrary{std::string(5'000'000, 'x'), "", 1, 1};
  return tenon::BuiltLibrary{"library of " + spec.workload, "tenon-artifact 1\n", 3, 1};
}

}  // namespace

int main() {
  return tenon::serve_builds(tenon::kBuilderControlFd, {.codegen = 9, .llvm = "L", .tenon = "T"},
                             build);
}
