#include "compiler/support/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "compiler/support/clock.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

// Descriptors to pass are first copied above this number, so that none is overwritten before it is
// copied to its place.
constexpr int kFirstSafeFd = 100;
constexpr int kFirstPassedFd = 3;

void check_spawn(int error_number, const char* what) {
  if (error_number != 0) throw_io_error(what, error_number);
}

class FileActions {
 public:
  FileActions() { check_spawn(posix_spawn_file_actions_init(&actions_), "prepare a child"); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  void copy(int from, int to) {
    Descriptor safe(::fcntl(from, F_DUPFD_CLOEXEC, kFirstSafeFd));
    if (!safe.is_open()) throw_io_error("copy a descriptor for a child", errno);
    check_spawn(posix_spawn_file_actions_adddup2(&actions_, safe.get(), to), "prepare a child");
    copies_.push_back(std::move(safe));
  }
  void open_null(int to) {
    check_spawn(posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", O_RDONLY, 0),
                "prepare a child");
  }
  void change_directory(const std::string& path) {
    check_spawn(posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()), "prepare a child");
  }
  void close_from(int fd) {
    check_spawn(posix_spawn_file_actions_addclosefrom_np(&actions_, fd), "prepare a child");
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
  std::vector<Descriptor> copies_;
};

// Own group, no blocked signals, default handlers: whatever this process does with signals is not
// the child's business.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    check_spawn(posix_spawnattr_init(&attributes_), "prepare a child");
    sigset_t signals;
    sigemptyset(&signals);
    check_spawn(posix_spawnattr_setsigmask(&attributes_, &signals), "prepare a child");
    sigfillset(&signals);
    sigdelset(&signals, SIGKILL);
    sigdelset(&signals, SIGSTOP);
    check_spawn(posix_spawnattr_setsigdefault(&attributes_, &signals), "prepare a child");
    check_spawn(posix_spawnattr_setpgroup(&attributes_, 0), "prepare a child");
    check_spawn(
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF),
        "prepare a child");
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

void add_descriptors(FileActions& actions, const SpawnOptions& options) {
  if (options.stdin_fd < 0) actions.open_null(0);
  if (options.stdin_fd >= 0) actions.copy(options.stdin_fd, 0);
  if (options.stdout_fd >= 0) actions.copy(options.stdout_fd, 1);
  if (options.stderr_fd >= 0) actions.copy(options.stderr_fd, 2);
  int place = kFirstPassedFd;
  for (int fd : options.passed_fds) actions.copy(fd, place++);
  CHECK(place <= kFirstSafeFd) << options.passed_fds.size() << " descriptors passed";
  actions.close_from(place);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

ExitStatus exit_status(int status, const rusage& usage) {
  ExitStatus result;
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  result.user_s = seconds(usage.ru_utime);
  result.system_s = seconds(usage.ru_stime);
  result.max_rss_bytes = int64_t{usage.ru_maxrss} * 1024;
  return result;
}

// Whether the descriptor becomes readable within the time; a negative time is no limit.
bool is_readable_within(int fd, double timeout_s) {
  SystemClock clock;
  int64_t deadline_ns = clock.monotonic_ns() + static_cast<int64_t>(std::max(timeout_s, 0.0) * 1e9);
  for (;;) {
    int64_t left_ns = std::max<int64_t>(deadline_ns - clock.monotonic_ns(), 0);
    int timeout_ms =
        timeout_s < 0 ? -1
                      : static_cast<int>(std::min<int64_t>((left_ns + 999999) / 1000000, 1 << 30));
    pollfd entry{fd, POLLIN, 0};
    int count = ::poll(&entry, 1, timeout_ms);
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) throw_io_error("wait for a child", errno);
    if (count == 0 && left_ns == 0) return false;
  }
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return str_cat("exit code ", exit_code);
  return str_cat("signal ", signal, " (", strsignal(signal), ")");
}

Subprocess Subprocess::spawn(const SpawnOptions& options) {
  CHECK(!options.argv.empty()) << "no program to start";
  FileActions actions;
  add_descriptors(actions, options);
  if (!options.working_directory.empty()) actions.change_directory(options.working_directory);
  SpawnAttributes attributes;
  std::vector<char*> argv = pointers(options.argv);
  std::vector<char*> environment;
  if (options.environment) environment = pointers(*options.environment);
  char** envp = options.environment ? environment.data() : environ;
  pid_t pid = -1;
  int error_number =
      posix_spawnp(&pid, argv[0], actions.get(), attributes.get(), argv.data(), envp);
  if (error_number != 0) throw_io_error("start " + options.argv[0], error_number);
  Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  int pidfd_error = errno;
  Subprocess child(pid, std::move(pidfd));
  if (!child.pidfd_.is_open()) throw_io_error("watch " + options.argv[0], pidfd_error);
  return child;
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      status_(other.status_) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  if (this != &other) {
    kill_and_reap();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    status_ = other.status_;
  }
  return *this;
}

Subprocess::~Subprocess() { kill_and_reap(); }

void Subprocess::kill_and_reap() {
  if (pid_ < 0 || status_) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<ExitStatus> Subprocess::wait(double timeout_s) {
  if (status_) return status_;
  CHECK(pid_ > 0) << "wait for a child that was moved away";
  if (!is_readable_within(pidfd_.get(), timeout_s)) return std::nullopt;
  // The child is a zombie until wait4, so the group's number cannot have been given to another
  // group yet.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  rusage usage{};
  pid_t reaped;
  do {
    reaped = ::wait4(pid_, &status, 0, &usage);
  } while (reaped < 0 && errno == EINTR);
  if (reaped < 0) throw_io_error("wait for a child", errno);
  status_ = exit_status(status, usage);
  return status_;
}

void Subprocess::kill_group(int signal_number) {
  if (pid_ > 0 && !status_) ::kill(-pid_, signal_number);
}

}  // namespace tenon
