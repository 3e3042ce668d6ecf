// What a worker knows about its leases: a pure state machine. The daemon feeds it what arrives and
// what its executors finish, and does what it asks for; sockets, disk and clock stay outside, so
// that every order of events can be tested.
//
// A result goes: finished -> spooled (fsynced) -> sent -> acknowledged -> unspooled. It is sent
// again after every reconnection and after 2, 4 ... 60 s without an answer.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "rpc/wire/messages.h"

namespace tenon {

inline constexpr int64_t kFirstResendMs = 2000;
inline constexpr int64_t kLastResendMs = 60'000;
inline constexpr size_t kMaxHeldLeases = 256;  // beyond, a lease is not taken

// Effects.
struct SendMessage {
  rpc::Message message;
};
struct StartTask {
  rpc::LeasedTask task;
};
struct AbortTask {  // stop it if it runs, forget it if it waits; its end changes nothing any more
  rpc::Fence fence;
};
struct SpoolResult {  // then call on_spooled()
  rpc::Result result;
};
struct UnspoolResult {
  rpc::Fence fence;
};
using LeaseEffect = std::variant<SendMessage, StartTask, AbortTask, SpoolResult, UnspoolResult>;
using LeaseEffects = std::vector<LeaseEffect>;

// What the worker says about itself in every session.
struct WorkerIdentity {
  rpc::Describe describe;
  rpc::Ready credits;
  bool can_build = false;
  bool can_run = false;
};

// Times are milliseconds of any clock that does not go back.
class LeaseBook {
 public:
  // `spooled`: results that an earlier process of this worker left unacknowledged.
  LeaseBook(WorkerIdentity identity, std::vector<rpc::Result> spooled);

  LeaseEffects on_up(const rpc::Welcome& welcome, int64_t now_ms);
  void on_down() { is_up_ = false; }
  LeaseEffects on_message(const rpc::Message& message, int64_t now_ms);
  LeaseEffects on_finished(rpc::Result result);
  LeaseEffects on_spooled(const rpc::Result& result, int64_t now_ms);
  LeaseEffects on_tick(int64_t now_ms);
  void on_phase(const rpc::Fence& fence, rpc::Phase phase);

  // For Beat: what only the daemon can read.
  void set_host_state(uint32_t load_permille, uint64_t free_bytes);

  // When on_tick has something to do next; at most a beat away while connected.
  int64_t next_tick_ms() const;

  // For Hello.
  std::vector<rpc::HeldLease> held() const;
  std::vector<rpc::Fence> unacknowledged() const;

  bool is_draining() const { return is_draining_; }
  // Nothing held, nothing unacknowledged.
  bool is_idle() const { return held_.empty() && unacknowledged_.empty(); }

 private:
  struct Unacknowledged {
    rpc::Result result;
    int64_t wait_ms = kFirstResendMs;
    int64_t resend_at_ms = 0;
  };

  LeaseEffects take_lease(const rpc::Lease& lease);
  LeaseEffects take_beat_ack(const rpc::BeatAck& ack);
  LeaseEffects take_result_ack(const rpc::ResultAck& ack);
  LeaseEffects revoke(const std::vector<rpc::Fence>& fences);
  LeaseEffect send_beat(int64_t now_ms);
  LeaseEffect send_ready() const;
  bool is_known(const rpc::Fence& fence) const;

  WorkerIdentity identity_;
  std::map<rpc::Fence, rpc::HeldLease> held_;
  std::set<rpc::Fence> spooling_;  // finished, not yet durable; still held
  std::map<rpc::Fence, Unacknowledged> unacknowledged_;
  bool is_up_ = false;
  bool is_draining_ = false;
  int64_t beat_ms_ = 5000;
  int64_t next_beat_ms_ = 0;
  uint64_t beat_number_ = 0;
  uint32_t load_permille_ = 0;
  uint64_t free_bytes_ = 0;
};

}  // namespace tenon
