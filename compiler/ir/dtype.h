// Element types of every IR, with the field's names: "float32", "int8x4", "bfloat16", "bool",
// "handle", "float8_e4m3fn", "float32xvscalex4".
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon {

enum class TypeCode : std::uint8_t {
  kInt,
  kUInt,
  kFloat,
  kBFloat,
  kBool,
  kHandle,
  kVoid,
  kFloat8E3M4,
  kFloat8E4M3,
  kFloat8E4M3B11FNUZ,
  kFloat8E4M3FN,
  kFloat8E4M3FNUZ,
  kFloat8E5M2,
  kFloat8E5M2FNUZ,
  kFloat8E8M0FNU,
  kFloat6E2M3FN,
  kFloat6E3M2FN,
  kFloat4E2M1FN,
};

// A value: element code, bits of one element, lanes of a vector (a multiple of vscale when
// scalable). bool has 8 bits in memory and prints as "bool".
struct DataType {
  TypeCode code = TypeCode::kVoid;
  std::uint8_t bits = 0;
  std::uint16_t lanes = 1;
  bool scalable = false;

  friend bool operator==(const DataType&, const DataType&) = default;
  bool is_int() const { return code == TypeCode::kInt; }
  bool is_uint() const { return code == TypeCode::kUInt; }
  bool is_integer() const { return is_int() || is_uint(); }
  bool is_bool() const { return code == TypeCode::kBool; }
  bool is_float() const {
    return code != TypeCode::kHandle && !is_integer() && !is_bool() && code != TypeCode::kVoid;
  }
  bool is_handle() const { return code == TypeCode::kHandle; }
  bool is_void() const { return code == TypeCode::kVoid; }
  bool is_vector() const { return lanes > 1 || scalable; }
  DataType element() const { return {code, bits, 1, false}; }
  DataType with_lanes(int n) const { return {code, bits, static_cast<std::uint16_t>(n), false}; }
  // Bytes of one element in memory, sub-byte types rounded up.
  int size_bytes() const { return (bits + 7) / 8; }
};

inline constexpr DataType kInt8{TypeCode::kInt, 8};
inline constexpr DataType kInt32{TypeCode::kInt, 32};
inline constexpr DataType kInt64{TypeCode::kInt, 64};
inline constexpr DataType kUInt8{TypeCode::kUInt, 8};
inline constexpr DataType kUInt32{TypeCode::kUInt, 32};
inline constexpr DataType kUInt64{TypeCode::kUInt, 64};
inline constexpr DataType kFloat16{TypeCode::kFloat, 16};
inline constexpr DataType kBFloat16{TypeCode::kBFloat, 16};
inline constexpr DataType kFloat32{TypeCode::kFloat, 32};
inline constexpr DataType kFloat64{TypeCode::kFloat, 64};
inline constexpr DataType kBoolType{TypeCode::kBool, 8};
inline constexpr DataType kHandleType{TypeCode::kHandle, 64};
inline constexpr DataType kVoidType{TypeCode::kVoid, 0};

// "float32x4" -> DataType; throws UserError naming the text when it is no type.
DataType parse_dtype(std::string_view text);
std::string to_string(DataType type);

}  // namespace tenon
