// Ownership of file descriptors, and reading and writing whole buffers through them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tenon {

// Owns one open descriptor, or none (-1). Closes it when destroyed.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

// A new pipe; both ends are closed on exec. Throws IoError.
Pipe make_pipe();

// Writes all bytes, resuming after interrupts and short writes. `what` names the target in the
// IoError.
void write_all(int fd, std::string_view bytes, const std::string& what);

// Exactly `size_bytes` bytes, or nullopt when the stream ended before the first one. An end in the
// middle is an IoError.
std::optional<std::string> read_exactly(int fd, size_t size_bytes, const std::string& what);

}  // namespace tenon
