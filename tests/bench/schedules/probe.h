// What this core can do at best: fused multiply-adds from registers, and reading memory.
#pragma once

#include <cstdint>
#include <functional>

namespace tenon::bench {

// Fastest of many short samples of one call, in seconds of this thread's processor time.
double best_seconds(const std::function<void()>& call);

// Fastest of `count` calls, without warming up.
double fastest_seconds(int count, const std::function<void()>& call);

// Floating-point operations a second of independent FMAs of the widest vectors of this processor.
double fma_flops_per_second();

// A loop of vector loads over a buffer of this size.
double read_bytes_per_second(std::int64_t bytes);

}  // namespace tenon::bench
