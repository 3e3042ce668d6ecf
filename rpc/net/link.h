// A worker's or client's connection to a tracker, kept alive by a thread of its own: CURVE
// handshake, HELLO, PING when idle, detection of a silent tracker, reconnection with back-off. What
// the messages mean is the owner's business.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "rpc/net/keys.h"
#include "rpc/wire/messages.h"

namespace tenon::rpc {

struct LinkOptions {
  std::string url;  // tcp://HOST:PORT or ipc://PATH
  PeerKey key;
  Hello hello;  // roles, name, build; incarnation 0 is replaced by the time of start
  int hello_timeout_ms = 5000;  // HELLO unanswered for so long: connect anew
  int silent_beats = 5;  // nothing heard for so many beats: the tracker is lost, connect anew
  std::size_t max_queued = 4096;  // messages, in each direction; see send() and next()
  // Called on the link's thread before each HELLO, must not throw: fills in `held` and `spooled`.
  std::function<void(Hello&)> before_hello;
};

// The session is open. Whatever was in flight in an earlier session may be lost: say it again.
struct LinkUp {
  Welcome welcome;
};
// The session is gone; the link goes on trying, and LinkUp follows when it succeeds.
struct LinkDown {
  std::string why;
};
// The tracker refuses this key, role or protocol version: trying again will not help, and the link
// has stopped.
struct LinkRefused {
  std::string why;
};
struct LinkMessage {
  Message message;
  std::uint64_t answers = 0;  // number of the message that it answers, as send() gave it
};
using LinkEvent = std::variant<LinkUp, LinkDown, LinkRefused, LinkMessage>;

class Link {
 public:
  // Starts connecting; returns at once. Throws UserError for an unusable URL or key.
  explicit Link(LinkOptions options);
  // Says GOODBYE if the session is open and gives it 200 ms.
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Any thread. The message's number in this session, or 0 when there is no session or the queue is
  // full: then it will not be sent. A number is no promise of delivery; answers and LinkUp are.
  std::uint64_t send(const Message& message);

  // Any one thread at a time. Waits up to timeout_ms (< 0: for ever). If the owner does not take
  // events, the oldest are kept and the socket is not read, so the tracker feels it.
  std::optional<LinkEvent> next(int timeout_ms);
  // Readable while next(0) would give something; for poll().
  int ready_fd() const;

  bool is_up() const;
  // The last reason for not being up, for messages to people.
  std::string why_down() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::rpc
