// The wire form: round trips, canonical bytes, and what a hostile or broken peer can send.
#include "rpc/wire/codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "rpc/wire/frame.h"
#include "tests/unit/rpc/sample.h"

namespace tenon::rpc {
namespace {

std::string error_of(const std::variant<Message, Refusal>& decoded) {
  const auto* refusal = std::get_if<Refusal>(&decoded);
  return refusal == nullptr ? "" : refusal->text;
}

std::variant<Message, Refusal> decode_with_sum(std::uint16_t type, const std::string& body) {
  const Frame frame = make_raw_frame(type, body, {});
  return decode_body(std::get<Header>(decode_header(frame.header)), frame.body);
}

std::string u32(std::uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

TEST(Codec, EveryMessageSurvivesTheWire) {
  for (const Message& message : sample_messages()) {
    const Frame frame = make_frame(message, {.session = 7, .seq = 8, .ack = 9});
    const auto header = decode_header(frame.header);
    ASSERT_TRUE(std::holds_alternative<Header>(header)) << name_of(message);
    EXPECT_EQ(std::get<Header>(header).session, 7u);
    EXPECT_EQ(std::get<Header>(header).seq, 8u);
    EXPECT_EQ(std::get<Header>(header).ack, 9u);
    const auto decoded = decode_body(std::get<Header>(header), frame.body);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded)) << error_of(decoded);
    EXPECT_TRUE(std::get<Message>(decoded) == message) << name_of(message);
  }
}

TEST(Codec, EveryTruncationIsRefused) {
  for (const Message& message : sample_messages()) {
    const std::string body = make_frame(message, {}).body;
    for (std::size_t size = 0; size < body.size(); ++size) {
      EXPECT_NE(error_of(decode_with_sum(wire_id(message), body.substr(0, size))), "")
          << name_of(message) << " cut to " << size;
    }
    EXPECT_NE(error_of(decode_with_sum(wire_id(message), body + '\0')), "") << name_of(message);
  }
}

TEST(Codec, WhatDecodesEncodesToTheSameBytes) {
  std::mt19937_64 random(20240607);
  int num_decoded = 0;
  for (const Message& message : sample_messages()) {
    const std::string body = make_frame(message, {}).body;
    for (int round = 0; round < 2000 && !body.empty(); ++round) {
      std::string changed = body;
      for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
        changed[random() % changed.size()] = static_cast<char>(random());
      }
      const auto decoded = decode_with_sum(wire_id(message), changed);
      if (const auto* found = std::get_if<Message>(&decoded)) {
        ++num_decoded;
        EXPECT_EQ(make_frame(*found, {}).body, changed) << name_of(message) << " round " << round;
      }
    }
  }
  EXPECT_GT(num_decoded, 1000);
}

TEST(Codec, AHostileCountIsRefusedBeforeItIsAllocated) {
  // FIND_MISSING {count}: the list announces more than is there, then more than any list may have.
  const std::uint16_t type = wire_id(FindMissing{});
  EXPECT_EQ(error_of(decode_with_sum(type, u32(4) + u32(4000))),
            "FIND_MISSING: a list is longer than what is left");
  EXPECT_EQ(error_of(decode_with_sum(type, u32(4) + u32(0xFFFFFFFF))),
            "FIND_MISSING: a list is over the limit");
}

TEST(Codec, AHostileLengthIsRefused) {
  const std::uint16_t type = wire_id(Goodbye{});
  EXPECT_EQ(error_of(decode_with_sum(type, u32(0xFFFFFFFF))),
            "GOODBYE: a struct is longer than what is left");
  EXPECT_EQ(error_of(decode_with_sum(type, u32(8) + u32(0xFFFFFF00) + u32(0))),
            "GOODBYE: a text is longer than what is left");
}

TEST(Codec, ABodyOverTheCapOfItsTypeIsRefused) {
  const auto decoded = decode_with_sum(wire_id(Ping{}), std::string(kSmallBody + 1, 'x'));
  EXPECT_EQ(error_of(decoded), "PING: body of 65537 bytes, at most 65536");
  EXPECT_EQ(std::get<Refusal>(decoded).code, ErrorCode::kLimit);
}

TEST(Codec, ValuesThatMeanNothingAreRefused) {
  auto added = make_frame(Added{}, {}).body;
  added.back() = 2;
  EXPECT_EQ(error_of(decode_with_sum(wire_id(Added{}), added)), "ADDED: a bool is neither 0 nor 1");
  auto error = make_frame(ErrorMessage{}, {}).body;
  error[4] = 100;
  EXPECT_EQ(error_of(decode_with_sum(wire_id(ErrorMessage{}), error)),
            "ERROR: an enum is out of range");
  EXPECT_EQ(
      error_of(decode_with_sum(wire_id(Goodbye{}), make_frame(Goodbye{"\xc0\x80", 0}, {}).body)),
      "GOODBYE: a text is not UTF-8");
  Result result;
  result.run.emplace().max_abs_error = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of(decode_with_sum(wire_id(result), make_frame(result, {}).body)),
            "RESULT: a number is not finite");
}

TEST(Codec, AnUnknownMessageNumberIsNamed) {
  const auto decoded = decode_with_sum(9999, "");
  EXPECT_EQ(error_of(decoded), "message number 9999 is not known here");
  EXPECT_EQ(std::get<Refusal>(decoded).code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of(decode_with_sum(0, "")), "message number 0 is not known here");
}

TEST(Codec, AnOlderMinorMaySendFewerMembersAndANewerOneMore) {
  Frame frame = make_raw_frame(wire_id(Goodbye{}), u32(8) + u32(4) + "bye!", {});
  Header header = std::get<Header>(decode_header(frame.header));
  EXPECT_NE(error_of(decode_body(header, frame.body)), "");
  header.minor = kProtocolMinor + 1;
  const auto shorter = decode_body(header, frame.body);
  ASSERT_EQ(error_of(shorter), "");
  EXPECT_EQ(std::get<Goodbye>(std::get<Message>(shorter)), (Goodbye{"bye!", 0}));
  frame = make_raw_frame(wire_id(Goodbye{}), u32(16) + u32(4) + "bye!" + u32(5) + u32(77), {});
  header = std::get<Header>(decode_header(frame.header));
  EXPECT_NE(error_of(decode_body(header, frame.body)), "");
  header.minor = kProtocolMinor + 1;
  EXPECT_EQ(std::get<Goodbye>(std::get<Message>(decode_body(header, frame.body))),
            (Goodbye{"bye!", 5}));
}

TEST(Utf8, FollowsRfc3629) {
  for (const char* good :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xe2\x82", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace tenon::rpc
