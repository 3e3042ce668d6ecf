#include "compiler/support/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_io_error("make a pipe", errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void write_all(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io_error("write " + what, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::optional<std::string> read_exactly(int fd, size_t size_bytes, const std::string& what) {
  std::string bytes(size_bytes, '\0');
  size_t filled = 0;
  while (filled < size_bytes) {
    ssize_t got = ::read(fd, bytes.data() + filled, size_bytes - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error("read " + what, errno);
    if (got == 0 && filled == 0) return std::nullopt;
    if (got == 0)
      throw IoError(str_cat("read ", what, ": ended after ", filled, " of ", size_bytes, " bytes"));
    filled += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace tenon
