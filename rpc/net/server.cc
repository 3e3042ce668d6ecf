#include "rpc/net/server.h"

#include <algorithm>
#include <utility>

#include "compiler/support/error.h"

namespace tenon::rpc {
namespace {

constexpr std::string_view kZapDomain = "tenon";

// ZAP 1.0 (ZeroMQ RFC 27): version, request id, domain, address, identity, mechanism, 32-byte key.
constexpr std::size_t kZapParts = 7;

std::vector<std::string> zap_answer(const Parts& request, bool is_allowed,
                                    const std::string& user) {
  return {"1.0",
          request.parts[1],
          is_allowed ? "200" : "400",
          is_allowed ? "OK" : "this key is not authorised",
          user,
          ""};
}

}  // namespace

Server::Server(const std::string& url, TrackerKeys keys)
    : keys_(std::move(keys)),
      zap_(context_, Socket::Kind::kReply),
      router_(context_, Socket::Kind::kRouter) {
  set_authorized(std::move(keys_.authorized));
  zap_.bind("inproc://zeromq.zap.01");
  router_.use_server_key(keys_.server, kZapDomain);
  router_.set_limits();
  url_ = router_.bind(url);
}

void Server::set_authorized(std::vector<AuthorizedKey> authorized) {
  keys_.authorized = std::move(authorized);
  key_index_.clear();
  for (std::size_t i = 0; i < keys_.authorized.size(); ++i) {
    key_index_[raw_public_key(keys_.authorized[i].public_key)] = i;
  }
}

const AuthorizedKey* Server::find_key(const std::string& name) const {
  const auto found = std::find_if(keys_.authorized.begin(), keys_.authorized.end(),
                                  [&](const AuthorizedKey& key) { return key.name == name; });
  return found == keys_.authorized.end() ? nullptr : &*found;
}

Received Server::receive(int timeout_ms) {
  const Polled polled = wait_readable({&zap_, &router_}, wakeup_.fd(), timeout_ms);
  if (polled.descriptor) wakeup_.clear();
  Received received;
  answer_handshakes(received);
  read_messages(received);
  return received;
}

void Server::answer_handshakes(Received& received) {
  while (const std::optional<Parts> request = zap_.receive(kZapParts)) {
    if (request->parts.size() < 2)
      throw IoError("ZeroMQ sent a handshake question that is not ZAP 1.0");
    const bool is_curve = request->parts.size() == kZapParts && request->parts[5] == "CURVE";
    const auto found = is_curve ? key_index_.find(request->parts[6]) : key_index_.end();
    const bool is_allowed = found != key_index_.end();
    zap_.send(
        zap_answer(*request, is_allowed, is_allowed ? keys_.authorized[found->second].name : ""));
    if (!is_allowed) {
      const std::string key = is_curve ? z85_public_key(request->parts[6]) : "";
      received.denied.push_back(
          {fingerprint(key), request->parts.size() > 3 ? request->parts[3] : ""});
    }
  }
}

void Server::read_messages(Received& received) {
  while (received.messages.size() < kMaxBatch) {
    std::optional<Parts> parts = router_.receive(3);
    if (!parts) return;
    Incoming incoming;
    incoming.peer = parts->parts[0];
    incoming.key_name = parts->user;
    if (find_key(incoming.key_name) == nullptr) continue;
    if (parts->parts.size() != 3) {
      incoming.content = Refusal{ErrorCode::kProtocol, "a message is a header and a body"};
      received.messages.push_back(std::move(incoming));
      continue;
    }
    auto header = decode_header(parts->parts[1]);
    if (auto* refusal = std::get_if<Refusal>(&header)) {
      incoming.content = std::move(*refusal);
    } else {
      incoming.header = std::get<Header>(header);
      auto body = decode_body(incoming.header, parts->parts[2]);
      std::visit([&](auto& content) { incoming.content = std::move(content); }, body);
    }
    received.messages.push_back(std::move(incoming));
  }
}

bool Server::send(const std::string& peer, const Message& message, Header about) {
  Frame frame = make_frame(message, about);
  return router_.send({peer, std::move(frame.header), std::move(frame.body)}) == Sent::kYes;
}

}  // namespace tenon::rpc
