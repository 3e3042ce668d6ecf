// tenon-runner: loads and times one artifact for a worker daemon, then exits. Never started by
// hand: it inherits its control socket and the opened artifact.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string_view>

#include "compiler/support/error.h"
#include "worker/run/runner.h"

namespace {

// The kernel kills this process when the daemon's thread ends. Between fork and this call the
// daemon may already have gone, so its id, which it passed, is compared.
bool tie_to_parent(const char* parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return std::atoi(parent) == getppid();
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_probe = argc == 3 && std::string_view(argv[2]) == "probe";
  if (argc != 2 && !is_probe) {
    std::cerr << "tenon-runner is started by tenon-worker\n";
    return 2;
  }
  if (!tie_to_parent(argv[1])) return 1;
  try {
    if (is_probe) return tenon::report_sandbox(tenon::kRunnerControlFd);
    return tenon::serve_run(tenon::kRunnerControlFd, tenon::kRunnerArtifactFd);
  } catch (const tenon::Error& error) {
    std::cerr << "tenon-runner: " << error.what() << "\n";
  } catch (const std::bad_alloc&) {
    std::cerr << "tenon-runner: out of memory\n";
  }
  return 3;
}
