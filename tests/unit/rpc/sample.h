// Values for wire tests: every member of a struct gets a value of its own, in the order of
// fields(), so that no two members can be exchanged unnoticed.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "rpc/wire/codec.h"
#include "rpc/wire/messages.h"

namespace tenon::rpc {

class Sampler {
 public:
  template <class T>
  void fill(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(1 + next_++ % (static_cast<unsigned>(T::kCount) - 1));
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(next_++);
    } else if constexpr (std::is_same_v<T, double>) {
      value = 0.5 * static_cast<double>(next_++);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = "t" + std::to_string(next_++);
    } else if constexpr (std::is_same_v<T, Bytes>) {
      value.data = std::string("\xff\x00", 2) + std::to_string(next_++);
    } else if constexpr (kIsByteArray<T>) {
      value.fill(static_cast<std::uint8_t>(next_++));
    } else if constexpr (kIsOptional<T>) {
      fill(value.emplace());
    } else if constexpr (kIsVector<T>) {
      value.resize(2);
      for (auto& item : value) fill(item);
    } else {
      each_member(value, [this](auto& member) { fill(member); });
    }
  }

 private:
  unsigned next_ = 1;
};

template <class M>
M sample() {
  M message;
  Sampler().fill(message);
  return message;
}

// One of each message, in wire order.
template <std::size_t... I>
std::vector<Message> sample_messages(std::index_sequence<I...>) {
  return {Message(sample<std::variant_alternative_t<I, Message>>())...};
}
inline std::vector<Message> sample_messages() {
  return sample_messages(std::make_index_sequence<std::variant_size_v<Message>>{});
}

}  // namespace tenon::rpc
