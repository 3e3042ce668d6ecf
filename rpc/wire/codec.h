// Canonical binary form of every struct that has fields(): one value, one byte string.
//
// Integers, enums and bools are little endian of their size; doubles are the bits of a finite
// number; text and Bytes are a u32 length and the bytes (text must be UTF-8); a list is a u32 count
// and its items; an optional is a bool and perhaps the value; a struct is the u32 length of its
// members and the members. Lengths and counts are checked against the bytes that are left and
// against the caps below before anything is allocated. Expected refusals are values, never throws:
// the bytes come from a peer.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "rpc/wire/types.h"

namespace tenon::rpc {

inline constexpr std::uint32_t kMaxTextBytes = 512 * 1024;
inline constexpr std::uint32_t kMaxListItems = 4096;
inline constexpr int kMaxDepth = 16;

// Whether the struct may be shorter or longer than ours, as it is when the peer speaks another
// minor version: members that are not there keep their defaults, those that we do not know are
// skipped.
enum class Strictness { kSameVersion, kOtherVersion };

class Encoder {
 public:
  template <class T>
  void put(const T& value);
  std::string take() { return std::move(out_); }

 private:
  void put_integer(std::uint64_t value, int num_bytes);
  void put_string(std::string_view text);
  std::string out_;
};

class Decoder {
 public:
  Decoder(std::string_view bytes, Strictness strictness) : in_(bytes), strictness_(strictness) {}

  // On failure error() says why, and value is partly filled and must not be used.
  template <class T>
  bool get(T& value);

  bool at_end() const { return in_.empty(); }
  const std::string& error() const { return error_; }
  bool fail(std::string_view why);

 private:
  bool get_integer(std::uint64_t& value, int num_bytes);
  bool get_string(std::string& text, std::uint32_t cap, bool is_text);
  bool get_count(std::uint32_t& count, std::size_t min_item_bytes);
  template <class T>
  bool get_struct(T& value);
  template <class T>
  bool get_list(std::vector<T>& list);

  std::string_view in_;
  Strictness strictness_;
  int depth_ = 0;
  std::string error_;
};

bool is_utf8(std::string_view text);

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsByteArray = false;
template <std::size_t N>
inline constexpr bool kIsByteArray<std::array<std::uint8_t, N>> = true;

// Fewest bytes that an encoded T can take: bounds the count of a list before it is allocated.
template <class T>
constexpr std::size_t min_encoded_bytes() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || kIsByteArray<T>) {
    return sizeof(T);
  } else if constexpr (kIsOptional<T>) {
    return 1;
  } else {
    return 4;
  }
}

template <class T>
void Encoder::put(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    put_integer(value ? 1 : 0, 1);
  } else if constexpr (std::is_enum_v<T>) {
    put_integer(static_cast<std::uint64_t>(value), sizeof(T));
  } else if constexpr (std::is_integral_v<T>) {
    put_integer(static_cast<std::uint64_t>(value), sizeof(T));
  } else if constexpr (std::is_same_v<T, double>) {
    put_integer(std::bit_cast<std::uint64_t>(value), 8);
  } else if constexpr (std::is_same_v<T, std::string>) {
    put_string(value);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    put_string(value.data);
  } else if constexpr (kIsByteArray<T>) {
    out_.append(reinterpret_cast<const char*>(value.data()), value.size());
  } else if constexpr (kIsOptional<T>) {
    put(value.has_value());
    if (value) put(*value);
  } else if constexpr (kIsVector<T>) {
    put_integer(value.size(), 4);
    for (const auto& item : value) put(item);
  } else {
    static_assert(Fielded<T>, "a member type that the wire does not know");
    static_assert(num_members<T>() == std::tuple_size_v<decltype(T::fields())>,
                  "fields() misses a member");
    const std::size_t start = out_.size();
    put_integer(0, 4);
    each_member(value, [&](const auto& member) { put(member); });
    const std::uint32_t size = static_cast<std::uint32_t>(out_.size() - start - 4);
    for (int i = 0; i < 4; ++i) out_[start + i] = static_cast<char>(size >> (8 * i));
  }
}

template <class T>
bool Decoder::get(T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    std::uint64_t raw = 0;
    if (!get_integer(raw, 1)) return false;
    value = raw == 1;
    return raw <= 1 || fail("a bool is neither 0 nor 1");
  } else if constexpr (std::is_enum_v<T>) {
    std::uint64_t raw = 0;
    if (!get_integer(raw, sizeof(T))) return false;
    value = static_cast<T>(raw);
    return raw < static_cast<std::uint64_t>(T::kCount) || fail("an enum is out of range");
  } else if constexpr (std::is_integral_v<T>) {
    std::uint64_t raw = 0;
    if (!get_integer(raw, sizeof(T))) return false;
    value = static_cast<T>(raw);
    return true;
  } else if constexpr (std::is_same_v<T, double>) {
    std::uint64_t raw = 0;
    if (!get_integer(raw, 8)) return false;
    value = std::bit_cast<double>(raw);
    return std::isfinite(value) || fail("a number is not finite");
  } else if constexpr (std::is_same_v<T, std::string>) {
    return get_string(value, kMaxTextBytes, true);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return get_string(value.data, kMaxTextBytes, false);
  } else if constexpr (kIsByteArray<T>) {
    if (in_.size() < value.size()) return fail("ends early");
    in_.copy(reinterpret_cast<char*>(value.data()), value.size());
    in_.remove_prefix(value.size());
    return true;
  } else if constexpr (kIsOptional<T>) {
    bool has_value = false;
    if (!get(has_value)) return false;
    return !has_value || get(value.emplace());
  } else if constexpr (kIsVector<T>) {
    return get_list(value);
  } else {
    static_assert(Fielded<T>, "a member type that the wire does not know");
    return get_struct(value);
  }
}

template <class T>
bool Decoder::get_struct(T& value) {
  std::uint64_t size = 0;
  if (!get_integer(size, 4)) return false;
  if (size > in_.size()) return fail("a struct is longer than what is left");
  if (++depth_ > kMaxDepth) return fail("nested too deep");
  const std::string_view rest = in_.substr(size);
  in_ = in_.substr(0, size);
  bool ok = true;
  each_member(value, [&](auto& member) {
    const bool is_short = in_.empty() && strictness_ == Strictness::kOtherVersion;
    if (ok && !is_short) ok = get(member);
  });
  if (!ok) return false;
  if (!in_.empty() && strictness_ == Strictness::kSameVersion)
    return fail("a struct has bytes left over");
  in_ = rest;
  --depth_;
  return true;
}

template <class T>
bool Decoder::get_list(std::vector<T>& list) {
  std::uint32_t count = 0;
  if (!get_count(count, min_encoded_bytes<T>())) return false;
  list.clear();
  list.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!get(list.emplace_back())) return false;
  }
  return true;
}

template <class T>
std::string encode(const T& value) {
  Encoder encoder;
  encoder.put(value);
  return encoder.take();
}

// The value, or why the bytes are not one. All bytes must be used.
template <class T>
std::variant<T, std::string> decode(std::string_view bytes,
                                    Strictness strictness = Strictness::kSameVersion) {
  Decoder decoder(bytes, strictness);
  T value{};
  if (!decoder.get(value)) return decoder.error();
  if (!decoder.at_end()) return std::string("bytes after the end");
  return value;
}

}  // namespace tenon::rpc
