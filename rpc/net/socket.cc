#include "rpc/net/socket.h"

#include <zmq.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/wire/frame.h"

namespace tenon::rpc {
namespace {

[[noreturn]] void throw_zmq(std::string_view what) {
  throw IoError(str_cat(what, ": ", zmq_strerror(zmq_errno())));
}

void set_option(void* socket, int option, int value) {
  if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) throw_zmq("set socket option");
}

void set_option(void* socket, int option, std::int64_t value) {
  if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) throw_zmq("set socket option");
}

void set_option(void* socket, int option, std::string_view text) {
  if (zmq_setsockopt(socket, option, text.data(), text.size()) != 0) throw_zmq("set socket option");
}

// Z85 keys are 40 characters; libzmq wants the final zero to be counted.
void set_key(void* socket, int option, const std::string& key) {
  if (key.size() != 40 || zmq_setsockopt(socket, option, key.c_str(), 41) != 0) {
    throw UserError("a key is not 40 characters of Z85");
  }
}

int zmq_type(Socket::Kind kind) {
  switch (kind) {
    case Socket::Kind::kRouter:
      return ZMQ_ROUTER;
    case Socket::Kind::kDealer:
      return ZMQ_DEALER;
    case Socket::Kind::kReply:
      return ZMQ_REP;
    case Socket::Kind::kPair:
      return ZMQ_PAIR;
  }
  return ZMQ_PAIR;
}

// "tcp://[::ffff:127.0.0.1]:7701", as a socket that may speak IPv6 names an IPv4 address, the usual
// way.
std::string plain_ipv4(std::string url) {
  constexpr std::string_view kPrefix = "tcp://[::ffff:";
  const std::size_t end = url.find(']');
  if (!url.starts_with(kPrefix) || end == std::string::npos) return url;
  return str_cat("tcp://", url.substr(kPrefix.size(), end - kPrefix.size()), url.substr(end + 1));
}

class Received {
 public:
  Received() { zmq_msg_init(&message_); }
  ~Received() { zmq_msg_close(&message_); }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
  zmq_msg_t* get() { return &message_; }
  std::string text() {
    return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }
  std::string user() {
    const char* user = zmq_msg_gets(&message_, "User-Id");
    return user == nullptr ? "" : user;
  }

 private:
  zmq_msg_t message_;
};

}  // namespace

Context::Context() : context_(zmq_ctx_new()) {
  if (context_ == nullptr) throw_zmq("start ZeroMQ");
}

Context::~Context() { zmq_ctx_term(context_); }

Socket::Socket(Context& context, Kind kind) : socket_(zmq_socket(context.get(), zmq_type(kind))) {
  if (socket_ == nullptr) throw_zmq("make a socket");
  set_option(socket_, ZMQ_LINGER, 0);
  if (kind == Kind::kRouter) set_option(socket_, ZMQ_ROUTER_MANDATORY, 1);
  if (kind == Kind::kDealer) set_option(socket_, ZMQ_IMMEDIATE, 1);
}

Socket::~Socket() {
  if (socket_ != nullptr) zmq_close(socket_);
}

Socket::Socket(Socket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}

void Socket::use_server_key(const KeyPair& key, std::string_view zap_domain) {
  set_option(socket_, ZMQ_CURVE_SERVER, 1);
  set_key(socket_, ZMQ_CURVE_SECRETKEY, key.secret_key);
  set_option(socket_, ZMQ_ZAP_DOMAIN, zap_domain);
}

void Socket::use_client_key(const PeerKey& key) {
  set_key(socket_, ZMQ_CURVE_SERVERKEY, key.server_public_key);
  set_key(socket_, ZMQ_CURVE_PUBLICKEY, key.own.public_key);
  set_key(socket_, ZMQ_CURVE_SECRETKEY, key.own.secret_key);
}

void Socket::set_limits() {
  set_option(socket_, ZMQ_MAXMSGSIZE, std::int64_t{kLargeBody} + 1024);
  set_option(socket_, ZMQ_SNDHWM, 1000);
  set_option(socket_, ZMQ_RCVHWM, 1000);
  set_option(socket_, ZMQ_HANDSHAKE_IVL, 3000);
  set_option(socket_, ZMQ_HEARTBEAT_IVL, 5000);
  set_option(socket_, ZMQ_HEARTBEAT_TIMEOUT, 15000);
  set_option(socket_, ZMQ_HEARTBEAT_TTL, 20000);
  set_option(socket_, ZMQ_RECONNECT_IVL, 100);
  set_option(socket_, ZMQ_RECONNECT_IVL_MAX, 2000);
  set_option(socket_, ZMQ_CONNECT_TIMEOUT, 5000);
  set_option(socket_, ZMQ_BACKLOG, 1024);
  set_option(socket_, ZMQ_TCP_KEEPALIVE, 1);
  set_option(socket_, ZMQ_IPV6, 1);
}

void Socket::set_linger_ms(int linger_ms) { set_option(socket_, ZMQ_LINGER, linger_ms); }

std::string Socket::bind(const std::string& url) {
  if (zmq_bind(socket_, url.c_str()) != 0) {
    throw UserError(str_cat("listen on ", quote(url), ": ", zmq_strerror(zmq_errno())),
                    "an address is tcp://HOST:PORT (HOST may be *) or ipc://PATH");
  }
  char bound[512];
  std::size_t size = sizeof bound;
  if (zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
    throw_zmq("ask for the bound address");
  return plain_ipv4(bound);
}

void Socket::connect(const std::string& url) {
  if (zmq_connect(socket_, url.c_str()) != 0) {
    throw UserError(str_cat("connect to ", quote(url), ": ", zmq_strerror(zmq_errno())),
                    "an address is tcp://HOST:PORT or ipc://PATH");
  }
}

std::optional<Parts> Socket::receive(std::size_t max_parts) {
  for (;;) {
    Parts result;
    std::size_t num_parts = 0;
    for (bool has_more = true; has_more; ++num_parts) {
      Received part;
      if (zmq_msg_recv(part.get(), socket_, ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() == EAGAIN || zmq_errno() == EINTR) return std::nullopt;
        throw_zmq("receive");
      }
      has_more = zmq_msg_more(part.get()) != 0;
      if (num_parts < max_parts) result.parts.push_back(part.text());
      if (!has_more) result.user = part.user();
    }
    if (num_parts <= max_parts) return result;
  }
}

Sent Socket::send(const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int flags = ZMQ_DONTWAIT | (i + 1 < parts.size() ? ZMQ_SNDMORE : 0);
    if (zmq_send(socket_, parts[i].data(), parts[i].size(), flags) >= 0) continue;
    if (zmq_errno() == EAGAIN || zmq_errno() == EINTR) return Sent::kFull;
    if (zmq_errno() == EHOSTUNREACH) return Sent::kGone;
    throw_zmq("send");
  }
  return Sent::kYes;
}

Monitor::Monitor(Context& context, Socket& watched)
    : watched_(watched), pair_(context, Socket::Kind::kPair) {
  static std::atomic<std::uint64_t> next_number{1};
  const std::string address = str_cat("inproc://tenon-monitor-", next_number++);
  const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                     ZMQ_EVENT_DISCONNECTED;
  if (zmq_socket_monitor(watched.get(), address.c_str(), events) != 0) throw_zmq("watch a socket");
  pair_.connect(address);
}

Monitor::~Monitor() { zmq_socket_monitor(watched_.get(), nullptr, 0); }

std::optional<ConnectionEvent> Monitor::receive() {
  const std::optional<Parts> event = pair_.receive(2);
  if (!event) return std::nullopt;
  std::uint16_t number = 0;
  if (event->parts[0].size() >= sizeof number)
    std::memcpy(&number, event->parts[0].data(), sizeof number);
  switch (number) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ConnectionEvent::kReady;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ConnectionEvent::kRefused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return ConnectionEvent::kHandshakeFailed;
    case ZMQ_EVENT_DISCONNECTED:
      return ConnectionEvent::kDisconnected;
    default:
      return ConnectionEvent::kOther;
  }
}

Polled wait_readable(const std::vector<Socket*>& sockets, int descriptor, int timeout_ms,
                     const Socket* writable_socket) {
  std::vector<zmq_pollitem_t> items;
  for (Socket* socket : sockets) {
    const bool is_wanted_writable = socket == writable_socket;
    const short events =
        static_cast<short>(is_wanted_writable ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
    items.push_back({socket->get(), 0, events, 0});
  }
  if (descriptor >= 0) items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
  if (zmq_poll(items.data(), static_cast<int>(items.size()), timeout_ms) < 0 &&
      zmq_errno() != EINTR) {
    throw_zmq("wait for sockets");
  }
  Polled polled;
  for (std::size_t i = 0; i < sockets.size(); ++i) polled.sockets.push_back(items[i].revents != 0);
  polled.descriptor = descriptor >= 0 && items.back().revents != 0;
  return polled;
}

}  // namespace tenon::rpc
