// Test and measuring inputs: a function of (seed, tensor index, element index) alone, so that
// every machine and every number of threads makes the same bytes. Never constant.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/runtime/nd_array.h"

namespace tenon {

struct GenerateKey {
  uint64_t seed = 0;
  uint64_t tensor_index = 0;
};

// Inclusive bounds for integer tensors (indices into a table, labels).
struct IntegerRange {
  int64_t low = 0;
  int64_t high = 1;
};

// Fills floats uniformly in [-1, 1), bools with both values, integers uniformly in `range`.
// Without a range: int8 in [-127, 127], uint8 in [0, 255], other integers in [0, 1].
// Throws UserError for a range that the type does not hold or that is empty.
void fill_generated(NdArray* array, GenerateKey key,
                    std::optional<IntegerRange> range = std::nullopt);

}  // namespace tenon
