#include "compiler/ir/dtype.h"

#include <array>
#include <charconv>

#include "compiler/support/error.h"

namespace tenon {
namespace {

struct FixedName {
  std::string_view name;
  TypeCode code;
  std::uint8_t bits;
};

// Longest names first where one is a prefix of another.
constexpr std::array kFixedNames = {
    FixedName{"float8_e4m3b11fnuz", TypeCode::kFloat8E4M3B11FNUZ, 8},
    FixedName{"float8_e4m3fnuz", TypeCode::kFloat8E4M3FNUZ, 8},
    FixedName{"float8_e5m2fnuz", TypeCode::kFloat8E5M2FNUZ, 8},
    FixedName{"float8_e8m0fnu", TypeCode::kFloat8E8M0FNU, 8},
    FixedName{"float8_e4m3fn", TypeCode::kFloat8E4M3FN, 8},
    FixedName{"float6_e2m3fn", TypeCode::kFloat6E2M3FN, 6},
    FixedName{"float6_e3m2fn", TypeCode::kFloat6E3M2FN, 6},
    FixedName{"float4_e2m1fn", TypeCode::kFloat4E2M1FN, 4},
    FixedName{"float8_e3m4", TypeCode::kFloat8E3M4, 8},
    FixedName{"float8_e4m3", TypeCode::kFloat8E4M3, 8},
    FixedName{"float8_e5m2", TypeCode::kFloat8E5M2, 8},
    FixedName{"bfloat16", TypeCode::kBFloat, 16},
    FixedName{"handle", TypeCode::kHandle, 64},
    FixedName{"void", TypeCode::kVoid, 0},
    FixedName{"bool", TypeCode::kBool, 8},
};

struct NumericName {
  std::string_view name;
  TypeCode code;
};
constexpr std::array kNumericNames = {NumericName{"uint", TypeCode::kUInt},
                                      NumericName{"int", TypeCode::kInt},
                                      NumericName{"float", TypeCode::kFloat}};

// Reads a decimal number at the front of `text` and removes it; 0 when there is none.
int take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_element(std::string_view& rest, DataType& type) {
  for (const FixedName& fixed : kFixedNames) {
    if (!take(rest, fixed.name)) continue;
    type.code = fixed.code;
    type.bits = fixed.bits;
    return true;
  }
  for (const NumericName& numeric : kNumericNames) {
    if (!take(rest, numeric.name)) continue;
    const int bits = take_number(rest);
    if (bits < 1 || bits > 128) return false;
    type.code = numeric.code;
    type.bits = static_cast<std::uint8_t>(bits);
    return true;
  }
  return false;
}

}  // namespace

DataType parse_dtype(std::string_view text) {
  std::string_view rest = text;
  DataType type;
  bool ok = take_element(rest, type);
  if (ok && take(rest, "xvscale")) type.scalable = true;
  if (ok && take(rest, "x")) {
    const int lanes = take_number(rest);
    ok = lanes >= 1 && lanes <= 65535;
    type.lanes = static_cast<std::uint16_t>(lanes);
  }
  if (!ok || !rest.empty()) {
    throw UserError("dtype \"" + std::string(text) +
                    "\": unknown; expected a name like float32, int8x4, bfloat16 or bool");
  }
  return type;
}

std::string to_string(DataType type) {
  std::string text;
  for (const FixedName& fixed : kFixedNames) {
    if (fixed.code == type.code) text = fixed.name;
  }
  for (const NumericName& numeric : kNumericNames) {
    if (numeric.code == type.code) text = std::string(numeric.name) + std::to_string(type.bits);
  }
  if (type.scalable) text += "xvscale";
  if (type.lanes > 1 || type.scalable) text += "x" + std::to_string(type.lanes);
  return text;
}

}  // namespace tenon
