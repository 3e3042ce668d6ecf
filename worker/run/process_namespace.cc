#include "worker/run/process_namespace.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "compiler/support/descriptor.h"

namespace tenon {
namespace {

constexpr unsigned kFirstOwnFd = 3;
constexpr int kLost = 3;  // exit code when the first process could not tell how the runner ended

// Closes every descriptor after standard error except one.
void close_all_but(int kept) {
  const auto fd = static_cast<unsigned>(kept);
  if (fd > kFirstOwnFd) close_range(kFirstOwnFd, fd - 1, 0);
  close_range(fd + 1, ~0u, 0);
}

[[noreturn]] void end_like(int status) {
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  std::signal(signal, SIG_DFL);
  raise(signal);
  _exit(kLost);
}

// Reaps until the runner has ended, tells how, and ends the namespace by ending.
[[noreturn]] void be_first_process(int status_fd, pid_t runner) {
  int status = 0;
  pid_t reaped = 0;
  while (reaped != runner) {
    reaped = waitpid(-1, &status, 0);
    if (reaped < 0 && errno != EINTR) _exit(kLost);
  }
  _exit(::write(status_fd, &status, sizeof status) == sizeof status ? 0 : kLost);
}

// The kernel kills the first process, and with it the namespace, when the outer process ends. It
// may have ended before that was asked for: then nobody reads the pipe.
bool is_tied_to_outer(int status_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd entry{status_fd, 0, 0};
  return ::poll(&entry, 1, 0) == 0;
}

[[noreturn]] void wait_outside(int status_fd, pid_t first) {
  close_all_but(status_fd);
  int status = 0;
  ssize_t size = 0;
  do {
    size = ::read(status_fd, &status, sizeof status);
  } while (size < 0 && errno == EINTR);
  // Its end is the end of everything in the namespace.
  int first_status = 0;
  while (waitpid(first, &first_status, 0) < 0 && errno == EINTR) {
  }
  end_like(size == sizeof status ? status : first_status);
}

}  // namespace

int enter_process_namespace(int extra_flags) {
  Pipe status = make_pipe();
  if (unshare(CLONE_NEWPID | extra_flags) != 0) return errno;
  const pid_t first = fork();
  if (first < 0) return errno;
  if (first > 0) wait_outside(status.read_end.get(), first);
  status.read_end.reset();
  if (!is_tied_to_outer(status.write_end.get())) _exit(kLost);
  const pid_t runner = fork();
  if (runner < 0) _exit(kLost);
  if (runner > 0) {
    close_all_but(status.write_end.get());
    be_first_process(status.write_end.get(), runner);
  }
  return 0;
}

}  // namespace tenon
