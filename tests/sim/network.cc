#include "tests/sim/network.h"

#include <algorithm>

namespace tenon::sim {

std::string Network::connect(const std::string& owner, Deliver to_peer) {
  const std::string peer = "connection-" + std::to_string(next_peer_++);
  peers_[peer] = std::move(to_peer);
  owners_[peer] = owner;
  return peer;
}

bool Network::send_to_peer(const Envelope& envelope) {
  if (!peers_.contains(envelope.peer)) return false;
  transport(envelope, false);
  return true;
}

void Network::transport(const Envelope& envelope, bool is_to_tracker) {
  const auto is_by_chance = [&](int permille) {
    return is_faulty() && static_cast<int>(rng_.below(1000)) < permille;
  };
  if (is_by_chance(scenario_.drop_permille)) return;
  const auto cut = cut_until_ms_.find(owners_.at(envelope.peer));
  if (cut != cut_until_ms_.end() && clockwork_.now_ms() < cut->second) return;
  const int max_delay = is_faulty() ? scenario_.max_delay_ms : 2;
  std::int64_t& last = last_arrival_ms_[{envelope.peer, is_to_tracker}];
  last = std::max(last, clockwork_.now_ms() + rng_.between(0, max_delay));
  clockwork_.at(last, [this, envelope, is_to_tracker] { deliver(envelope, is_to_tracker); });
  if (!is_by_chance(scenario_.repeat_permille)) return;
  clockwork_.at(last, [this, envelope, is_to_tracker] { deliver(envelope, is_to_tracker); });
}

void Network::deliver(const Envelope& envelope, bool is_to_tracker) {
  const auto time = static_cast<std::uint64_t>(clockwork_.now_ms());
  history_ = hash_combine(hash_combine(history_, time),
                          hash_bytes(rpc::make_frame(envelope.message, {}).body));
  if (is_to_tracker) {
    if (to_tracker_) to_tracker_(envelope);
    return;
  }
  const auto found = peers_.find(envelope.peer);
  if (found == peers_.end()) return;
  const Deliver to_peer = found->second;  // the peer may disconnect while it is told
  to_peer(envelope);
}

}  // namespace tenon::sim
