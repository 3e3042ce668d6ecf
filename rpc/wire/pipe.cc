#include "rpc/wire/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "compiler/support/text.h"
#include "rpc/wire/frame.h"

namespace tenon::rpc {
namespace {

using Clock = std::chrono::steady_clock;

class Deadline {
 public:
  explicit Deadline(int timeout_ms)
      : is_endless_(timeout_ms < 0), end_(Clock::now() + std::chrono::milliseconds(timeout_ms)) {}

  // For poll(): -1 waits for ever.
  int left_ms() const {
    if (is_endless_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
    return left < 0 ? 0 : static_cast<int>(left);
  }

 private:
  bool is_endless_;
  Clock::time_point end_;
};

// True when `fd` is ready (or in error, which the next call will tell); false when the time is
// over.
bool wait_for(int fd, short events, const Deadline& deadline) {
  for (;;) {
    pollfd entry{fd, events, 0};
    const int count = ::poll(&entry, 1, deadline.left_ms());
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) throw_io_error("poll on a pipe", errno);
  }
}

enum class ReadEnd { kDone, kClosed, kTimeout };

// Fills out[*done..size). Progress is kept in *done.
ReadEnd read_all(int fd, std::string& out, std::size_t* done, const Deadline& deadline) {
  while (*done < out.size()) {
    if (!wait_for(fd, POLLIN, deadline)) return ReadEnd::kTimeout;
    const ssize_t count = ::read(fd, out.data() + *done, out.size() - *done);
    if (count > 0) {
      *done += static_cast<std::size_t>(count);
    } else if (count == 0 || errno == ECONNRESET || errno == EIO) {
      return ReadEnd::kClosed;
    } else if (errno != EINTR && errno != EAGAIN) {
      throw_io_error("read from a pipe", errno);
    }
  }
  return ReadEnd::kDone;
}

bool write_all(int fd, std::string_view bytes, const Deadline& deadline) {
  bool is_socket = true;
  while (!bytes.empty()) {
    if (!wait_for(fd, POLLOUT, deadline)) return false;
    ssize_t count =
        is_socket ? ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
    if (is_socket && count < 0 && errno == ENOTSOCK) is_socket = false;
    // poll says a pipe is writable when PIPE_BUF bytes fit: never write more, and the write never
    // blocks.
    if (!is_socket) count = ::write(fd, bytes.data(), bytes.size() < 4096 ? bytes.size() : 4096);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return false;
    } else if (errno != EINTR && errno != EAGAIN) {
      throw_io_error("write to a pipe", errno);
    }
  }
  return true;
}

PipeFailure failure_of(ReadEnd end, std::size_t done) {
  if (end == ReadEnd::kTimeout) return {PipeEnd::kTimeout, "no whole frame in time"};
  if (done == 0) return {PipeEnd::kClosed, "closed"};
  return {PipeEnd::kBroken, "closed inside a frame"};
}

}  // namespace

std::variant<PipeFrame, PipeFailure> read_frame(int fd, int timeout_ms,
                                                std::uint32_t max_body_bytes) {
  const Deadline deadline(timeout_ms);
  std::string head(kHeaderBytes, '\0');
  std::size_t done = 0;
  ReadEnd end = read_all(fd, head, &done, deadline);
  if (end != ReadEnd::kDone) return failure_of(end, done);
  const auto decoded = decode_header(head);
  if (const auto* refusal = std::get_if<Refusal>(&decoded))
    return PipeFailure{PipeEnd::kBroken, refusal->text};
  const Header& header = std::get<Header>(decoded);
  if (header.body_bytes > max_body_bytes) {
    return PipeFailure{PipeEnd::kBroken, str_cat("a frame announces ", header.body_bytes,
                                                 " bytes, at most ", max_body_bytes)};
  }
  std::string body(header.body_bytes, '\0');
  std::size_t body_done = 0;
  end = read_all(fd, body, &body_done, deadline);
  if (end != ReadEnd::kDone) return failure_of(end, kHeaderBytes + body_done);
  if (crc32c(body) != header.body_crc) return PipeFailure{PipeEnd::kBroken, "wrong checksum"};
  return PipeFrame{header.type, std::move(body)};
}

bool write_frame(int fd, std::uint16_t type, std::string_view body, int timeout_ms) {
  const Deadline deadline(timeout_ms);
  const Frame frame = make_raw_frame(type, std::string(body), {});
  return write_all(fd, frame.header + frame.body, deadline);
}

SocketPair make_socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    throw_io_error("socketpair", errno);
  return {fds[0], fds[1]};
}

}  // namespace tenon::rpc
