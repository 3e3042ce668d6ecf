#include "tracker/core.h"

#include <algorithm>
#include <utility>

#include "compiler/support/text.h"
#include "rpc/wire/frame.h"
#include "tracker/transitions.h"

namespace tenon::tracker {
namespace {

using rpc::ErrorCode;
using rpc::Role;

// Who may send what. Default deny: a message that is not here is nobody's to send to a tracker.
struct Permission {
  std::uint16_t type;
  std::vector<Role> roles;  // empty: any authorised key
};

const std::vector<Permission>& permissions() {
  static const std::vector<Role> kWork = {Role::kBuild, Role::kRun};
  static const std::vector<Role> kAsk = {Role::kSubmitter, Role::kOperator, Role::kAdmin};
  static const std::vector<Role> kLook = {Role::kViewer, Role::kSubmitter, Role::kOperator,
                                          Role::kAdmin};
  static const std::vector<Role> kFetch = {Role::kBuild, Role::kRun, Role::kSubmitter,
                                           Role::kOperator, Role::kAdmin};
  static const std::vector<Permission> kTable = {
      {rpc::wire_id(rpc::Hello{}), {}},
      {rpc::wire_id(rpc::Goodbye{}), {}},
      {rpc::wire_id(rpc::Ping{}), {}},
      {rpc::wire_id(rpc::Describe{}), kWork},
      {rpc::wire_id(rpc::Ready{}), kWork},
      {rpc::wire_id(rpc::Beat{}), kWork},
      {rpc::wire_id(rpc::Result{}), kWork},
      {rpc::wire_id(rpc::Submit{}), kAsk},
      {rpc::wire_id(rpc::Add{}), kAsk},
      {rpc::wire_id(rpc::Cancel{}), kAsk},
      {rpc::wire_id(rpc::Subscribe{}), kLook},
      {rpc::wire_id(rpc::EventAck{}), kLook},
      {rpc::wire_id(rpc::Fleet{}), kLook},
      {rpc::wire_id(rpc::FindMeasurements{}), kLook},
      {rpc::wire_id(rpc::FindMissing{}), kFetch},
      {rpc::wire_id(rpc::GetChunk{}), kFetch},
      {rpc::wire_id(rpc::PutChunk{}), {Role::kBuild}},
  };
  return kTable;
}

bool is_permitted(std::uint16_t type, const std::vector<Role>& roles) {
  for (const Permission& permission : permissions()) {
    if (permission.type != type) continue;
    const auto has = [&](Role role) {
      return std::find(roles.begin(), roles.end(), role) != roles.end();
    };
    return permission.roles.empty() ||
           std::any_of(permission.roles.begin(), permission.roles.end(), has);
  }
  return false;
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

void route(Step& step, const MessageArrived& asked) {
  const auto serve = [&] {
    step.effects.push_back(Serve{asked.peer, asked.session, asked.seq, asked.message});
  };
  std::visit(Overloaded{
                 [&](const rpc::Hello& m) { hello(step, asked, m); },
                 [&](const rpc::Goodbye&) { close_session(step, asked.peer); },
                 [&](const rpc::Ping& m) { send(step, asked.peer, rpc::Pong{m.nonce}, asked.seq); },
                 [&](const rpc::Describe& m) { describe(step, asked, m); },
                 [&](const rpc::Ready& m) { ready(step, asked, m); },
                 [&](const rpc::Beat& m) { beat(step, asked, m); },
                 [&](const rpc::Result& m) { result(step, asked, m); },
                 [&](const rpc::Submit& m) { submit(step, asked, m); },
                 [&](const rpc::Add& m) { add(step, asked, m); },
                 [&](const rpc::Cancel& m) { cancel(step, asked, m); },
                 [&](const rpc::Subscribe& m) { subscribe(step, asked, m); },
                 [&](const rpc::EventAck& m) { event_ack(step, asked, m); },
                 [&](const rpc::Fleet&) { fleet(step, asked); },
                 [&](const rpc::FindMeasurements&) { serve(); },
                 [&](const rpc::FindMissing&) { serve(); },
                 [&](const rpc::GetChunk&) { serve(); },
                 [&](const rpc::PutChunk&) { serve(); },
                 [&](const auto&) {
                   refuse(step, asked, ErrorCode::kForbidden, "not a message to a tracker");
                 },
             },
             asked.message);
}

void message_arrived(Step& step, const MessageArrived& asked) {
  const std::uint16_t type = rpc::wire_id(asked.message);
  const auto found = step.state.sessions.find(asked.peer);
  const bool is_hello = std::holds_alternative<rpc::Hello>(asked.message);
  const bool is_open = found != step.state.sessions.end() && found->second.id == asked.session &&
                       found->second.key_name == asked.key_name;
  if (!is_hello && !is_open) {
    refuse(step, asked, ErrorCode::kNoSession, "say HELLO first");
    return;
  }
  if (!is_permitted(type, asked.key_roles)) {
    refuse(step, asked, ErrorCode::kForbidden,
           str_cat("key ", asked.key_name, " (", rpc::format_roles(asked.key_roles),
                   ") may not send ", rpc::message_name(type)));
    note(step, true, str_cat("key ", asked.key_name, " was refused ", rpc::message_name(type)));
    return;
  }
  if (is_open) found->second.heard_ms = step.now.steady_ms;
  route(step, asked);
}

void stored(Step& step, const Stored& event) {
  const auto found = step.state.pending.find(event.token);
  if (found == step.state.pending.end()) return;
  Pending pending = std::move(found->second);
  step.state.pending.erase(found);
  std::visit(Overloaded{
                 [&](SubmitPending& p) { submit_stored(step, std::move(p), event.written); },
                 [&](AddPending& p) { add_stored(step, std::move(p), event.written); },
                 [&](const CancelPending& p) { cancel_stored(step, p, event.written); },
                 [&](const AttemptPending& p) { attempt_stored(step, p, event.written); },
                 [&](const CommitPending& p) { commit_stored(step, p, event.written); },
             },
             pending);
}

// Takes the operation that waits for a load out of `pending`; nothing when it is of another kind.
template <class P>
std::optional<P> take_pending(State& state, std::uint64_t token) {
  const auto found = state.pending.find(token);
  if (found == state.pending.end() || !std::holds_alternative<P>(found->second))
    return std::nullopt;
  P pending = std::get<P>(std::move(found->second));
  state.pending.erase(found);
  return pending;
}

}  // namespace

void send(Step& step, const std::string& peer, rpc::Message message, std::uint64_t answers) {
  const auto found = step.state.sessions.find(peer);
  const std::uint64_t session = found == step.state.sessions.end() ? 0 : found->second.id;
  step.effects.push_back(Send{peer, session, answers, std::move(message)});
}

void refuse(Step& step, const MessageArrived& asked, ErrorCode code, std::string text) {
  send(step, asked.peer, rpc::ErrorMessage{code, asked.seq, 0, std::move(text)}, asked.seq);
}

void note(Step& step, bool is_warning, std::string text) {
  step.effects.push_back(Note{is_warning, std::move(text)});
}

void persist(Step& step, std::vector<database::Write> writes, Pending pending) {
  const std::uint64_t token = step.state.next_token++;
  step.state.pending.emplace(token, std::move(pending));
  step.effects.push_back(Persist{token, std::move(writes)});
}

void answer(Step& step, const std::string& peer, std::uint64_t session, std::uint64_t seq,
            rpc::Message message) {
  const auto found = step.state.sessions.find(peer);
  if (found != step.state.sessions.end() && found->second.id == session)
    send(step, peer, std::move(message), seq);
}

Effects step(State& state, const Event& event, Now now) {
  Step step{state, now, {}};
  std::visit(Overloaded{
                 [&](const MessageArrived& e) { message_arrived(step, e); },
                 [&](const Stored& e) { stored(step, e); },
                 [&](const JobLoaded& e) {
                   if (auto p = take_pending<SubmitPending>(state, e.token))
                     job_loaded(step, *p, e.status);
                 },
                 [&](const BatchLoaded& e) {
                   if (auto p = take_pending<AddPending>(state, e.token))
                     batch_loaded(step, *p, e.tasks);
                 },
                 [&](const Tick&) {
                   check_sessions(step);
                   check_leases(step);
                 },
                 [&](const PeerGone& e) { close_session(step, e.peer); },
             },
             event);
  dispatch(step);
  pump(step);
  return std::move(step.effects);
}

}  // namespace tenon::tracker
