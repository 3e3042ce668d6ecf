#include "compiler/runtime/nd_array.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "compiler/support/error.h"

namespace tenon {
namespace {

struct AlignedDelete {
  void operator()(std::byte* data) const {
    ::operator delete (data, std::align_val_t{TENON_ALIGNMENT});
  }
};

std::shared_ptr<std::byte> allocate_zeroed(int64_t size_bytes) {
  const size_t size = static_cast<size_t>(size_bytes > 0 ? size_bytes : 1);
  auto* data = static_cast<std::byte*>(::operator new (size, std::align_val_t{TENON_ALIGNMENT}));
  std::memset(data, 0, size);
  return {data, AlignedDelete{}};
}

template <class T>
double read_as_double(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return static_cast<double>(value);
}

double read_half(const std::byte* at) {
  uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return half_to_float(bits);
}

double read_bfloat(const std::byte* at) {
  uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

double read_float(DLDataType dtype, const std::byte* at) {
  if (dtype.bits == 16) return read_half(at);
  return dtype.bits == 32 ? read_as_double<float>(at) : read_as_double<double>(at);
}

double read_signed(DLDataType dtype, const std::byte* at) {
  switch (dtype.bits) {
    case 8:
      return read_as_double<int8_t>(at);
    case 16:
      return read_as_double<int16_t>(at);
    case 32:
      return read_as_double<int32_t>(at);
    default:
      return read_as_double<int64_t>(at);
  }
}

double read_unsigned(DLDataType dtype, const std::byte* at) {
  switch (dtype.bits) {
    case 8:
      return read_as_double<uint8_t>(at);
    case 16:
      return read_as_double<uint16_t>(at);
    case 32:
      return read_as_double<uint32_t>(at);
    default:
      return read_as_double<uint64_t>(at);
  }
}

}  // namespace

int64_t count_elements(DLDataType dtype, std::span<const int64_t> shape) {
  const int64_t element = dtype_bytes(dtype) > 0 ? dtype_bytes(dtype) : 1;
  int64_t limit = kMaxTensorBytes / element;
  int64_t count = 1;
  bool is_empty = false;
  for (const int64_t dim : shape) {
    if (dim < 0) {
      throw UserError("tensor " + describe_tensor(dtype, shape) + " has a negative dimension");
    }
    if (dim == 0) is_empty = true;
    if (dim > 0 && count > limit / dim) {
      throw UserError("tensor " + describe_tensor(dtype, shape) + " is larger than " +
                      std::to_string(kMaxTensorBytes) + " bytes");
    }
    if (dim > 0) count *= dim;
  }
  return is_empty ? 0 : count;
}

std::string describe_tensor(DLDataType dtype, std::span<const int64_t> shape) {
  std::string text = dtype_name(dtype) + "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

NdArray NdArray::zeros(DLDataType dtype, std::vector<int64_t> shape) {
  const int64_t size = count_elements(dtype, shape) * dtype_bytes(dtype);
  return over(allocate_zeroed(size), dtype, std::move(shape));
}

NdArray NdArray::over(std::shared_ptr<std::byte> data, DLDataType dtype,
                      std::vector<int64_t> shape) {
  NdArray array;
  array.storage_ = std::make_unique<Storage>();
  Storage& storage = *array.storage_;
  storage.num_elements = count_elements(dtype, shape);
  storage.data = std::move(data);
  storage.shape = std::move(shape);
  storage.view.data = storage.data.get();
  storage.view.device = {kDLCPU, 0};
  storage.view.ndim = static_cast<int32_t>(storage.shape.size());
  storage.view.dtype = dtype;
  storage.view.shape = storage.shape.data();
  return array;
}

NdArray NdArray::clone() const {
  NdArray copy = zeros(dtype(), shape());
  if (size_bytes() > 0) std::memcpy(copy.data(), data(), static_cast<size_t>(size_bytes()));
  return copy;
}

void NdArray::check_element_size(size_t size) const {
  CHECK(static_cast<int64_t>(size) == dtype_bytes(dtype()));
}

double element_as_double(const NdArray& array, int64_t index) {
  const DLDataType dtype = array.dtype();
  const std::byte* at = array.data() + index * dtype_bytes(dtype);
  switch (dtype.code) {
    case kDLFloat:
      return read_float(dtype, at);
    case kDLBfloat:
      return read_bfloat(at);
    case kDLInt:
      return read_signed(dtype, at);
    default:
      return read_unsigned(dtype, at);
  }
}

}  // namespace tenon
