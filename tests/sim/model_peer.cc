#include "tests/sim/model_peer.h"

namespace tenon::sim {

void ModelPeer::start() {
  is_alive_ = true;
  ++life_;
  connect();
  later(kLookMs, [this] { look(); });
}

void ModelPeer::kill() {
  is_alive_ = false;
  session_ = 0;
  network_.disconnect(peer_);
  forget();
}

void ModelPeer::connect() {
  network_.disconnect(peer_);
  peer_ = network_.connect(key_name(), [this](const Envelope& envelope) { deliver(envelope); });
  say_hello();
}

void ModelPeer::say_hello() {
  session_ = 0;
  seq_ = 0;
  heard_ms_ = clockwork_.now_ms();
  rpc::Hello hello;
  hello.name = "model";
  hello.roles = roles();
  hello.incarnation = life_;
  fill(hello);
  send(hello);
}

std::uint64_t ModelPeer::send(rpc::Message message) {
  Envelope envelope;
  envelope.peer = peer_;
  envelope.header.session = session_;
  envelope.header.seq = ++seq_;
  envelope.message = std::move(message);
  network_.send_to_tracker(envelope);
  return envelope.header.seq;
}

void ModelPeer::deliver(const Envelope& envelope) {
  if (!is_alive_ || envelope.peer != peer_) return;
  heard_ms_ = clockwork_.now_ms();
  if (const auto* welcome = std::get_if<rpc::Welcome>(&envelope.message)) {
    session_ = welcome->session;
    session_opened(*welcome);
    return;
  }
  const auto* error = std::get_if<rpc::ErrorMessage>(&envelope.message);
  if (error != nullptr && error->code == rpc::ErrorCode::kNoSession) {
    if (session_ != 0) say_hello();
    return;
  }
  if (std::holds_alternative<rpc::Goodbye>(envelope.message)) {
    connect();
    return;
  }
  received(envelope);
}

void ModelPeer::look() {
  if (clockwork_.now_ms() - heard_ms_ > kSilentMs) connect();
  if (is_up()) {
    send(rpc::Ping{seq_});
    look_around();
  }
  later(kLookMs, [this] { look(); });
}

}  // namespace tenon::sim
