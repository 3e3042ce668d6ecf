// A descriptor that one thread makes readable to wake another that polls.
#pragma once

#include "compiler/support/descriptor.h"

namespace tenon::rpc {

class Wakeup {
 public:
  Wakeup();
  int fd() const { return fd_.get(); }
  // Any thread; several before a clear() are one.
  void set();
  void clear();

 private:
  Descriptor fd_;
};

}  // namespace tenon::rpc
