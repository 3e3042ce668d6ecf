// run_command: one child, its input and outputs moved by poll() until it ends or its time is over.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "compiler/support/clock.h"
#include "compiler/support/error.h"
#include "compiler/support/subprocess.h"

namespace tenon {
namespace {

constexpr size_t kChunkBytes = 65536;

// How long after a kill the rest of the output is still taken; a stray process outside the group
// may go on writing.
constexpr int64_t kGraceNs = 1000000000;

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// Takes what is there; closes the descriptor at its end.
void drain(Descriptor& source, std::string& target, size_t limit_bytes) {
  std::array<char, kChunkBytes> chunk;
  ssize_t got = ::read(source.get(), chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    source.reset();
    return;
  }
  target.append(chunk.data(), std::min(static_cast<size_t>(got),
                                       limit_bytes - std::min(limit_bytes, target.size())));
}

// Gives what the pipe takes; closes it when all is given or the child does not read on.
void feed(Descriptor& target, std::string_view& input) {
  ssize_t written = ::write(target.get(), input.data(), std::min(input.size(), kChunkBytes));
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (written > 0) input.remove_prefix(static_cast<size_t>(written));
  if (written < 0 || input.empty()) target.reset();
}

// A write to a child that is gone must be an error code and not a signal, in this thread only.
class PipeSignalBlocker {
 public:
  PipeSignalBlocker() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  PipeSignalBlocker(const PipeSignalBlocker&) = delete;
  PipeSignalBlocker& operator=(const PipeSignalBlocker&) = delete;
  ~PipeSignalBlocker() {
    if (sigismember(&before_, SIGPIPE) == 0) {
      timespec none{};
      while (sigtimedwait(&pipe_, nullptr, &none) > 0) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
};

struct Streams {
  Descriptor input;
  Descriptor output;
  Descriptor error_output;
};

// One round of poll() over what is still open, and over the child's end. Returns false when the
// child has ended and its outputs hold nothing more.
bool move_bytes(Streams& streams, const Subprocess& child, std::string_view& input,
                CommandResult& result, size_t limit_bytes, int timeout_ms) {
  std::array<pollfd, 4> entries = {
      pollfd{child.pidfd(), POLLIN, 0}, pollfd{streams.input.get(), POLLOUT, 0},
      pollfd{streams.output.get(), POLLIN, 0}, pollfd{streams.error_output.get(), POLLIN, 0}};
  int count = ::poll(entries.data(), entries.size(), timeout_ms);
  if (count < 0 && errno != EINTR) throw_io_error("wait for a child", errno);
  if (count <= 0) return true;
  if (entries[1].revents != 0) feed(streams.input, input);
  if (entries[2].revents != 0) drain(streams.output, result.output, limit_bytes);
  if (entries[3].revents != 0) drain(streams.error_output, result.error_output, limit_bytes);
  bool is_ended = entries[0].revents != 0;
  return !is_ended || entries[2].revents != 0 || entries[3].revents != 0;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv, const CommandOptions& options) {
  Pipe input_pipe = make_pipe();
  Pipe output_pipe = make_pipe();
  Pipe error_pipe = make_pipe();
  SpawnOptions spawn;
  spawn.argv = argv;
  spawn.environment = options.environment;
  spawn.working_directory = options.working_directory;
  spawn.stdin_fd = input_pipe.read_end.get();
  spawn.stdout_fd = output_pipe.write_end.get();
  spawn.stderr_fd = error_pipe.write_end.get();
  PipeSignalBlocker blocker;
  Subprocess child = Subprocess::spawn(spawn);
  input_pipe.read_end.reset();
  output_pipe.write_end.reset();
  error_pipe.write_end.reset();
  Streams streams{std::move(input_pipe.write_end), std::move(output_pipe.read_end),
                  std::move(error_pipe.read_end)};
  set_nonblocking(streams.input.get());
  set_nonblocking(streams.output.get());
  set_nonblocking(streams.error_output.get());
  std::string_view input = options.input;
  if (input.empty()) streams.input.reset();

  SystemClock clock;
  int64_t deadline_ns = clock.monotonic_ns() + static_cast<int64_t>(options.timeout_s * 1e9);
  CommandResult result;
  for (bool has_more = true; has_more;) {
    int64_t left_ns = deadline_ns - clock.monotonic_ns();
    if (left_ns <= 0 && !result.is_timed_out) result.is_timed_out = !child.wait(0).has_value();
    if (left_ns <= 0) child.kill_group(SIGKILL);
    if (left_ns <= -kGraceNs) break;
    int timeout_ms = static_cast<int>(std::clamp<int64_t>(left_ns / 1000000 + 1, 1, 1000));
    has_more = move_bytes(streams, child, input, result, options.output_limit_bytes, timeout_ms);
  }
  result.status = *child.wait();
  return result;
}

}  // namespace tenon
