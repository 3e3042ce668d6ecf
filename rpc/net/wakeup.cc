#include "rpc/net/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "compiler/support/error.h"

namespace tenon::rpc {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_.is_open()) throw_io_error("eventfd", errno);
}

// A full counter already wakes; an interrupted write of an eventfd does not happen when it cannot
// block.
void Wakeup::set() {
  const std::uint64_t one = 1;
  if (::write(fd_.get(), &one, sizeof one) < 0 && errno != EAGAIN)
    throw_io_error("write to an eventfd", errno);
}

void Wakeup::clear() {
  std::uint64_t count = 0;
  if (::read(fd_.get(), &count, sizeof count) < 0 && errno != EAGAIN)
    throw_io_error("read an eventfd", errno);
}

}  // namespace tenon::rpc
