// Frames over descriptors, with a peer that is slow, gone or hostile.
#include "rpc/wire/pipe.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "rpc/wire/frame.h"
#include "rpc/wire/messages.h"

namespace tenon::rpc {
namespace {

constexpr std::uint32_t kCap = 8u << 20;

class Pair : public ::testing::Test {
 protected:
  ~Pair() override {
    close_parent();
    close_child();
  }
  void close_parent() { close_once(&pair_.parent); }
  void close_child() { close_once(&pair_.child); }
  void send_raw(std::string_view bytes) {
    ASSERT_EQ(::send(pair_.child, bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  PipeFailure failure() { return std::get<PipeFailure>(read_frame(pair_.parent, 1000, kCap)); }

  SocketPair pair_ = make_socket_pair();

 private:
  static void close_once(int* fd) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
};

TEST_F(Pair, FramesArriveInOrderAndWhole) {
  const std::string large(5 << 20, 'x');
  std::thread child([&] {
    EXPECT_TRUE(write_message(pair_.child, 3, Goodbye{"a", 1}, 5000));
    EXPECT_TRUE(write_frame(pair_.child, 4, large, 5000));
  });
  const auto first = read_frame(pair_.parent, 5000, kCap);
  const auto second = read_frame(pair_.parent, 5000, kCap);
  child.join();
  EXPECT_EQ(std::get<PipeFrame>(first).type, 3);
  EXPECT_EQ(std::get<Goodbye>(decode<Goodbye>(std::get<PipeFrame>(first).body)), (Goodbye{"a", 1}));
  EXPECT_EQ(std::get<PipeFrame>(second).body, large);
}

TEST_F(Pair, AnnouncingMoreThanTheCapIsRefusedBeforeAllocation) {
  send_raw(encode_header({.type = 1, .body_bytes = 0xFFFFFFFF}));
  EXPECT_EQ(failure().text, "a frame announces 4294967295 bytes, at most 8388608");
}

TEST_F(Pair, TheEndBetweenFramesIsNotTheEndInsideOne) {
  const Frame frame = make_raw_frame(1, "body", {});
  send_raw(frame.header.substr(0, 20));
  close_child();
  EXPECT_EQ(failure().end, PipeEnd::kBroken);
  EXPECT_EQ(failure().end, PipeEnd::kClosed);
}

TEST_F(Pair, ASilentPeerTimesOut) {
  EXPECT_EQ(std::get<PipeFailure>(read_frame(pair_.parent, 0, kCap)).end, PipeEnd::kTimeout);
  send_raw(make_raw_frame(1, "body", {}).header);
  EXPECT_EQ(std::get<PipeFailure>(read_frame(pair_.parent, 1, kCap)).end, PipeEnd::kTimeout);
}

TEST_F(Pair, JunkAndWrongSumsAreRefused) {
  send_raw(std::string(kHeaderBytes, 'j'));
  EXPECT_EQ(failure().text, "not a Tenon frame");
  Frame frame = make_raw_frame(1, "body", {});
  frame.body[0] = 'B';
  send_raw(frame.header + frame.body);
  EXPECT_EQ(failure().text, "wrong checksum");
}

TEST_F(Pair, WritingToAPeerThatIsGoneOrDoesNotReadGivesFalse) {
  EXPECT_FALSE(write_frame(pair_.parent, 1, std::string(16 << 20, 'x'), 1));
  close_child();
  EXPECT_FALSE(write_frame(pair_.parent, 1, "x", 1000));
}

TEST(Pipe, APlainPipeWorksToo) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  std::thread child([&] { EXPECT_TRUE(write_frame(fds[1], 5, std::string(100000, 'p'), 5000)); });
  const auto frame = read_frame(fds[0], 5000, kCap);
  child.join();
  EXPECT_EQ(std::get<PipeFrame>(frame).body.size(), 100000u);
  ::close(fds[0]);
  ::close(fds[1]);
}

}  // namespace
}  // namespace tenon::rpc
