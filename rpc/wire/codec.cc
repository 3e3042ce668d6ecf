#include "rpc/wire/codec.h"

namespace tenon::rpc {

void Encoder::put_integer(std::uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
}

void Encoder::put_string(std::string_view text) {
  put_integer(text.size(), 4);
  out_.append(text);
}

bool Decoder::fail(std::string_view why) {
  if (error_.empty()) error_ = why;
  return false;
}

bool Decoder::get_integer(std::uint64_t& value, int num_bytes) {
  if (in_.size() < static_cast<std::size_t>(num_bytes)) return fail("ends early");
  value = 0;
  for (int i = 0; i < num_bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in_[i])) << (8 * i);
  }
  in_.remove_prefix(num_bytes);
  return true;
}

bool Decoder::get_string(std::string& text, std::uint32_t cap, bool is_text) {
  std::uint64_t size = 0;
  if (!get_integer(size, 4)) return false;
  if (size > in_.size()) return fail("a text is longer than what is left");
  if (size > cap) return fail("a text is over the limit");
  const std::string_view found = in_.substr(0, size);
  if (is_text && !is_utf8(found)) return fail("a text is not UTF-8");
  text = found;
  in_.remove_prefix(size);
  return true;
}

bool Decoder::get_count(std::uint32_t& count, std::size_t min_item_bytes) {
  std::uint64_t raw = 0;
  if (!get_integer(raw, 4)) return false;
  if (raw > kMaxListItems) return fail("a list is over the limit");
  if (raw * min_item_bytes > in_.size()) return fail("a list is longer than what is left");
  count = static_cast<std::uint32_t>(raw);
  return true;
}

namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when it is none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  const bool is_overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool is_surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool is_too_large = lead == 0xF4 && byte(1) > 0x8F;
  return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace tenon::rpc
