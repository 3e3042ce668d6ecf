// Names and sizes of the element types that tensors carry at run time (DLPack's DLDataType).
// The compiler has its own DType; this one exists so that the runtime needs nothing above it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/runtime/tenon_model.h"

namespace tenon {

inline constexpr DLDataType kDlFloat32{kDLFloat, 32, 1};
inline constexpr DLDataType kDlFloat64{kDLFloat, 64, 1};
inline constexpr DLDataType kDlFloat16{kDLFloat, 16, 1};
inline constexpr DLDataType kDlBfloat16{kDLBfloat, 16, 1};
inline constexpr DLDataType kDlInt8{kDLInt, 8, 1};
inline constexpr DLDataType kDlInt16{kDLInt, 16, 1};
inline constexpr DLDataType kDlInt32{kDLInt, 32, 1};
inline constexpr DLDataType kDlInt64{kDLInt, 64, 1};
inline constexpr DLDataType kDlUint8{kDLUInt, 8, 1};
inline constexpr DLDataType kDlUint16{kDLUInt, 16, 1};
inline constexpr DLDataType kDlUint32{kDLUInt, 32, 1};
inline constexpr DLDataType kDlUint64{kDLUInt, 64, 1};
inline constexpr DLDataType kDlBool{kDLBool, 8, 1};

constexpr bool same_dtype(DLDataType left, DLDataType right) {
  return left.code == right.code && left.bits == right.bits && left.lanes == right.lanes;
}

// "float32", "int8", "uint8", "bool", "bfloat16"; other codes print as "code7_bits12".
std::string dtype_name(DLDataType dtype);

// The inverse of dtype_name for the constants above; empty for any other text.
std::optional<DLDataType> dtype_from_name(std::string_view name);

// Bytes of one element with its lanes; sub-byte types round up to a byte.
constexpr int64_t dtype_bytes(DLDataType dtype) {
  return (static_cast<int64_t>(dtype.bits) * dtype.lanes + 7) / 8;
}

// IEEE half precision, round to nearest even; NaN stays NaN.
float half_to_float(uint16_t half);
uint16_t float_to_half(float value);

}  // namespace tenon
