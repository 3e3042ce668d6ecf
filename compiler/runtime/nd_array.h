// An owning, compact, row-major host tensor: what inputs, outputs and files hold at run time.
// Its data is 64-byte aligned and its DLTensor view can be handed to any model library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/runtime/dl_dtype.h"

namespace tenon {

// The largest size in bytes that an NdArray accepts; a larger shape is refused.
inline constexpr int64_t kMaxTensorBytes = int64_t{1} << 40;

// Move-only; `clone` copies. The view() pointer stays valid while the array lives, moved or not.
class NdArray {
 public:
  NdArray() = default;
  NdArray(NdArray&&) noexcept = default;
  NdArray& operator=(NdArray&&) noexcept = default;

  // Zero-filled. Throws UserError for a negative or overflowing shape.
  static NdArray zeros(DLDataType dtype, std::vector<int64_t> shape);

  // Over memory that `data` keeps alive: at least the shape's bytes.
  static NdArray over(std::shared_ptr<std::byte> data, DLDataType dtype,
                      std::vector<int64_t> shape);

  NdArray clone() const;

  // False only for a default-constructed or moved-from array.
  bool has_data() const { return storage_ != nullptr; }
  DLDataType dtype() const { return storage_->view.dtype; }
  const std::vector<int64_t>& shape() const { return storage_->shape; }
  int64_t num_elements() const { return storage_->num_elements; }
  int64_t size_bytes() const { return storage_->num_elements * dtype_bytes(dtype()); }

  std::byte* data() { return storage_->data.get(); }
  const std::byte* data() const { return storage_->data.get(); }
  std::span<const std::byte> bytes() const { return {data(), static_cast<size_t>(size_bytes())}; }
  std::span<std::byte> mutable_bytes() { return {data(), static_cast<size_t>(size_bytes())}; }

  // The elements as T; sizeof(T) must be the element size (checked).
  template <class T>
  std::span<T> as() {
    check_element_size(sizeof(T));
    return {reinterpret_cast<T*>(data()), static_cast<size_t>(num_elements())};
  }
  template <class T>
  std::span<const T> as() const {
    check_element_size(sizeof(T));
    return {reinterpret_cast<const T*>(data()), static_cast<size_t>(num_elements())};
  }

  DLTensor* view() { return &storage_->view; }
  const DLTensor* view() const { return &storage_->view; }

 private:
  struct Storage {
    std::shared_ptr<std::byte> data;
    std::vector<int64_t> shape;
    int64_t num_elements = 0;
    DLTensor view{};
  };

  void check_element_size(size_t size) const;

  std::unique_ptr<Storage> storage_;
};

// The product of the dims. Throws UserError for a negative dim or when the bytes of such a
// tensor would exceed kMaxTensorBytes.
int64_t count_elements(DLDataType dtype, std::span<const int64_t> shape);

// "float32[1, 3, 224, 224]".
std::string describe_tensor(DLDataType dtype, std::span<const int64_t> shape);

// One element as a double (integers beyond 2^53 round); for printing and comparing.
double element_as_double(const NdArray& array, int64_t index);

}  // namespace tenon
