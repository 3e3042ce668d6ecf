// sample_partitioned_tile(i, n, p, m): n factors whose product is the loop's extent; the product of
// those from position p on is a multiple of m.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tiles.h"
#include "compiler/support/error.h"

namespace tenon {

std::vector<std::int64_t> sample_partitioned_tile(const Schedule& schedule,
                                                  const SamplePartitionedTileArgs& args,
                                                  Rng& random) {
  if (args.num_factors < 2 || args.partition_position < 1 ||
      args.partition_position >= args.num_factors || args.inner_part_factor < 1) {
    throw UserError("sample_partitioned_tile: the partition must leave factors on both sides");
  }
  auto num_factors = static_cast<std::size_t>(args.num_factors);
  auto position = static_cast<std::size_t>(args.partition_position);
  std::vector<std::int64_t> tile(num_factors, 1);
  auto extent = constant_extent(schedule, args.loop);
  if (!extent) return tile;
  if (*extent % args.inner_part_factor != 0) {
    tile[0] = *extent;
    return tile;
  }
  for (std::int64_t prime : prime_factors(args.inner_part_factor)) {
    tile[position + random.below(num_factors - position)] *= prime;
  }
  for (std::int64_t prime : prime_factors(*extent / args.inner_part_factor)) {
    tile[random.below(num_factors)] *= prime;
  }
  return tile;
}

}  // namespace tenon
