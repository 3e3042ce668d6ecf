// Child processes: posix_spawn into a process group of their own, waited for through a pidfd,
// killed as a group. posix_spawn costs about a millisecond whatever the parent's size, and is safe
// in a process with threads.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/descriptor.h"

namespace tenon {

// How a child ended and what it used.
struct ExitStatus {
  int exit_code = 0;  // valid when signal is 0
  int signal = 0;     // the signal that ended it, or 0
  double user_s = 0;  // processor time of the child and of the children it waited for
  double system_s = 0;
  int64_t max_rss_bytes = 0;

  bool is_success() const { return signal == 0 && exit_code == 0; }
  // "exit code 3" or "signal 11 (Segmentation fault)".
  std::string describe() const;
};

struct SpawnOptions {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH when it has no '/'
  std::optional<std::vector<std::string>>
      environment;                // "NAME=value"; nullopt inherits this process's
  std::string working_directory;  // "" inherits
  int stdin_fd = -1;              // -1: /dev/null
  int stdout_fd = -1;             // -1: inherited
  int stderr_fd = -1;             // -1: inherited
  std::vector<int> passed_fds;    // become 3, 4, ... in the child; all others are closed
};

// One child. When the object is destroyed its whole group is killed with SIGKILL and the child is
// reaped. Not thread-safe, but the pidfd may be polled anywhere.
class Subprocess {
 public:
  // Throws IoError "start PROGRAM: reason" when it cannot be started.
  static Subprocess spawn(const SpawnOptions& options);

  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  ~Subprocess();

  // The process id, which is also the group's. Stays known after the end, but then names no
  // process.
  pid_t pid() const { return pid_; }

  // Readable for poll() when the child has ended.
  int pidfd() const { return pidfd_.get(); }

  // The end of the child, waiting at most `timeout_s` for it (0: look only; negative: for ever).
  // nullopt: still running. When it has ended, what is left of its group is killed. Can be called
  // again after that.
  std::optional<ExitStatus> wait(double timeout_s = -1);

  // Sends the signal to the child and all in its group. Nothing happens after the end.
  void kill_group(int signal_number);

 private:
  Subprocess(pid_t pid, Descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  void kill_and_reap();

  pid_t pid_ = -1;
  Descriptor pidfd_;
  std::optional<ExitStatus> status_;
};

struct CommandResult {
  ExitStatus status;
  bool is_timed_out = false;  // it was killed because of the time limit
  std::string output;         // what it wrote to standard output, up to the limit
  std::string error_output;   // the same for standard error
};

struct CommandOptions {
  std::string_view input;                        // given to standard input
  double timeout_s = 60;                         // then its group is killed
  size_t output_limit_bytes = size_t{64} << 20;  // what comes after is read and dropped
  std::optional<std::vector<std::string>> environment;
  std::string working_directory;
};

// Runs a command to its end. Throws IoError only when it cannot be started.
CommandResult run_command(const std::vector<std::string>& argv, const CommandOptions& options = {});

}  // namespace tenon
