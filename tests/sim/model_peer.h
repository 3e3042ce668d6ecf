// What model workers and clients share: a connection that says HELLO, again when it must, and can
// be killed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tests/sim/network.h"

namespace tenon::sim {

class ModelPeer {
 public:
  ModelPeer(Clockwork& clockwork, Network& network) : clockwork_(clockwork), network_(network) {}
  virtual ~ModelPeer() = default;
  ModelPeer(const ModelPeer&) = delete;
  ModelPeer& operator=(const ModelPeer&) = delete;

  virtual std::string key_name() const = 0;
  virtual std::vector<rpc::Role> roles() const = 0;
  const std::string& peer() const { return peer_; }
  bool is_alive() const { return is_alive_; }

  void start();
  // Everything in memory is gone; what subclasses keep on disk stays.
  void kill();

 protected:
  static constexpr std::int64_t kSilentMs = 5000;
  static constexpr std::int64_t kLookMs = 500;

  virtual void fill(rpc::Hello& hello) = 0;
  virtual void session_opened(const rpc::Welcome& welcome) = 0;
  virtual void received(const Envelope& envelope) = 0;
  virtual void forget() = 0;
  virtual void look_around() = 0;  // every kLookMs

  // The number of the message in this session.
  std::uint64_t send(rpc::Message message);
  bool is_up() const { return session_ != 0; }
  // Runs later unless the process was killed meanwhile.
  template <class F>
  void later(std::int64_t delay_ms, F action) {
    clockwork_.after(delay_ms, [this, life = life_, action = std::move(action)] {
      if (is_alive_ && life == life_) action();
    });
  }

  Clockwork& clockwork_;
  Network& network_;

 private:
  void connect();
  void say_hello();
  void deliver(const Envelope& envelope);
  void look();

  std::string peer_;
  std::uint64_t session_ = 0;
  std::uint64_t seq_ = 0;
  std::uint64_t life_ = 0;
  std::int64_t heard_ms_ = 0;
  bool is_alive_ = false;
};

}  // namespace tenon::sim
