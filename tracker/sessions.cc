// HELLO to GOODBYE: who is connected, what workers have and hold, and when silence means that they
// are lost.
#include <algorithm>

#include "compiler/support/text.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using rpc::ErrorCode;
using rpc::Fence;
using rpc::Role;

constexpr std::size_t kMaxDevices = 64;
constexpr std::size_t kMaxLabels = 256;
constexpr std::uint32_t kMaxCredits = 64;

bool is_work(Role role) { return role == Role::kBuild || role == Role::kRun; }

std::optional<std::string> refuse_hello(const MessageArrived& asked, const rpc::Hello& message) {
  for (const Role role : message.roles) {
    if (std::find(asked.key_roles.begin(), asked.key_roles.end(), role) == asked.key_roles.end()) {
      return str_cat("key ", asked.key_name, " has the roles ", rpc::format_roles(asked.key_roles),
                     ", not ", rpc::name_of(role));
    }
  }
  return std::nullopt;
}

// May this lease of an earlier epoch go on? Only if nobody else has or had the task since.
bool can_adopt(const State& state, const rpc::HeldLease& held) {
  if (is_reference(held.fence) || held.fence.epoch >= state.epoch) return false;
  const auto task = state.tasks.find(held.fence.task);
  if (task == state.tasks.end()) return false;
  const bool is_waiting =
      task->second.phase == TaskPhase::kWaitBuild || task->second.phase == TaskPhase::kWaitRun;
  return is_waiting && !(held.is_build && task->second.artifact);
}

void adopt(Step& step, const std::string& worker, const rpc::HeldLease& held) {
  Task& task = step.state.tasks.at(held.fence.task);
  dequeue(step.state, task.id);
  task.phase = TaskPhase::kLeased;
  task.lease = held.fence;
  LeaseState lease;
  lease.worker = worker;
  lease.is_build = held.is_build;
  lease.phase = held.phase;
  lease.started_wall_ms = step.now.wall_ms;
  lease.granted_ms = step.now.steady_ms;
  lease.expires_ms = step.now.steady_ms + step.state.settings.lease_ms;
  lease.hard_end_ms =
      step.now.steady_ms + step.state.settings.build_wall_ms + step.state.settings.grace_ms;
  add_lease(step.state, held.fence, lease);
}

// Leases that the worker names go on; those that it neither holds nor has a result of are lost.
// Gives what it must drop.
std::vector<Fence> reconcile(Step& step, const std::string& worker_id, const rpc::Hello& message) {
  const std::set<Fence> before = step.state.workers.at(worker_id).leases;
  std::set<Fence> known(message.spooled.begin(), message.spooled.end());
  for (const rpc::HeldLease& held : message.held) known.insert(held.fence);
  for (const Fence& fence : before) {
    if (!known.contains(fence)) lose_lease(step, fence, "the worker came back without it");
  }
  std::vector<Fence> drop;
  for (const rpc::HeldLease& held : message.held) {
    if (before.contains(held.fence)) {
      step.state.leases.at(held.fence).num_beats_without = 0;
    } else if (can_adopt(step.state, held)) {
      adopt(step, worker_id, held);
    } else {
      drop.push_back(held.fence);
    }
  }
  return drop;
}

// False when a newer process has this name: the caller is told and gets no session.
bool open_worker(Step& step, const MessageArrived& asked, const rpc::Hello& message,
                 const std::string& worker_id) {
  const auto found = step.state.workers.find(worker_id);
  if (found != step.state.workers.end()) {
    const Worker& known = found->second;
    if (message.incarnation < known.incarnation) {
      send(step, asked.peer, rpc::Goodbye{"a newer process of this name is connected", 0},
           asked.seq);
      return false;
    }
    if (!known.peer.empty() && known.peer != asked.peer) {
      if (message.incarnation > known.incarnation) {
        send(step, known.peer, rpc::Goodbye{"a newer process of this name is connected", 0});
      }
      step.state.sessions.erase(known.peer);
    }
  }
  Worker& worker = step.state.workers[worker_id];
  const bool is_new_process = worker.incarnation != message.incarnation;
  worker.key_name = asked.key_name;
  worker.name = message.name;
  worker.peer = asked.peer;
  worker.incarnation = message.incarnation;
  worker.roles = message.roles;
  worker.credits = {};
  if (is_new_process) worker.is_described = false;
  return true;
}

}  // namespace

bool has_role(const Worker& worker, Role role) {
  return std::find(worker.roles.begin(), worker.roles.end(), role) != worker.roles.end();
}

Worker* worker_of(State& state, const std::string& peer) {
  const auto session = state.sessions.find(peer);
  if (session == state.sessions.end() || session->second.worker.empty()) return nullptr;
  return &state.workers.at(session->second.worker);
}

void hello(Step& step, const MessageArrived& asked, const rpc::Hello& message) {
  if (message.max_major < rpc::kProtocolMinMajor || message.min_major > rpc::kProtocolMajor) {
    refuse(step, asked, ErrorCode::kVersion,
           str_cat("protocols ", int{message.min_major}, " to ", int{message.max_major},
                   " are spoken there, ", int{rpc::kProtocolMinMajor}, " to ",
                   int{rpc::kProtocolMajor}, " here"));
    return;
  }
  if (const auto why = refuse_hello(asked, message)) {
    refuse(step, asked, ErrorCode::kForbidden, *why);
    note(step, true, *why);
    return;
  }
  const bool is_worker = std::any_of(message.roles.begin(), message.roles.end(), is_work);
  const std::string worker_id = is_worker ? str_cat(asked.key_name, "/", message.name) : "";
  const bool is_known_peer = step.state.sessions.contains(asked.peer);
  if (is_known_peer) close_session(step, asked.peer);
  if (is_worker && !open_worker(step, asked, message, worker_id)) return;
  Session session{step.state.next_session++, asked.key_name, asked.key_roles, worker_id, false,
                  step.now.steady_ms};
  session.is_client = !is_worker && !message.roles.empty();
  step.state.sessions[asked.peer] = session;
  rpc::Welcome welcome;
  welcome.major = std::min(message.max_major, rpc::kProtocolMajor);
  welcome.session = session.id;
  welcome.epoch = step.state.epoch;
  welcome.beat_ms = step.state.settings.beat_ms;
  welcome.lease_ms = static_cast<std::uint32_t>(step.state.settings.lease_ms);
  if (is_worker) {
    step.state.workers.at(worker_id).session = session.id;
    welcome.drop = reconcile(step, worker_id, message);
  }
  note(step, false,
       str_cat(is_worker ? "worker " : "client ", asked.key_name, "/", message.name, " is here"));
  send(step, asked.peer, std::move(welcome), asked.seq);
}

void describe(Step& step, const MessageArrived& asked, const rpc::Describe& message) {
  Worker* worker = worker_of(step.state, asked.peer);
  if (worker == nullptr)
    return refuse(step, asked, ErrorCode::kForbidden, "HELLO asked for no work");
  if (message.devices.size() > kMaxDevices || message.labels.size() > kMaxLabels) {
    return refuse(step, asked, ErrorCode::kLimit,
                  str_cat("at most ", kMaxDevices, " devices and ", kMaxLabels, " labels"));
  }
  worker->description = message;
  worker->is_described = true;
}

void ready(Step& step, const MessageArrived& asked, const rpc::Ready& message) {
  Worker* worker = worker_of(step.state, asked.peer);
  if (worker == nullptr)
    return refuse(step, asked, ErrorCode::kForbidden, "HELLO asked for no work");
  worker->credits = {std::min(message.build_credits, kMaxCredits),
                     std::min(message.run_credits, kMaxCredits)};
}

void beat(Step& step, const MessageArrived& asked, const rpc::Beat& message) {
  Worker* worker = worker_of(step.state, asked.peer);
  if (worker == nullptr)
    return refuse(step, asked, ErrorCode::kForbidden, "HELLO asked for no work");
  rpc::BeatAck ack{message.number, {}, false};
  std::set<Fence> named;
  for (const rpc::HeldLease& held : message.leases) {
    named.insert(held.fence);
    if (!worker->leases.contains(held.fence)) {
      ack.revoked.push_back(held.fence);
      continue;
    }
    LeaseState& lease = step.state.leases.at(held.fence);
    lease.phase = held.phase;
    lease.expires_ms = step.now.steady_ms + step.state.settings.lease_ms;
    lease.num_beats_without = 0;
  }
  const std::set<Fence> held = worker->leases;
  send(step, asked.peer, std::move(ack), asked.seq);
  for (const Fence& fence : held) {
    if (named.contains(fence)) continue;
    if (++step.state.leases.at(fence).num_beats_without >= 2)
      lose_lease(step, fence, "the worker does not name it");
  }
}

void fleet(Step& step, const MessageArrived& asked) {
  rpc::FleetState answer;
  for (const auto& [id, worker] : step.state.workers) {
    rpc::WorkerState entry;
    entry.name = id;
    entry.roles = worker.roles;
    entry.devices = worker.description.devices;
    entry.labels = worker.description.labels;
    entry.sandbox = worker.description.sandbox;
    entry.num_leases = static_cast<std::uint32_t>(worker.leases.size());
    const auto session = step.state.sessions.find(worker.peer);
    entry.silent_ms =
        session == step.state.sessions.end()
            ? static_cast<std::uint32_t>(step.state.settings.lost_ms)
            : static_cast<std::uint32_t>(step.now.steady_ms - session->second.heard_ms);
    answer.workers.push_back(std::move(entry));
  }
  answer.num_queued = step.state.build_queue.size() + step.state.run_queue.size();
  answer.num_leased = step.state.leases.size();
  send(step, asked.peer, std::move(answer), asked.seq);
}

void close_session(Step& step, const std::string& peer) {
  const auto found = step.state.sessions.find(peer);
  if (found == step.state.sessions.end()) return;
  if (!found->second.worker.empty()) {
    Worker& worker = step.state.workers.at(found->second.worker);
    worker.peer.clear();
    worker.session = 0;
    worker.credits = {};
  }
  std::erase_if(step.state.subscribers,
                [&](const Subscriber& subscriber) { return subscriber.peer == peer; });
  step.state.sessions.erase(found);
}

void check_sessions(Step& step) {
  std::vector<std::string> silent;
  for (const auto& [peer, session] : step.state.sessions) {
    if (step.now.steady_ms - session.heard_ms > step.state.settings.lost_ms) silent.push_back(peer);
  }
  for (const std::string& peer : silent) {
    const Session session = step.state.sessions.at(peer);
    note(step, true,
         str_cat(session.worker.empty() ? session.key_name : session.worker, " is silent: lost"));
    close_session(step, peer);
    if (session.worker.empty()) continue;
    const std::set<Fence> leases = step.state.workers.at(session.worker).leases;
    for (const Fence& fence : leases) lose_lease(step, fence, "the worker is lost");
  }
  std::erase_if(step.state.workers, [](const auto& entry) {
    return entry.second.peer.empty() && entry.second.leases.empty();
  });
}

std::size_t num_clients(const State& state) {
  return static_cast<std::size_t>(
      std::count_if(state.sessions.begin(), state.sessions.end(),
                    [](const auto& entry) { return entry.second.is_client; }));
}

}  // namespace tenon::tracker
