// Reference kernels of known work. They bracket every measurement: when they run more slowly
// after it than before, something else was using the machine and the samples are not trusted.
#pragma once

#include <cstdint>
#include <vector>

namespace tenon {

// Nanoseconds of each kernel, the best of a few short samples (about 2 ms in all).
struct ProbeTimes {
  int64_t compute_ns = 0;  // multiply-adds in registers: clock speed and issue
  int64_t cache_ns = 0;    // reads of 256 KiB: second-level cache and its bandwidth
};

class Probe {
 public:
  Probe();
  ProbeTimes run();

 private:
  std::vector<float> buffer_;
  float sink_ = 0;
};

// The ratio after / before of the kernel that moved most (away from 1).
double probe_ratio(const ProbeTimes& before, const ProbeTimes& after);

}  // namespace tenon
