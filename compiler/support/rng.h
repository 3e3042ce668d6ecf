// A counter-based random generator: the stream is a pure function of its key, so results do not
// depend on which thread draws, or in which order streams are used. Philox4x32-10 of Salmon,
// Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Values are the same
// on every machine and may be relied on by stored logs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tenon {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// One block of the Philox4x32-10 function.
PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key);

// A stream keyed by a seed and up to three positions, such as (seed, round, slot). Not thread-safe;
// make one each.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t first = 0, uint64_t second = 0, uint64_t third = 0);

  // 64 uniform bits.
  uint64_t next();

  // Uniform in [0, bound), without bias. Needs bound > 0.
  uint64_t below(uint64_t bound);

  // Uniform in [low, high], both included. Needs low <= high.
  int64_t between(int64_t low, int64_t high);

  // Uniform in [0, 1), a multiple of 2^-53.
  double uniform();

  // Standard normal (Box-Muller, one value a call).
  double normal();

  // An index with probability proportional to its weight. Weights are not negative and not all
  // zero.
  size_t weighted(const std::vector<double>& weights);

  // Exchanges items so that every order is equally likely (Fisher-Yates).
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  PhiloxKey key_;
  uint64_t stream_;
  uint64_t block_index_ = 0;
  std::array<uint64_t, 2> words_{};
  size_t words_left_ = 0;
};

}  // namespace tenon
