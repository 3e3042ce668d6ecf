#include "compiler/schedule/tiles.h"

#include <algorithm>

namespace tenon {

std::vector<std::int64_t> divisors(std::int64_t n) {
  std::vector<std::int64_t> found;
  for (std::int64_t d = 1; d <= n / d; ++d) {
    if (n % d != 0) continue;
    found.push_back(d);
    if (d != n / d) found.push_back(n / d);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::int64_t> prime_factors(std::int64_t n) {
  std::vector<std::int64_t> found;
  for (std::int64_t p = 2; p <= n / p; ++p) {
    while (n % p == 0) {
      found.push_back(p);
      n /= p;
    }
  }
  if (n > 1) found.push_back(n);
  return found;
}

std::optional<std::int64_t> constant_extent(const Schedule& schedule, const LoopRef& loop) {
  return tir::as_int(site_of(schedule, loop).loop().extent);
}

}  // namespace tenon
