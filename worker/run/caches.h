// Cache modes of a measuring protocol: what happens to the caches before each sample.
#pragma once

#include <functional>
#include <vector>

#include "compiler/runtime/nd_array.h"
#include "rpc/wire/types.h"

namespace tenon {

// kHot: an empty function. kCold: the lines of all `arrays` leave every cache before each sample.
// kRotate: a buffer larger than any last-level cache we know of is read, so that the arrays are
// where a network's other layers would have left them.
// The arrays outlive the function.
std::function<void()> cache_preparation(rpc::CacheMode mode, std::vector<NdArray*> arrays);

}  // namespace tenon
