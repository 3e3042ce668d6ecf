// The regions that a block reads and writes, found from its body: what a script may leave out.
#pragma once
#include <vector>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// a - b, with the common terms of both removed: the extent of the slice b:a.
Expr difference(const Expr& a, const Expr& b);

struct AccessRegions {
  std::vector<BufferRegion> reads, writes;
};

// One region a buffer, in order of first access: the union over the loops and nested blocks inside
// `block` of what its body and init touch, as far as linear indices tell; a whole dimension
// otherwise. A reduction's reads of what it writes are left out, as are buffers it allocates;
// accesses of match buffers count for their source regions.
AccessRegions access_regions(const Block& block);

}  // namespace tenon::tir
