#include "rpc/net/client.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/net/link.h"
#include "rpc/wire/codec.h"

namespace tenon::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kAskAgainMs = 10000;      // an answer that is out for so long is asked for again
constexpr std::uint32_t kWindow = 256;  // results sent ahead of next_result()
constexpr std::uint64_t kAckEvery = 32;
constexpr std::uint32_t kStoreWaitMs = 500;

LinkOptions link_options(const ClientOptions& options) {
  LinkOptions link;
  link.url = options.url;
  link.key = options.key;
  link.hello.roles = options.roles;
  link.hello.name = options.name;
  link.hello.build = options.build;
  return link;
}

// The one request that is out.
struct Pending {
  Message request;
  std::vector<std::uint64_t> seqs;  // one for each time it was sent
  Clock::time_point asked_at = Clock::now();
  Clock::time_point sent_at{};
  Clock::time_point not_before{};  // after BUSY
  std::optional<Message> answer;
};

struct Subscription {
  Hash job;
  std::uint64_t next_rseq = 1;  // the next to arrive
  bool with_traces = false;
  std::deque<CandidateResult> arrived;
  std::uint64_t num_unacked = 0;
};

}  // namespace

struct Client::State {
  explicit State(ClientOptions given) : options(std::move(given)), link(link_options(options)) {}

  Message call(Message request);
  template <class Answer>
  Answer ask(Message request) {
    Message answer = call(std::move(request));
    if (auto* found = std::get_if<Answer>(&answer)) return std::move(*found);
    if (auto* error = std::get_if<ErrorMessage>(&answer)) throw UserError(error->text);
    throw IoError(str_cat("the tracker at ", options.url, " answered with ", name_of(answer)));
  }
  std::optional<CandidateResult> next_result(int timeout_ms);

  // --- the dispatcher's thread, and under mutex ---
  void run();
  void handle(LinkEvent event);
  void take_message(LinkMessage message);
  void take_events(Events events);
  void send_pending();
  void send_subscribe();

  // --- under mutex ---
  void throw_if_hopeless() const;
  void acknowledge();

  ClientOptions options;
  Link link;
  std::mutex call_mutex;  // one request at a time
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::optional<Welcome> welcome;
  std::optional<std::string> refused;
  Clock::time_point down_since = Clock::now();
  Pending* pending = nullptr;
  std::optional<Subscription> subscription;
  bool is_stopping = false;
  std::thread dispatcher;
};

void Client::State::run() {
  for (;;) {
    std::optional<LinkEvent> event = link.next(50);
    const std::lock_guard lock(mutex);
    if (is_stopping) return;
    if (event) handle(std::move(*event));
    const bool is_overdue = pending != nullptr && !pending->answer &&
                            Clock::now() > pending->not_before &&
                            Clock::now() - pending->sent_at > milliseconds(kAskAgainMs);
    if (is_overdue) send_pending();
  }
}

void Client::State::handle(LinkEvent event) {
  if (auto* up = std::get_if<LinkUp>(&event)) {
    welcome = std::move(up->welcome);
    if (pending != nullptr) pending->seqs.clear();
    send_pending();
    send_subscribe();
  } else if (std::holds_alternative<LinkDown>(event)) {
    welcome.reset();
    down_since = Clock::now();
  } else if (auto* gone = std::get_if<LinkRefused>(&event)) {
    welcome.reset();
    refused = std::move(gone->why);
  } else {
    take_message(std::move(std::get<LinkMessage>(event)));
  }
  changed.notify_all();
}

void Client::State::take_message(LinkMessage message) {
  if (auto* events = std::get_if<Events>(&message.message)) {
    take_events(std::move(*events));
    return;
  }
  if (pending == nullptr || pending->answer) return;
  const auto* error = std::get_if<ErrorMessage>(&message.message);
  const std::uint64_t about = error != nullptr ? error->about_seq : message.answers;
  if (std::find(pending->seqs.begin(), pending->seqs.end(), about) == pending->seqs.end()) return;
  // A full disk or queue may pass: ask again for as long as a tracker that is away is waited for.
  const bool may_pass =
      error != nullptr && (error->code == ErrorCode::kBusy ||
                           (error->code == ErrorCode::kStore &&
                            Clock::now() - pending->asked_at < milliseconds(options.give_up_ms)));
  if (may_pass) {
    pending->not_before =
        Clock::now() + milliseconds(std::max(error->retry_after_ms, kStoreWaitMs));
    pending->sent_at = pending->not_before - milliseconds(kAskAgainMs);
    return;
  }
  pending->answer = std::move(message.message);
}

// A gap means that something was lost on the way: ask again from there.
void Client::State::take_events(Events events) {
  if (!subscription || events.job != subscription->job) return;
  for (CandidateResult& result : events.results) {
    if (result.rseq < subscription->next_rseq) continue;
    if (result.rseq > subscription->next_rseq) {
      send_subscribe();
      return;
    }
    ++subscription->next_rseq;
    subscription->arrived.push_back(std::move(result));
  }
}

void Client::State::send_pending() {
  if (pending == nullptr || pending->answer || !welcome) return;
  const std::uint64_t seq = link.send(pending->request);
  pending->sent_at = Clock::now();
  if (seq != 0) pending->seqs.push_back(seq);
}

void Client::State::send_subscribe() {
  if (!subscription || !welcome) return;
  subscription->num_unacked = 0;
  link.send(
      Subscribe{subscription->job, subscription->next_rseq, kWindow, subscription->with_traces});
}

void Client::State::throw_if_hopeless() const {
  if (refused) throw UserError(*refused);
  if (!welcome && Clock::now() - down_since > milliseconds(options.give_up_ms)) {
    throw IoError(str_cat("no tracker for ", options.give_up_ms / 1000, " s: ", link.why_down()));
  }
}

Message Client::State::call(Message request) {
  const std::lock_guard one_at_a_time(call_mutex);
  Pending mine;
  mine.request = std::move(request);
  std::unique_lock lock(mutex);
  pending = &mine;
  const struct Unset {
    Pending*& slot;
    ~Unset() { slot = nullptr; }
  } unset{pending};
  send_pending();
  while (!mine.answer) {
    throw_if_hopeless();
    changed.wait_for(lock, milliseconds(100));
  }
  if (const auto* error = std::get_if<ErrorMessage>(&*mine.answer)) {
    const std::string text =
        str_cat(name_of(mine.request), ": the tracker at ", options.url, " says: ", error->text);
    if (error->code == ErrorCode::kNotFound) return *mine.answer;
    if (error->code == ErrorCode::kStore) throw StoreError(text);
    throw UserError(text);
  }
  return std::move(*mine.answer);
}

void Client::State::acknowledge() {
  if (++subscription->num_unacked < kAckEvery && !subscription->arrived.empty()) return;
  const std::uint64_t taken = subscription->next_rseq - 1 - subscription->arrived.size();
  if (welcome && link.send(EventAck{subscription->job, taken}) != 0) subscription->num_unacked = 0;
}

std::optional<CandidateResult> Client::State::next_result(int timeout_ms) {
  const auto end = Clock::now() + milliseconds(timeout_ms);
  std::unique_lock lock(mutex);
  if (!subscription) throw UserError("next_result: there is no subscription");
  while (subscription->arrived.empty()) {
    throw_if_hopeless();
    if (Clock::now() >= end) return std::nullopt;
    changed.wait_until(lock, std::min(end, Clock::now() + milliseconds(100)));
  }
  CandidateResult result = std::move(subscription->arrived.front());
  subscription->arrived.pop_front();
  acknowledge();
  return result;
}

Client::Client(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {
  state_->dispatcher = std::thread([this] { state_->run(); });
}

Client::~Client() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->dispatcher.join();
}

Welcome Client::wait_until_up() {
  std::unique_lock lock(state_->mutex);
  while (!state_->welcome) {
    state_->throw_if_hopeless();
    state_->changed.wait_for(lock, milliseconds(100));
  }
  return *state_->welcome;
}

bool Client::is_up() const {
  const std::lock_guard lock(state_->mutex);
  return state_->welcome.has_value();
}

Accepted Client::submit(const Submit& request) { return state_->ask<Accepted>(request); }

Added Client::add(const Add& request) {
  const std::size_t size = encode(request).size();
  if (request.candidates.size() > kMaxTasksPerAdd || size > kLargeBody) {
    throw UserError(str_cat("ADD of ", request.candidates.size(), " candidates and ", size,
                            " bytes: at most ", kMaxTasksPerAdd, " and ", kLargeBody,
                            " in one batch"));
  }
  return state_->ask<Added>(request);
}

Cancelled Client::cancel(const Hash& job) { return state_->ask<Cancelled>(Cancel{job}); }

FleetState Client::fleet() { return state_->ask<FleetState>(Fleet{}); }

std::vector<CandidateResult> Client::find_measurements(FindMeasurements request) {
  std::vector<CandidateResult> all;
  for (;;) {
    request.skip = static_cast<std::uint32_t>(all.size());
    Measurements page = state_->ask<Measurements>(request);
    if (page.results.empty()) return all;
    std::move(page.results.begin(), page.results.end(), std::back_inserter(all));
    if (page.is_last) return all;
  }
}

void Client::subscribe(const Hash& job, std::uint64_t from_rseq, bool with_traces) {
  const std::lock_guard lock(state_->mutex);
  state_->subscription = Subscription{job, from_rseq, with_traces, {}, 0};
  state_->send_subscribe();
}

std::optional<CandidateResult> Client::next_result(int timeout_ms) {
  return state_->next_result(timeout_ms);
}

std::vector<Digest> Client::find_missing(const std::vector<Digest>& digests) {
  std::vector<Digest> missing;
  for (std::size_t start = 0; start < digests.size(); start += kMaxDigestsPerFind) {
    const std::size_t end = std::min<std::size_t>(digests.size(), start + kMaxDigestsPerFind);
    const auto part =
        state_->ask<Missing>(FindMissing{{digests.begin() + start, digests.begin() + end}});
    missing.insert(missing.end(), part.digests.begin(), part.digests.end());
  }
  return missing;
}

Digest Client::put_blob(std::string_view bytes) {
  const Digest digest = digest_of(bytes);
  for (std::uint64_t offset = 0;;) {
    PutChunk chunk{digest, offset, {}};
    chunk.bytes.data = bytes.substr(offset, kChunkBytes);
    const PutAck ack = state_->ask<PutAck>(std::move(chunk));
    if (ack.is_complete) return digest;
    if (ack.next_offset > bytes.size())
      throw IoError("put_blob: the tracker asks for bytes beyond the end");
    offset = ack.next_offset;
  }
}

std::optional<std::string> Client::get_blob(const Digest& digest) {
  std::string bytes;
  do {
    Message answer = state_->call(GetChunk{digest, bytes.size(), kChunkBytes});
    if (std::holds_alternative<ErrorMessage>(answer)) return std::nullopt;
    const auto* chunk = std::get_if<Chunk>(&answer);
    const bool is_next =
        chunk != nullptr && chunk->digest == digest && chunk->offset == bytes.size();
    if (!is_next || (chunk->bytes.data.empty() && bytes.size() < digest.size_bytes) ||
        chunk->bytes.data.size() > digest.size_bytes - bytes.size()) {
      throw IoError(
          str_cat("get blob ", to_hex(digest.sha256), ": not the chunk that was asked for"));
    }
    bytes += chunk->bytes.data;
  } while (bytes.size() < digest.size_bytes);
  if (digest_of(bytes) != digest)
    throw IoError(str_cat("get blob ", to_hex(digest.sha256), ": the bytes differ"));
  return bytes;
}

}  // namespace tenon::rpc
