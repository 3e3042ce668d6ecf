#include "compiler/support/json_text.h"

namespace tenon {

std::string json_text(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (u < 0x20) {
      result += "\\u00";
      result += kHex[u >> 4];
      result += kHex[u & 15];
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace tenon
