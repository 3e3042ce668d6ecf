// Frames over inherited descriptors: how a daemon and its builder or runner child talk. Same header
// and codec as the network; the types are the two sides' own list. A child may be hostile: every
// size is checked before allocation and every wait has a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "compiler/support/error.h"
#include "rpc/wire/codec.h"

namespace tenon::rpc {

struct PipeFrame {
  std::uint16_t type = 0;
  std::string body;
};

enum class PipeEnd {
  kClosed,   // the other side closed between two frames
  kTimeout,  // no whole frame in time
  kBroken,   // closed inside a frame, not a frame, too large, or wrong sum
};

struct PipeFailure {
  PipeEnd end = PipeEnd::kBroken;
  std::string text;
};

// Reads one frame from `fd` (blocking or not). timeout_ms < 0 waits for ever. Never reads past the
// frame. max_body_bytes bounds what is allocated. Throws IoError when the system call fails
// otherwise than by a vanished peer.
std::variant<PipeFrame, PipeFailure> read_frame(int fd, int timeout_ms,
                                                std::uint32_t max_body_bytes);

// Writes one frame completely; false when the other side is gone or did not read within timeout_ms
// (< 0: for ever). The caller has SIGPIPE ignored or uses a socket pair (sent with MSG_NOSIGNAL).
// Throws IoError otherwise.
bool write_frame(int fd, std::uint16_t type, std::string_view body, int timeout_ms);

// A struct with fields() instead of bytes.
template <class T>
bool write_message(int fd, std::uint16_t type, const T& message, int timeout_ms) {
  return write_frame(fd, type, encode(message), timeout_ms);
}

// Two connected stream sockets, close-on-exec: [0] for the parent, [1] for the child.
struct SocketPair {
  int parent = -1;
  int child = -1;
};
SocketPair make_socket_pair();

}  // namespace tenon::rpc
