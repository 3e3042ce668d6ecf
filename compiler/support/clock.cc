#include "compiler/support/clock.h"

#include <ctime>

namespace tenon {
namespace {

int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

}  // namespace

int64_t SystemClock::monotonic_ns() const { return read_clock_ns(CLOCK_MONOTONIC); }

int64_t SystemClock::wall_ms() const { return read_clock_ns(CLOCK_REALTIME) / 1000000; }

}  // namespace tenon
