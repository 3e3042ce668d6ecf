// tenon-builder: turns traces into libraries for a worker daemon. Never started by hand: it
// inherits its control socket.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "worker/build/candidate.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "tenon-builder is started by tenon-worker\n";
    return 2;
  }
  // The kernel kills this process when the daemon's thread ends. Before this call the daemon may
  // already have gone, so its id, which it passed, is compared.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (std::atoi(argv[1]) != getppid()) return 1;
  try {
    return tenon::serve_builds(tenon::kBuilderControlFd, tenon::compiler_toolchain(),
                               tenon::build_with_compiler);
  } catch (const std::exception& error) {
    std::cerr << "tenon-builder: " << error.what() << "\n";
  }
  return 3;
}
