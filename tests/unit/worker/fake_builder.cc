// A builder child for tests: the trace says how it behaves. "candidate NAME" gives the hand-written
// candidate of that name; a reference is the one that behaves.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "compiler/support/files.h"
#include "worker/build/builder.h"

namespace {

// True until a file of the test is there; makes it.
bool is_first_time() {
  const std::filesystem::path mark = std::getenv("TENON_TEST_MARK");
  const bool is_first = !std::filesystem::exists(mark);
  std::ofstream(mark) << "here";
  return is_first;
}

tenon::BuildResult candidate(const std::string& name) {
  const std::string folder = std::string(TENON_BINARY_DIR) + "/tests/candidates/";
  return tenon::BuiltLibrary{tenon::read_file(folder + name + ".so"), "", 1, 1};
}

tenon::BuildResult build(tenon::rpc::BuildSpec spec) {
  // A trace is JSON on its way through a tracker: ["crash"].
  if (spec.trace.starts_with("[\"")) spec.trace = spec.trace.substr(2, spec.trace.size() - 4);
  constexpr std::string_view kCandidate = "candidate ";
  if (spec.is_reference) return candidate("behave");
  if (spec.trace.starts_with(kCandidate)) {
    const std::string name = spec.trace.substr(kCandidate.size());
    return candidate(name.substr(0, name.find(' ')));
  }
  if (spec.trace == "crash") std::raise(SIGSEGV);
  if (spec.trace == "kill" || (spec.trace == "kill once" && is_first_time())) {
    std::raise(SIGKILL);
  }
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
