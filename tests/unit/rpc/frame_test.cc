// Headers, checksums, and the golden bytes that keep wire numbers and layouts from changing
// unnoticed.
#include "rpc/wire/frame.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "compiler/support/text.h"
#include "tests/unit/rpc/sample.h"

namespace tenon::rpc {
namespace {

std::string refusal_of(const std::string& header) {
  const auto decoded = decode_header(header);
  const auto* refusal = std::get_if<Refusal>(&decoded);
  return refusal == nullptr ? "" : refusal->text;
}

TEST(Frame, ChecksumIsCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);  // RFC 3720 check value
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Frame, HeadersThatAreNotOursAreRefused) {
  const std::string good = encode_header({.type = 1});
  EXPECT_EQ(refusal_of(good), "");
  EXPECT_EQ(refusal_of(good.substr(1)), "header of 47 bytes, not 48");
  std::string bad = good;
  bad[0] = 'X';
  EXPECT_EQ(refusal_of(bad), "not a Tenon frame");
  bad = good;
  bad[4] = 2;
  EXPECT_EQ(refusal_of(bad), "protocol 2 is not spoken here, 1 to 1 are");
  for (const std::size_t at : {8u, 10u, 44u}) {
    bad = good;
    bad[at] = static_cast<char>(bad[at] + 1);
    EXPECT_EQ(refusal_of(bad), "a header field has a value that protocol 1 does not define") << at;
  }
}

TEST(Frame, AChangedBodyIsNoticed) {
  Frame frame = make_frame(Goodbye{"going", 1}, {});
  const Header header = std::get<Header>(decode_header(frame.header));
  frame.body[6] = static_cast<char>(frame.body[6] ^ 1);
  EXPECT_EQ(std::get<Refusal>(decode_body(header, frame.body)).text, "GOODBYE: wrong checksum");
  EXPECT_EQ(std::get<Refusal>(decode_body(header, frame.body + "x")).text,
            "GOODBYE: body of 18 bytes, the header says 17");
}

// tests/unit/rpc/wire.golden holds one line a message: number, name, body. TENON_UPDATE_GOLDEN=1
// rewrites it; a line may then be added or grow at its end, and must not change otherwise.
TEST(Frame, GoldenBytes) {
  std::ostringstream now;
  for (const Message& message : sample_messages()) {
    now << wire_id(message) << ' ' << name_of(message) << ' '
        << tenon::to_hex(make_frame(message, {}).body) << '\n';
  }
  now << "header " << tenon::to_hex(make_frame(Ping{1}, {.session = 2, .seq = 3, .ack = 4}).header)
      << '\n';
  const std::string path = std::string(TENON_SOURCE_DIR) + "/tests/unit/rpc/wire.golden";
  if (std::getenv("TENON_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << now.str();
  std::ostringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(golden.str(), now.str());
}

}  // namespace
}  // namespace tenon::rpc
