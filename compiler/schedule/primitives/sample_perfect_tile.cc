// sample_perfect_tile(i, n, limit): n factors whose product is the loop's extent, the innermost at
// most `limit`.
#include <algorithm>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tiles.h"
#include "compiler/support/error.h"

namespace tenon {

std::vector<std::int64_t> sample_perfect_tile(const Schedule& schedule, const SampleTileArgs& args,
                                              Rng& random) {
  if (args.num_factors < 2 || args.max_innermost_factor < 1) {
    throw UserError("sample_perfect_tile: at least two factors and a positive limit are needed");
  }
  auto extent = constant_extent(schedule, args.loop);
  std::vector<std::int64_t> tile(static_cast<std::size_t>(args.num_factors), 1);
  if (!extent) return tile;
  std::vector<std::int64_t> inner;
  for (std::int64_t d : divisors(*extent)) {
    if (d <= args.max_innermost_factor) inner.push_back(d);
  }
  // The innermost factor is uniform over what is allowed; the rest spreads prime by prime.
  tile.back() = inner[random.below(inner.size())];
  for (std::int64_t prime : prime_factors(*extent / tile.back())) {
    tile[random.below(tile.size() - 1)] *= prime;
  }
  return tile;
}

std::vector<std::int64_t> repaired_tile(const Schedule& schedule, const LoopRef& loop,
                                        std::vector<std::int64_t> factors) {
  auto extent = constant_extent(schedule, loop);
  if (!extent || factors.empty()) return factors;
  std::int64_t rest = *extent;
  for (std::size_t i = factors.size(); i-- > 1;) {
    if (factors[i] <= 0) throw UserError("a tile decision holds a factor that is not positive");
    if (rest % factors[i] != 0) {
      for (std::size_t j = 1; j <= i; ++j) factors[j] = j == i ? rest : 1;
      rest = 1;
      break;
    }
    rest /= factors[i];
  }
  factors[0] = rest;
  return factors;
}

}  // namespace tenon
