// The tracker's end of all connections: one ROUTER with CURVE, whose ZAP side lets in authorised
// keys and nobody else. It belongs to one thread; wake() alone may be called from others.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "rpc/net/keys.h"
#include "rpc/net/socket.h"
#include "rpc/net/wakeup.h"
#include "rpc/wire/frame.h"

namespace tenon::rpc {

// What arrived from one peer. `peer` is an address for answers, new with each connection;
// `key_name` is who it is, from the handshake, never from what the message says.
struct Incoming {
  std::string peer;
  std::string key_name;
  Header header;
  std::variant<Message, Refusal> content;
};

// A key that was turned away at the handshake.
struct Denied {
  std::string fingerprint;
  std::string address;
};

struct Received {
  std::vector<Incoming> messages;
  std::vector<Denied> denied;
};

class Server {
 public:
  // Listens at once. Throws UserError when the address is unusable or taken.
  Server(const std::string& url, TrackerKeys keys);

  // The address with its real port.
  const std::string& url() const { return url_; }
  const AuthorizedKey* find_key(const std::string& name) const;
  // New connections are judged by these from now on, and messages of keys that are gone are
  // dropped.
  void set_authorized(std::vector<AuthorizedKey> authorized);

  // Waits up to timeout_ms for messages or wake(); at most kMaxBatch messages.
  Received receive(int timeout_ms);
  // False when the peer is gone or does not read: it has to say HELLO again.
  bool send(const std::string& peer, const Message& message, Header about);
  void wake() { wakeup_.set(); }

 private:
  void answer_handshakes(Received& received);
  void read_messages(Received& received);

  static constexpr std::size_t kMaxBatch = 512;
  TrackerKeys keys_;
  std::map<std::string, std::size_t>
      key_index_;  // public key, raw bytes -> place in keys_.authorized
  Context context_;
  Wakeup wakeup_;
  Socket zap_;
  Socket router_;
  std::string url_;
};

}  // namespace tenon::rpc
