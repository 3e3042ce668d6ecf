// A message on the wire: a fixed header and a body. The header layout never changes; what it
// carries is versioned.
//
//   0 magic "TNN1"   4 major u8   5 minor u8   6 type u16   8 flags u16   10 header bytes u16   12
//   body bytes u32 16 session u64   24 seq u64   32 ack u64   40 CRC-32C of the body u32   44
//   reserved u32
// All little endian. Frames go over sockets and, between a daemon and its children, over pipes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "rpc/wire/messages.h"

namespace tenon::rpc {

inline constexpr std::uint32_t kHeaderBytes = 48;

struct Header {
  std::uint8_t major = kProtocolMajor;
  std::uint8_t minor = kProtocolMinor;
  std::uint16_t type = 0;   // place in Message, from 1
  std::uint16_t flags = 0;  // none defined: must be 0
  std::uint32_t body_bytes = 0;
  std::uint64_t session = 0;  // from WELCOME; 0 before it
  std::uint64_t seq = 0;      // of the sender, from 1 in each connection
  std::uint64_t ack = 0;      // of an answer: the seq that it answers; else the largest received
  std::uint32_t body_crc = 0;
  bool operator==(const Header&) const = default;
};

// The two parts that are sent.
struct Frame {
  std::string header;
  std::string body;
};

// Why a frame was refused: ErrorCode for the answer, and text for people.
struct Refusal {
  ErrorCode code = ErrorCode::kProtocol;
  std::string text;
};

// A header with type, sizes and sum of `body`; session, seq and ack from `about`.
Frame make_frame(const Message& message, Header about);
// The same for bytes of another list of types (a daemon and its children).
Frame make_raw_frame(std::uint16_t type, std::string body, Header about);

std::string encode_header(const Header& header);
// Checks magic, major version, header size, flags and reserved bits.
std::variant<Header, Refusal> decode_header(std::string_view bytes);
// Checks size and sum of the body, and the size against the type's cap before it is decoded.
std::variant<Message, Refusal> decode_body(const Header& header, std::string_view body);
// The cap of a type's body; nullopt for an unknown type.
std::optional<std::uint32_t> max_body_bytes(std::uint16_t type);

std::uint16_t wire_id(const Message& message);
std::uint32_t crc32c(std::string_view bytes);

}  // namespace tenon::rpc
