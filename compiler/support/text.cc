#include "compiler/support/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace tenon {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\r";

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (;;) {
    size_t end = text.find(separator, begin);
    if (end == std::string_view::npos) break;
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  size_t begin = 0;
  for (size_t at; (at = text.find(from, begin)) != std::string_view::npos;
       begin = at + from.size()) {
    result.append(text.substr(begin, at - begin)).append(to);
  }
  return result.append(text.substr(begin));
}

std::string pad_left(std::string_view text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ').append(text);
}

std::string pad_right(std::string_view text, size_t width) {
  return std::string(text).append(text.size() < width ? width - text.size() : 0, ' ');
}

std::string format_fixed(double value, int digits) {
  std::array<char, 512> buffer;
  int size = std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return std::string(buffer.data(), static_cast<size_t>(size));
}

std::string format_double(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer;
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string format_bytes(uint64_t size_bytes) {
  if (size_bytes < 1024) return std::to_string(size_bytes) + " B";
  double size = static_cast<double>(size_bytes) / 1024;
  for (const char* unit : {"KiB", "MiB", "GiB"}) {
    if (size < 1024) return format_fixed(size, 1) + " " + unit;
    size /= 1024;
  }
  return format_fixed(size, 1) + " TiB";
}

std::string format_seconds(double seconds) {
  if (seconds < 1e-3) return format_fixed(seconds * 1e6, seconds < 1e-4 ? 1 : 0) + " us";
  if (seconds < 1) return format_fixed(seconds * 1e3, seconds < 0.1 ? 2 : 1) + " ms";
  if (seconds < 60) return format_fixed(seconds, 2) + " s";
  int64_t whole = std::llround(seconds);
  std::string rest = std::to_string(whole % 60);
  return std::to_string(whole / 60) + "m " + (rest.size() < 2 ? "0" : "") + rest + "s";
}

std::optional<int64_t> parse_int(std::string_view text) { return parse_number<int64_t>(text); }

std::optional<double> parse_double(std::string_view text) { return parse_number<double>(text); }

std::optional<double> parse_duration_s(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    double seconds;
  };
  double scale = 1;
  for (Unit unit : {Unit{"ms", 1e-3}, Unit{"s", 1}, Unit{"m", 60}, Unit{"h", 3600}}) {
    if (text.ends_with(unit.suffix)) {
      text.remove_suffix(unit.suffix.size());
      scale = unit.seconds;
      break;
    }
  }
  std::optional<double> value = parse_double(text);
  if (!value || !std::isfinite(*value) || *value < 0) return std::nullopt;
  return *value * scale;
}

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c == '\r') {
      result += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      result += "\\x" + to_hex(std::string_view(&c, 1));
    } else {
      result += c;
    }
  }
  return result += '"';
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    int high = hex_digit(hex[i]);
    int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string caret_lines(std::string_view source, int line_number, int column) {
  std::vector<std::string> lines = split_lines(source);
  if (line_number < 1 || static_cast<size_t>(line_number) > lines.size() || column < 1) return "";
  const std::string& line = lines[static_cast<size_t>(line_number) - 1];
  std::string caret(static_cast<size_t>(column) - 1, ' ');
  std::string number = pad_left(std::to_string(line_number), 5);
  return number + " | " + line + "\n" + std::string(number.size(), ' ') + " | " + caret + "^";
}

}  // namespace tenon
