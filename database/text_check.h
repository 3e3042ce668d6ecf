// What text may be stored: UTF-8 without NUL, of bounded size; JSON where the column says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::database {

inline constexpr std::size_t kMaxTextBytes = 4u << 20;
inline constexpr std::size_t kMaxErrorBytes = 16u << 10;
inline constexpr int kMaxJsonDepth = 32;

bool is_utf8(std::string_view text);

// Every byte that breaks UTF-8, and NUL, becomes '?'; cut to `max_bytes` at a character.
std::string clean_text(std::string_view text, std::size_t max_bytes);

// Why `text` cannot be stored as `what`; nothing if it can.
std::optional<std::string> refuse_text(std::string_view what, std::string_view text);
// The same, and JSON no deeper than kMaxJsonDepth.
std::optional<std::string> refuse_json(std::string_view what, std::string_view text);

// Do brackets outside strings nest no deeper than `max_depth`? Looks at bytes alone, builds
// nothing.
bool json_depth_within(std::string_view text, int max_depth);

}  // namespace tenon::database
