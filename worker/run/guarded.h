// Tensors for candidate code: the page after the data is unmapped, so that running over the end
// ends the process, and the bytes between are marked, so that smaller steps outside are seen.
#pragma once

#include <optional>
#include <vector>

#include "compiler/runtime/nd_array.h"

namespace tenon {

// One tensor that ends at an unmapped page.
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
