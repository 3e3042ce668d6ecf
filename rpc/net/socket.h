// The few ZeroMQ things that links and servers need; the only header of this folder's inside that
// stands for ZeroMQ. Sockets belong to one thread. Everything that a peer can cause is a value; a
// failure of the library itself throws IoError.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/net/keys.h"

namespace tenon::rpc {

class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void* get() const { return context_; }

 private:
  void* context_;
};

// A multipart message as it came: for ROUTER the first part is the routing id. `user` is what ZAP
// called the peer.
struct Parts {
  std::vector<std::string> parts;
  std::string user;
};

enum class Sent { kYes, kFull, kGone };

class Socket {
 public:
  enum class Kind { kRouter, kDealer, kReply, kPair };
  Socket(Context& context, Kind kind);
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // CURVE, limits and heartbeats as the protocol wants them (docs/protocol.md).
  void use_server_key(const KeyPair& key, std::string_view zap_domain);
  void use_client_key(const PeerKey& key);
  void set_limits();
  void set_linger_ms(int linger_ms);

  // UserError when the URL is unusable or taken, naming it. Gives the bound address with its real
  // port.
  std::string bind(const std::string& url);
  void connect(const std::string& url);

  // nullopt when nothing waits. Messages of more than max_parts parts are read to their end and
  // dropped.
  std::optional<Parts> receive(std::size_t max_parts);
  Sent send(const std::vector<std::string>& parts);
  void* get() const { return socket_; }

 private:
  void* socket_;
};

enum class ConnectionEvent { kReady, kRefused, kHandshakeFailed, kDisconnected, kOther };

// Watches one socket's connections.
class Monitor {
 public:
  Monitor(Context& context, Socket& watched);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  // nullopt when nothing waits.
  std::optional<ConnectionEvent> receive();
  Socket& socket() { return pair_; }

 private:
  Socket& watched_;
  Socket pair_;
};

// Waits until one of the sockets or the descriptor can be read, or writable_socket (may be null)
// written.
struct Polled {
  std::vector<bool> sockets;
  bool descriptor = false;
};
Polled wait_readable(const std::vector<Socket*>& sockets, int descriptor, int timeout_ms,
                     const Socket* writable_socket = nullptr);

}  // namespace tenon::rpc
