#include "tracker/server.h"

#include <poll.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "tracker/reading.h"

namespace tenon::tracker {
namespace {

namespace fs = std::filesystem;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

fs::file_time_type changed_at(const fs::path& key_directory) {
  std::error_code missing;
  const auto time = fs::last_write_time(key_directory / "authorized", missing);
  return missing ? fs::file_time_type{} : time;
}

// Collects the answers to one Persist; the last one makes it Stored.
struct Gathering {
  Stored stored;
  std::size_t num_left = 0;
};

}  // namespace

TrackerServer::TrackerServer(ServerOptions options, Log& log, const Clock& clock)
    : options_(std::move(options)),
      log_(log),
      clock_(clock),
      server_(options_.url, options_.keys),
      blobs_(options_.blobs),
      store_(database::Store::open({.path = options_.database_path})) {
  state_ =
      start(read_snapshot(*store_), options_.settings, static_cast<std::uint64_t>(store_->epoch()));
  if (!options_.key_directory.empty()) keys_changed_ = changed_at(options_.key_directory);
  log_.info(str_cat("listening on ", url(), ", epoch ", epoch(), ", ", state_.tasks.size(),
                    " open tasks, ", options_.keys.authorized.size(), " authorised keys"));
}

Now TrackerServer::now() const { return {clock_.monotonic_ns() / 1000000, clock_.wall_ms()}; }

void TrackerServer::run(const std::atomic<bool>& stop) {
  while (!stop && !is_lifeline_over()) {
    rpc::Received received = server_.receive(kTickMs / 2);
    for (const rpc::Denied& denied : received.denied) {
      log_.warning(str_cat("refused key ", denied.fingerprint, " from ", denied.address,
                           ": it is not authorised"));
    }
    for (rpc::Incoming& incoming : received.messages) take(incoming);
    take_stored();
    if (now().steady_ms >= next_tick_ms_) {
      feed(Tick{});
      next_tick_ms_ = now().steady_ms + kTickMs;
    }
    reload_keys_if_due();
    if (const std::string failure = store_->failure(); !failure.empty())
      throw IoError("the database failed: " + failure);
  }
  for (const auto& [peer, session] : state_.sessions) {
    send(peer, session.id, 0, rpc::Goodbye{"the tracker stops", kComeBackMs});
  }
  store_->flush();
  log_.info("stopped");
}

// Runs the core until it has nothing more to say; loads are answered at once.
void TrackerServer::feed(Event event) {
  events_.push_back(std::move(event));
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    Effects effects = step(state_, next, now());
    for (Effect& effect : effects) carry_out(effect);
  }
}

void TrackerServer::carry_out(Effect& effect) {
  std::visit(Overloaded{
                 [&](const Send& e) { send(e.peer, e.session, e.answers, e.message); },
                 [&](Persist& e) { persist(e); },
                 [&](const LoadJob& e) {
                   auto status = store_->job_status(e.job_id);
                   CHECK(status.has_value()) << "job " << e.job_id << " was just stored";
                   events_.push_back(JobLoaded{e.token, std::move(*status)});
                 },
                 [&](const LoadBatch& e) {
                   events_.push_back(BatchLoaded{e.token, read_batch(*store_, e)});
                 },
                 [&](const SendResults& e) {
                   for (const rpc::Events& page : read_results(*store_, e))
                     send(e.peer, e.session, 0, page);
                 },
                 [&](const Serve& e) { try_serve(e); },
                 [&](const Note& e) {
                   log_.write(e.is_warning ? LogLevel::kWarning : LogLevel::kInfo, e.text);
                 },
             },
             effect);
}

void TrackerServer::persist(Persist& effect) {
  auto gathering = std::make_shared<Gathering>();
  gathering->stored.token = effect.token;
  gathering->num_left = effect.writes.size();
  for (database::Write& write : effect.writes) {
    store_->write(std::move(write), [this, gathering](const database::Written& written) {
      const std::lock_guard lock(mutex_);
      gathering->stored.written.push_back(written);
      if (--gathering->num_left > 0) return;
      stored_.push_back(std::move(gathering->stored));
      server_.wake();
    });
  }
}

void TrackerServer::take_stored() {
  std::vector<Stored> stored;
  {
    const std::lock_guard lock(mutex_);
    stored.swap(stored_);
  }
  for (Stored& one : stored) feed(std::move(one));
}

void TrackerServer::send(const std::string& peer, std::uint64_t session, std::uint64_t answers,
                         const rpc::Message& message) {
  rpc::Header about;
  about.session = session;
  about.seq = next_seq_++;
  about.ack = answers;
  if (!server_.send(peer, message, about) && session != 0) events_.push_back(PeerGone{peer});
}

void TrackerServer::take(rpc::Incoming& incoming) {
  if (const auto* refusal = std::get_if<rpc::Refusal>(&incoming.content)) {
    log_.warning(str_cat("key ", incoming.key_name, " sent: ", refusal->text));
    send(incoming.peer, 0, incoming.header.seq,
         rpc::ErrorMessage{refusal->code, incoming.header.seq, 0, refusal->text});
    return;
  }
  const rpc::AuthorizedKey* key = server_.find_key(incoming.key_name);
  if (key == nullptr) return;
  MessageArrived event;
  event.peer = std::move(incoming.peer);
  event.key_name = incoming.key_name;
  event.key_roles = key->roles;
  event.session = incoming.header.session;
  event.seq = incoming.header.seq;
  event.message = std::move(std::get<rpc::Message>(incoming.content));
  if (const auto* result = std::get_if<rpc::Result>(&event.message);
      result != nullptr && result->build) {
    event.is_artifact_stored = blobs_.has(result->build->artifact.digest);
  }
  feed(std::move(event));
}

// A disk that refuses a blob is the asking peer's to know; the tracker goes on.
void TrackerServer::try_serve(const Serve& request) {
  try {
    serve(request);
  } catch (const IoError& error) {
    log_.warning(error.what());
    send(request.peer, request.session, request.answers,
         rpc::ErrorMessage{rpc::ErrorCode::kStore, request.answers, 0, error.what()});
  }
}

void TrackerServer::serve(const Serve& request) {
  const auto reply = [&](const rpc::Message& message) {
    send(request.peer, request.session, request.answers, message);
  };
  const auto refuse = [&](rpc::ErrorCode code, const std::string& text) {
    reply(rpc::ErrorMessage{code, request.answers, 0, text});
  };
  if (const auto* find = std::get_if<rpc::FindMissing>(&request.request)) {
    rpc::Missing missing;
    for (const rpc::Digest& digest : find->digests) {
      if (!blobs_.has(digest)) missing.digests.push_back(digest);
    }
    if (find->digests.size() > rpc::kMaxDigestsPerFind)
      return refuse(rpc::ErrorCode::kLimit, "too many digests");
    reply(missing);
  } else if (const auto* put = std::get_if<rpc::PutChunk>(&request.request)) {
    auto answer = blobs_.put_chunk(*put);
    if (auto* ack = std::get_if<rpc::PutAck>(&answer)) return reply(*ack);
    refuse(rpc::ErrorCode::kLimit, std::get<std::string>(answer));
  } else if (const auto* get = std::get_if<rpc::GetChunk>(&request.request)) {
    // The first chunk is given only after the whole blob was hashed again.
    const bool is_good = get->offset > 0 || blobs_.get(get->digest).has_value();
    auto bytes =
        is_good ? blobs_.read(get->digest, get->offset, std::min(get->max_bytes, rpc::kChunkBytes))
                : std::nullopt;
    if (!bytes)
      return refuse(rpc::ErrorCode::kNotFound, "no such blob: " + rpc::to_hex(get->digest.sha256));
    reply(rpc::Chunk{get->digest, get->offset, {std::move(*bytes)}});
  } else if (const auto* find_all = std::get_if<rpc::FindMeasurements>(&request.request)) {
    reply(find_measurements(*store_, *find_all));
  }
}

// The parent holds the other end and never writes: readable means it is gone.
bool TrackerServer::is_lifeline_over() {
  if (!options_.lifeline.is_open()) return false;
  if (lifeline_end_ms_ < 0) {
    pollfd entry{options_.lifeline.get(), POLLIN, 0};
    if (::poll(&entry, 1, 0) <= 0) return false;
    lifeline_end_ms_ = now().steady_ms + kLifelineGraceMs;
    log_.info("the parent is gone");
  }
  return now().steady_ms >= lifeline_end_ms_;
}

void TrackerServer::reload_keys_if_due() {
  if (options_.key_directory.empty() || now().steady_ms < next_reload_ms_) return;
  next_reload_ms_ = now().steady_ms + kReloadMs;
  const auto changed = changed_at(options_.key_directory);
  if (changed == keys_changed_) return;
  keys_changed_ = changed;
  try {
    rpc::TrackerKeys keys = rpc::open_key_directory(options_.key_directory);
    log_.info(str_cat("keys read again: ", keys.authorized.size(), " are authorised"));
    server_.set_authorized(std::move(keys.authorized));
  } catch (const Error& error) {
    log_.warning(str_cat("the keys stay as they were: ", error.what()));
  }
}

}  // namespace tenon::tracker
