// Time as something that is passed in, so that tests and simulations own it.
#pragma once

#include <cstdint>

namespace tenon {

class Clock {
 public:
  virtual ~Clock() = default;

  // Nanoseconds since some fixed point; never goes back. For intervals and deadlines.
  virtual int64_t monotonic_ns() const = 0;

  // Milliseconds since 1970-01-01 UTC. For records people read; it may jump.
  virtual int64_t wall_ms() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  int64_t monotonic_ns() const override;
  int64_t wall_ms() const override;
};

// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t wall_start_ms = 0) : wall_start_ms_(wall_start_ms) {}
  int64_t monotonic_ns() const override { return now_ns_; }
  int64_t wall_ms() const override { return wall_start_ms_ + now_ns_ / 1000000; }
  void advance_ns(int64_t step_ns) { now_ns_ += step_ns; }

 private:
  int64_t wall_start_ms_;
  int64_t now_ns_ = 0;
};

}  // namespace tenon
