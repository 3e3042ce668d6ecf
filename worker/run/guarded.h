// Tensors for candidate code: the pages after the data are unmapped, so that running over the end
// ends the process, and the bytes between are marked, so that smaller steps outside are seen.
#pragma once

#include <optional>
#include <vector>

#include "compiler/runtime/nd_array.h"

namespace tenon {

// One tensor that ends (up to its alignment) where unmapped pages begin.
class GuardedArray {
 public:
  // nullopt when there is no memory for it.
  static std::optional<GuardedArray> make(DLDataType dtype, std::vector<int64_t> shape);

  NdArray& array() { return array_; }
  const NdArray& array() const { return array_; }

  // True while the marked bytes before and after the data are as they were.
  bool is_intact() const;

  // Fills the data with 0xff: NaN for floats, so that what a candidate leaves out is seen.
  void poison();

 private:
  NdArray array_;
  std::byte* margin_begin_ = nullptr;
  std::byte* margin_end_ = nullptr;
};

}  // namespace tenon
