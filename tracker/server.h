// The shell around the core: sockets, clock, database, blobs. One thread runs it; the store's
// writer thread only hands back what is committed.
#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "compiler/support/clock.h"
#include "compiler/support/descriptor.h"
#include "compiler/support/log.h"
#include "database/store.h"
#include "rpc/net/blob_store.h"
#include "rpc/net/server.h"
#include "tracker/core.h"

namespace tenon::tracker {

struct ServerOptions {
  std::string url;
  std::string database_path;
  rpc::TrackerKeys keys;
  std::filesystem::path key_directory;  // empty: the keys never change
  rpc::BlobStoreOptions blobs;
  Settings settings;
  Descriptor
      lifeline;  // closed by the parent's end: stop kLifelineGraceMs later. Not open: no parent
};

class TrackerServer {
 public:
  // Opens the database (which counts the epoch up), loads what is open, and listens. Throws
  // UserError or IoError.
  TrackerServer(ServerOptions options, Log& log, const Clock& clock);

  const std::string& url() const { return server_.url(); }
  std::uint64_t epoch() const { return state_.epoch; }

  // Serves until `stop` is set, the lifeline ends, or the store fails (IoError). Says goodbye, then
  // writes what is pending.
  void run(const std::atomic<bool>& stop);

 private:
  static constexpr int kTickMs = 100;
  static constexpr int kReloadMs = 2000;
  static constexpr int kLifelineGraceMs = 2000;
  static constexpr std::uint32_t kComeBackMs = 500;

  Now now() const;
  void feed(Event event);
  void carry_out(Effect& effect);
  void persist(Persist& effect);
  void send(const std::string& peer, std::uint64_t session, std::uint64_t answers,
            const rpc::Message& message);
  void try_serve(const Serve& request);
  void serve(const Serve& request);
  void take(rpc::Incoming& incoming);
  void take_stored();
  bool is_lifeline_over();
  void reload_keys_if_due();

  ServerOptions options_;
  Log& log_;
  const Clock& clock_;
  rpc::Server server_;
  rpc::BlobStore blobs_;
  std::mutex mutex_;  // of stored_
  std::vector<Stored> stored_;
  std::unique_ptr<database::Store> store_;  // after what its callbacks use
  State state_;
  std::deque<Event> events_;
  std::uint64_t next_seq_ = 1;
  std::int64_t next_tick_ms_ = 0;
  std::int64_t next_reload_ms_ = 0;
  std::int64_t lifeline_end_ms_ = -1;
  std::filesystem::file_time_type keys_changed_{};
};

}  // namespace tenon::tracker
