// Small helpers on text: joining, splitting, trimming, formatting. They stand in for std::format.
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// The arguments printed one after the other, as operator<< prints them.
template <typename... Parts>
std::string str_cat(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

// The items of any range, as operator<< prints them, with `separator` between.
template <typename Range>
std::string join(const Range& items, std::string_view separator) {
  std::ostringstream stream;
  bool first = true;
  for (const auto& item : items) {
    if (!first) stream << separator;
    first = false;
    stream << item;
  }
  return stream.str();
}

// The parts between separators; n separators give n + 1 parts, so "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);

// The lines without their '\n'. A last line without '\n' counts; "" has no line.
std::vector<std::string> split_lines(std::string_view text);

// Without white space (space, tab, newline, carriage return) at both ends.
std::string_view trim(std::string_view text);

// Every occurrence of `from` (not empty) replaced by `to`.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// Padded with spaces to `width`; longer text is returned as it is.
std::string pad_left(std::string_view text, size_t width);
std::string pad_right(std::string_view text, size_t width);

// Fixed-point with `digits` after the point: format_fixed(1.25, 1) == "1.2".
std::string format_fixed(double value, int digits);

// The shortest decimal text that reads back as the same double; always has a '.' or an exponent, or
// is nan/inf/-inf.
std::string format_double(double value);

// "512 B", "1.5 KiB", "5.0 GiB".
std::string format_bytes(uint64_t size_bytes);

// "850 us", "12.3 ms", "1.50 s", "3m 05s".
std::string format_seconds(double seconds);

// The whole text as a decimal integer or number; nullopt for anything else (sign allowed, no white
// space, no overflow).
std::optional<int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// The duration "90s", "10m", "1.5h", "250ms" or a plain number of seconds, in seconds; nullopt for
// anything else or below 0.
std::optional<double> parse_duration_s(std::string_view text);

// Quoted with double quotes; backslash, quotes and control characters escaped as in Python.
std::string quote(std::string_view text);

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::string_view bytes);

// The bytes of hexadecimal text (either case); nullopt when it is not that.
std::optional<std::string> from_hex(std::string_view hex);

// Line `line_number` (from 1) of `source` with a caret under `column` (from 1):
//    12 |    for i, j in T.grid(64, 64):
//       |           ^
// No trailing newline. A position outside the source gives "".
std::string caret_lines(std::string_view source, int line_number, int column);

}  // namespace tenon
