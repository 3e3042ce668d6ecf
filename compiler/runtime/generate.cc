#include "compiler/runtime/generate.h"

#include <cstring>
#include <limits>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"

namespace tenon {
namespace {

// 64 random bits of one element. The stream key is mixed once per tensor.
uint64_t element_bits(uint64_t stream, uint64_t index) {
  return mix64(stream + index * 0x9e3779b97f4a7c15ULL);
}

// 24 random bits as a multiple of 2^-23 in [-1, 1): exact in float32 and float64.
float uniform_float(uint64_t bits) {
  return static_cast<float>(static_cast<int64_t>(bits >> 40) - (int64_t{1} << 23)) * 0x1p-23f;
}

uint16_t bfloat_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <class T, class MakeElement>
void fill(NdArray* array, uint64_t stream, MakeElement make_element) {
  const auto elements = array->as<T>();
  for (size_t i = 0; i < elements.size(); ++i) {
    elements[i] = static_cast<T>(make_element(element_bits(stream, i)));
  }
}

void fill_float(NdArray* array, uint64_t stream) {
  switch (array->dtype().bits) {
    case 16:
      fill<uint16_t>(array, stream,
                     [](uint64_t bits) { return float_to_half(uniform_float(bits)); });
      return;
    case 32:
      fill<float>(array, stream, uniform_float);
      return;
    default:
      fill<double>(array, stream, uniform_float);
      return;
  }
}

IntegerRange default_range(DLDataType dtype) {
  if (dtype.bits != 8) return {0, 1};
  return dtype.code == kDLInt ? IntegerRange{-127, 127} : IntegerRange{0, 255};
}

void check_range(DLDataType dtype, IntegerRange range) {
  const bool is_signed = dtype.code == kDLInt;
  const int value_bits = dtype.bits - (is_signed ? 1 : 0);
  const int64_t high =
      value_bits >= 63 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << value_bits) - 1;
  const int64_t low = is_signed ? -high - 1 : 0;
  if (range.low <= range.high && range.low >= low && range.high <= high) return;
  throw UserError("values in [" + std::to_string(range.low) + ", " + std::to_string(range.high) +
                  "] do not fit " + dtype_name(dtype));
}

void fill_integer(NdArray* array, uint64_t stream, IntegerRange range) {
  check_range(array->dtype(), range);
  const uint64_t span = static_cast<uint64_t>(range.high) - static_cast<uint64_t>(range.low) + 1;
  // The high half of a 32-bit product maps bits to [0, span) without division; wider spans use %.
  const auto make = [&](uint64_t bits) {
    const uint64_t offset = span == 0              ? bits
                            : span <= (1ULL << 32) ? ((bits >> 32) * span) >> 32
                                                   : bits % span;
    return static_cast<uint64_t>(range.low) + offset;
  };
  switch (array->dtype().bits) {
    case 8:
      fill<uint8_t>(array, stream, make);
      return;
    case 16:
      fill<uint16_t>(array, stream, make);
      return;
    case 32:
      fill<uint32_t>(array, stream, make);
      return;
    default:
      fill<uint64_t>(array, stream, make);
      return;
  }
}

}  // namespace

void fill_generated(NdArray* array, GenerateKey key, std::optional<IntegerRange> range) {
  const uint64_t stream = hash_combine(hash_combine(0, key.seed), key.tensor_index);
  switch (array->dtype().code) {
    case kDLFloat:
      fill_float(array, stream);
      return;
    case kDLBfloat:
      fill<uint16_t>(array, stream, [](uint64_t bits) { return bfloat_bits(uniform_float(bits)); });
      return;
    case kDLBool:
      fill<uint8_t>(array, stream, [](uint64_t bits) { return bits >> 63; });
      return;
    case kDLInt:
    case kDLUInt:
      fill_integer(array, stream, range.value_or(default_range(array->dtype())));
      return;
    default:
      throw UserError("cannot generate values of type " + dtype_name(array->dtype()));
  }
}

}  // namespace tenon
