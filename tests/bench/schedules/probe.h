// What this core can do at best: fused multiply-adds from registers, and reading memory. A probe
// runs in turns with the kernel, so that both see the same clock and the same neighbours.
#pragma once

#include <cstdint>
#include <functional>

namespace tenon::bench {

// One call of a probe, and how much it does: floating-point operations or bytes.
struct Probe {
  std::function<void()> call;
  double amount = 0;
};

// Independent FMAs of the widest vectors of this processor.
Probe fma_probe();

// A loop of vector loads over a buffer of this size.
Probe read_probe(std::int64_t bytes);

// Fastest samples of one call, in seconds of this thread's processor time.
struct Seconds {
  double call = 0, probe = 0;
};

// Samples both in turns, each sample long enough for the clock.
Seconds best_in_turns(const std::function<void()>& call, const Probe& probe);

// Fastest of `count` calls, without warming up.
double fastest_seconds(int count, const std::function<void()>& call);

}  // namespace tenon::bench
