#include "rpc/wire/frame.h"

#include <array>
#include <utility>

#include "compiler/support/text.h"
#include "rpc/wire/codec.h"

namespace tenon::rpc {
namespace {

constexpr std::string_view kMagic = "TNN1";
constexpr std::size_t kNumTypes = std::variant_size_v<Message>;

constexpr std::array<std::string_view, kNumTypes> kNames = {"HELLO",
                                                            "WELCOME",
                                                            "GOODBYE",
                                                            "ERROR",
                                                            "PING",
                                                            "PONG",
                                                            "DESCRIBE",
                                                            "READY",
                                                            "LEASE",
                                                            "BEAT",
                                                            "BEAT_ACK",
                                                            "RESULT",
                                                            "RESULT_ACK",
                                                            "SUBMIT",
                                                            "ACCEPTED",
                                                            "ADD",
                                                            "ADDED",
                                                            "SUBSCRIBE",
                                                            "EVENTS",
                                                            "EVENT_ACK",
                                                            "CANCEL",
                                                            "CANCELLED",
                                                            "FIND_MISSING",
                                                            "MISSING",
                                                            "PUT_CHUNK",
                                                            "PUT_ACK",
                                                            "GET_CHUNK",
                                                            "CHUNK",
                                                            "FLEET",
                                                            "FLEET_STATE",
                                                            "FIND_MEASUREMENTS",
                                                            "MEASUREMENTS"};

template <class M>
constexpr std::uint32_t cap_of() {
  if constexpr (requires { M::kMaxBody; }) {
    return M::kMaxBody;
  } else {
    return kSmallBody;
  }
}

template <std::size_t... I>
constexpr auto make_caps(std::index_sequence<I...>) {
  return std::array<std::uint32_t, kNumTypes>{cap_of<std::variant_alternative_t<I, Message>>()...};
}
constexpr auto kCaps = make_caps(std::make_index_sequence<kNumTypes>{});

template <class M>
std::variant<Message, Refusal> decode_as(std::string_view body, Strictness strictness,
                                         std::string_view name) {
  auto decoded = decode<M>(body, strictness);
  if (const auto* why = std::get_if<std::string>(&decoded)) {
    return Refusal{ErrorCode::kProtocol, str_cat(name, ": ", *why)};
  }
  return Message(std::move(std::get<M>(decoded)));
}

template <std::size_t... I>
constexpr auto make_decoders(std::index_sequence<I...>) {
  using Function =
      std::variant<Message, Refusal> (*)(std::string_view, Strictness, std::string_view);
  return std::array<Function, kNumTypes>{&decode_as<std::variant_alternative_t<I, Message>>...};
}
constexpr auto kDecoders = make_decoders(std::make_index_sequence<kNumTypes>{});

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t word = i;
    for (int bit = 0; bit < 8; ++bit) word = (word >> 1) ^ ((word & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = word;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

void put(std::string& out, std::uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t get(std::string_view bytes, std::size_t at, int num_bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < num_bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

}  // namespace

std::string_view message_name(std::uint16_t wire_id) {
  return wire_id >= 1 && wire_id <= kNumTypes ? kNames[wire_id - 1] : "UNKNOWN";
}

std::string_view name_of(const Message& message) { return message_name(wire_id(message)); }

std::uint16_t wire_id(const Message& message) {
  return static_cast<std::uint16_t>(message.index() + 1);
}

std::optional<std::uint32_t> max_body_bytes(std::uint16_t type) {
  if (type < 1 || type > kNumTypes) return std::nullopt;
  return kCaps[type - 1];
}

// Castagnoli polynomial, reflected (RFC 3720 appendix B.4).
std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t sum = ~0u;
  for (const char byte : bytes)
    sum = (sum >> 8) ^ kCrcTable[(sum ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~sum;
}

std::string encode_header(const Header& header) {
  std::string out(kMagic);
  put(out, header.major, 1);
  put(out, header.minor, 1);
  put(out, header.type, 2);
  put(out, header.flags, 2);
  put(out, kHeaderBytes, 2);
  put(out, header.body_bytes, 4);
  put(out, header.session, 8);
  put(out, header.seq, 8);
  put(out, header.ack, 8);
  put(out, header.body_crc, 4);
  put(out, 0, 4);
  return out;
}

std::variant<Header, Refusal> decode_header(std::string_view bytes) {
  if (bytes.size() != kHeaderBytes) {
    return Refusal{ErrorCode::kProtocol,
                   str_cat("header of ", bytes.size(), " bytes, not ", kHeaderBytes)};
  }
  if (bytes.substr(0, 4) != kMagic) return Refusal{ErrorCode::kProtocol, "not a Tenon frame"};
  Header header;
  header.major = static_cast<std::uint8_t>(bytes[4]);
  header.minor = static_cast<std::uint8_t>(bytes[5]);
  header.type = static_cast<std::uint16_t>(get(bytes, 6, 2));
  header.flags = static_cast<std::uint16_t>(get(bytes, 8, 2));
  header.body_bytes = static_cast<std::uint32_t>(get(bytes, 12, 4));
  header.session = get(bytes, 16, 8);
  header.seq = get(bytes, 24, 8);
  header.ack = get(bytes, 32, 8);
  header.body_crc = static_cast<std::uint32_t>(get(bytes, 40, 4));
  if (header.major < kProtocolMinMajor || header.major > kProtocolMajor) {
    return Refusal{ErrorCode::kVersion,
                   str_cat("protocol ", int{header.major}, " is not spoken here, ",
                           int{kProtocolMinMajor}, " to ", int{kProtocolMajor}, " are")};
  }
  if (get(bytes, 10, 2) != kHeaderBytes || header.flags != 0 || get(bytes, 44, 4) != 0) {
    return Refusal{ErrorCode::kProtocol,
                   "a header field has a value that protocol 1 does not define"};
  }
  return header;
}

std::variant<Message, Refusal> decode_body(const Header& header, std::string_view body) {
  const std::optional<std::uint32_t> cap = max_body_bytes(header.type);
  if (!cap)
    return Refusal{ErrorCode::kUnsupported,
                   str_cat("message number ", header.type, " is not known here")};
  const std::string_view name = kNames[header.type - 1];
  if (body.size() != header.body_bytes) {
    return Refusal{ErrorCode::kProtocol, str_cat(name, ": body of ", body.size(),
                                                 " bytes, the header says ", header.body_bytes)};
  }
  if (body.size() > *cap) {
    return Refusal{ErrorCode::kLimit,
                   str_cat(name, ": body of ", body.size(), " bytes, at most ", *cap)};
  }
  if (crc32c(body) != header.body_crc)
    return Refusal{ErrorCode::kProtocol, str_cat(name, ": wrong checksum")};
  const bool is_same = header.major == kProtocolMajor && header.minor == kProtocolMinor;
  return kDecoders[header.type - 1](
      body, is_same ? Strictness::kSameVersion : Strictness::kOtherVersion, name);
}

Frame make_raw_frame(std::uint16_t type, std::string body, Header about) {
  about.type = type;
  about.body_bytes = static_cast<std::uint32_t>(body.size());
  about.body_crc = crc32c(body);
  return {encode_header(about), std::move(body)};
}

Frame make_frame(const Message& message, Header about) {
  std::string body = std::visit([](const auto& m) { return encode(m); }, message);
  return make_raw_frame(wire_id(message), std::move(body), about);
}

}  // namespace tenon::rpc
