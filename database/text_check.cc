#include "database/text_check.h"

#include <nlohmann/json.hpp>

#include "compiler/support/text.h"

namespace tenon::database {
namespace {

struct LeadByte {
  std::size_t size;      // of the whole character; 0 if it cannot lead
  unsigned char lowest;  // of the second byte
  unsigned char highest;
};

// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF.
LeadByte classify(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead >= 0xc2 && lead <= 0xdf) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead >= 0xf1 && lead <= 0xf3) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

// Bytes of the character at `at`, or 0 if there is none.
std::size_t character_size(std::string_view text, std::size_t at) {
  const LeadByte lead = classify(static_cast<unsigned char>(text[at]));
  if (lead.size <= 1) return lead.size;
  if (at + lead.size > text.size()) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (second < lead.lowest || second > lead.highest) return 0;
  for (std::size_t i = 2; i < lead.size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
  }
  return lead.size;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string clean_text(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = text[at] == '\0' ? 0 : character_size(text, at);
    if (clean.size() + std::max<std::size_t>(size, 1) > max_bytes) break;
    clean += size == 0 ? std::string_view("?") : text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  return clean;
}

std::optional<std::string> refuse_text(std::string_view what, std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return str_cat(what, " has ", text.size(), " bytes, at most ", kMaxTextBytes, " are stored");
  }
  if (text.find('\0') != std::string_view::npos) return str_cat(what, " contains a NUL byte");
  if (!is_utf8(text)) return str_cat(what, " is not UTF-8");
  return std::nullopt;
}

std::optional<std::string> refuse_json(std::string_view what, std::string_view text) {
  if (const auto refused = refuse_text(what, text)) return refused;
  if (!json_depth_within(text, kMaxJsonDepth)) {
    return str_cat(what, " nests deeper than ", kMaxJsonDepth);
  }
  if (!nlohmann::json::accept(text)) return str_cat(what, " is not JSON");
  return std::nullopt;
}

bool json_depth_within(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return false;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

}  // namespace tenon::database
