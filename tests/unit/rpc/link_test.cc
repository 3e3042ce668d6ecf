// Links and servers over real sockets: who gets in, who is told what, and how a session comes back.
#include "rpc/net/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "rpc/net/server.h"

namespace tenon::rpc {
namespace {

using ::testing::HasSubstr;

constexpr int kPatienceMs = 20000;

// A tracker that says WELCOME to HELLO, gives PING back as PONG, and echoes GOODBYE texts as FLEET
// answers.
class EchoTracker {
 public:
  EchoTracker(const std::string& url, TrackerKeys keys)
      : server_(url, std::move(keys)), thread_([this] { run(); }) {}
  ~EchoTracker() {
    is_stopping_ = true;
    server_.wake();
    thread_.join();
  }
  std::string url() const { return server_.url(); }
  // The refusal reaches the client before the server hears of it.
  bool has_denied() {
    return first_denied_.try_acquire_for(std::chrono::milliseconds(kPatienceMs));
  }
  int num_hellos() const { return num_hellos_; }
  std::atomic<bool> forget_next = false;  // answer the next FLEET with NO_SESSION

 private:
  void run() {
    while (!is_stopping_) {
      const Received received = server_.receive(-1);
      if (!received.denied.empty() && num_denied_++ == 0) first_denied_.release();
      for (const Incoming& incoming : received.messages) answer(incoming);
    }
  }

  void answer(const Incoming& incoming) {
    Header about{.session = 5, .seq = ++seq_, .ack = incoming.header.seq};
    const auto* message = std::get_if<Message>(&incoming.content);
    if (message == nullptr) return;
    if (std::holds_alternative<Hello>(*message)) {
      ++num_hellos_;
      server_.send(incoming.peer, Welcome{.session = 5, .epoch = 1, .beat_ms = 100, .drop = {}},
                   about);
    } else if (const auto* ping = std::get_if<Ping>(message)) {
      server_.send(incoming.peer, Pong{ping->nonce}, about);
    } else if (std::holds_alternative<Fleet>(*message)) {
      if (forget_next.exchange(false)) {
        server_.send(incoming.peer,
                     ErrorMessage{ErrorCode::kNoSession, incoming.header.seq, 0, "who?"}, about);
      } else {
        FleetState state;
        state.workers.push_back({});
        state.workers[0].name = incoming.key_name;
        server_.send(incoming.peer, state, about);
      }
    }
  }

  Server server_;
  std::atomic<bool> is_stopping_ = false;
  int num_denied_ = 0;  // of the thread
  std::binary_semaphore first_denied_{0};
  std::atomic<int> num_hellos_ = 0;
  std::uint64_t seq_ = 0;
  std::thread thread_;
};

template <class T>
std::optional<T> wait_for(Link& link) {
  while (std::optional<LinkEvent> event = link.next(kPatienceMs)) {
    if (auto* found = std::get_if<T>(&*event)) return std::move(*found);
  }
  return std::nullopt;
}

class Links : public ::testing::TestWithParam<const char*> {
 protected:
  std::string url() const {
    return std::string(GetParam()) == "tcp" ? "tcp://127.0.0.1:*"
                                            : "ipc://" + (dir_.path() / "s").string();
  }
  LinkOptions options(const std::string& at) const {
    LinkOptions result;
    result.url = at;
    result.key = {peer_, keys_.server.public_key};
    result.hello.name = "test";
    return result;
  }

  TempDir dir_{"tenon-link"};
  KeyPair peer_ = make_key_pair();
  TrackerKeys keys_{make_key_pair(), {{"board", peer_.public_key, {Role::kRun}}}};
};

TEST_P(Links, AnAuthorisedKeyGetsASessionAndItsNameComesFromTheKey) {
  EchoTracker tracker(url(), keys_);
  Link link(options(tracker.url()));
  const auto up = wait_for<LinkUp>(link);
  ASSERT_TRUE(up);
  EXPECT_EQ(up->welcome.session, 5u);
  const std::uint64_t seq = link.send(Fleet{});
  const auto answer = wait_for<LinkMessage>(link);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->answers, seq);
  EXPECT_EQ(std::get<FleetState>(answer->message).workers.at(0).name, "board");
}

TEST_P(Links, AnUnknownKeyIsRefusedAndBothSidesSaySo) {
  TrackerKeys others = keys_;
  others.authorized[0].public_key = make_key_pair().public_key;
  EchoTracker tracker(url(), others);
  Link link(options(tracker.url()));
  const auto refused = wait_for<LinkRefused>(link);
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->why, HasSubstr("refuses this key (" + fingerprint(peer_.public_key) + ")"));
  EXPECT_EQ(link.send(Fleet{}), 0u);
  EXPECT_TRUE(tracker.has_denied());
  EXPECT_EQ(tracker.num_hellos(), 0);
}

TEST_P(Links, AWrongServerKeyNeverOpensASession) {
  EchoTracker tracker(url(), keys_);
  LinkOptions wrong = options(tracker.url());
  wrong.key.server_public_key = make_key_pair().public_key;
  Link link(wrong);
  EXPECT_FALSE(link.next(500));
  EXPECT_FALSE(link.is_up());
  EXPECT_NE(link.why_down(), "");
  EXPECT_EQ(tracker.num_hellos(), 0);
}

TEST_P(Links, ASessionComesBackAfterTheTrackerWasKilled) {
  const std::string at = GetParam() == std::string("tcp") ? "" : url();
  std::string bound;
  std::unique_ptr<Link> link;
  {
    EchoTracker tracker(at.empty() ? url() : at, keys_);
    bound = tracker.url();
    link = std::make_unique<Link>(options(bound));
    ASSERT_TRUE(wait_for<LinkUp>(*link));
  }
  ASSERT_TRUE(wait_for<LinkDown>(*link));
  EXPECT_EQ(link->send(Fleet{}), 0u);
  EchoTracker again(bound, keys_);
  ASSERT_TRUE(wait_for<LinkUp>(*link));
  EXPECT_NE(link->send(Fleet{}), 0u);
  EXPECT_TRUE(wait_for<LinkMessage>(*link));
}

TEST_P(Links, AnUnknownSessionIsOpenedAgain) {
  EchoTracker tracker(url(), keys_);
  Link link(options(tracker.url()));
  ASSERT_TRUE(wait_for<LinkUp>(link));
  tracker.forget_next = true;
  link.send(Fleet{});
  ASSERT_TRUE(wait_for<LinkDown>(link));
  ASSERT_TRUE(wait_for<LinkUp>(link));
  EXPECT_EQ(tracker.num_hellos(), 2);
}

INSTANTIATE_TEST_SUITE_P(Transports, Links, ::testing::Values("tcp", "ipc"));

TEST(LinkErrors, AnUnusableAddressIsNamed) {
  LinkOptions options;
  options.url = "ftp://nowhere";
  options.key = {make_key_pair(), make_key_pair().public_key};
  try {
    Link link(options);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("connect to \"ftp://nowhere\""));
  }
}

}  // namespace
}  // namespace tenon::rpc
