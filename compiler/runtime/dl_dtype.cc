#include "compiler/runtime/dl_dtype.h"

#include <array>
#include <bit>
#include <cmath>

namespace tenon {
namespace {

struct NamedDtype {
  std::string_view name;
  DLDataType dtype;
};

constexpr std::array kNamedDtypes{
    NamedDtype{"float32", kDlFloat32}, NamedDtype{"float64", kDlFloat64},
    NamedDtype{"float16", kDlFloat16}, NamedDtype{"bfloat16", kDlBfloat16},
    NamedDtype{"int8", kDlInt8},       NamedDtype{"int16", kDlInt16},
    NamedDtype{"int32", kDlInt32},     NamedDtype{"int64", kDlInt64},
    NamedDtype{"uint8", kDlUint8},     NamedDtype{"uint16", kDlUint16},
    NamedDtype{"uint32", kDlUint32},   NamedDtype{"uint64", kDlUint64},
    NamedDtype{"bool", kDlBool},
};

}  // namespace

std::string dtype_name(DLDataType dtype) {
  for (const NamedDtype& entry : kNamedDtypes) {
    if (same_dtype(entry.dtype, dtype)) return std::string(entry.name);
  }
  std::string name = "code" + std::to_string(dtype.code) + "_bits" + std::to_string(dtype.bits);
  if (dtype.lanes != 1) name += "x" + std::to_string(dtype.lanes);
  return name;
}

std::optional<DLDataType> dtype_from_name(std::string_view name) {
  for (const NamedDtype& entry : kNamedDtypes) {
    if (entry.name == name) return entry.dtype;
  }
  return std::nullopt;
}

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 0x1f) {
    return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  }
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const float magnitude = std::fabs(value);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00u);
  if (magnitude >= 65520.0f) return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude < 0x1p-14f) {
    // A subnormal half counts units of 2^-24; nearbyint rounds ties to even.
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24f)));
  }
  const uint32_t absolute = bits & 0x7fffffffu;
  const uint32_t rounded = absolute + 0xfffu + ((absolute >> 13) & 1u);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

}  // namespace tenon
