// The daemon's working threads: one for each builder, one that fetches artifacts and one that
// measures. They take tasks and give back results; nothing here knows leases or sessions.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "compiler/support/log.h"
#include "rpc/net/blob_store.h"
#include "rpc/net/client.h"
#include "worker/build_task.h"
#include "worker/cores.h"
#include "worker/mailbox.h"
#include "worker/run_task.h"

namespace tenon {

// What a thread of a lane says to the main loop.
struct PhaseChange {
  rpc::Fence fence;
  rpc::Phase phase = rpc::Phase::kAccepted;
};
using LaneReport = std::variant<rpc::Result, PhaseChange>;

// Artifacts of this worker: a local store before the tracker's. Safe from any thread.
class ArtifactCache {
 public:
  ArtifactCache(rpc::BlobStoreOptions options, rpc::Client& client);

  // Stores locally and uploads.
  rpc::Digest publish(const std::string& bytes);
  // A local file with these bytes, fetched if it is not here and always hashed again; nullopt when
  // the tracker does not have them.
  std::optional<std::filesystem::path> fetch(const rpc::Digest& digest);

  // Both wait while the tracker is away, until this; then they throw IoError. A disk that is full,
  // here or there, is an rpc::StoreError.
  void stop() { is_stopping_ = true; }

 private:
  void put(const std::string& bytes);
  template <class Ask>
  auto ask_until_answered(Ask ask) -> decltype(ask());

  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;
  rpc::BlobStore store_;
  rpc::Client& client_;
};

// Tasks that were revoked while they waited or ran.
class AbortList {
 public:
  void add(const rpc::Fence& fence);
  // True once for an added fence.
  bool take(const rpc::Fence& fence);

 private:
  std::mutex mutex_;
  std::set<rpc::Fence> fences_;
};

struct LaneSettings {
  std::vector<int> cpus;  // of this worker
  std::vector<int> build_cpus;
  std::string device;      // serial
  std::string quiet_lock;  // file that is locked while measuring excludes all else; "": none
};

class Lanes {
 public:
  using ReportFunction = std::function<void(LaneReport)>;  // called from the lanes' threads

  Lanes(LaneSettings settings, ChildTable& children, ArtifactCache& artifacts, Log& log,
        ReportFunction report);
  // Ends what runs, by killing the children, and joins the threads.
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  void add_builder(std::unique_ptr<BuildExecutor> builder);
  void set_runner(std::unique_ptr<RunExecutor> runner);
  void start();

  void put(rpc::LeasedTask task);
  void abort(const rpc::Fence& fence);

 private:
  struct ReadyRun {
    rpc::LeasedTask task;
    RunInput input;
  };

  void build_loop(BuildExecutor* builder);
  void fetch_loop();
  void run_loop();
  rpc::Result build(BuildExecutor* builder, const rpc::LeasedTask& task);
  std::optional<rpc::Result> fetch(const rpc::LeasedTask& task, RunInput* input);
  rpc::Result run(const ReadyRun& ready);
  // Calls `work` and turns what it throws into a result that blames this worker.
  std::optional<rpc::Result> guard(const rpc::Fence& fence,
                                   const std::function<std::optional<rpc::Result>()>& work);
  void say(const rpc::Fence& fence, rpc::Phase phase) { report_(PhaseChange{fence, phase}); }

  LaneSettings settings_;
  ChildTable& children_;
  ArtifactCache& artifacts_;
  Log& log_;
  ReportFunction report_;
  AbortList aborted_;
  TurnGate gate_;
  std::atomic<bool> is_stopping_{false};
  std::vector<std::unique_ptr<BuildExecutor>> builders_;
  std::unique_ptr<RunExecutor> runner_;
  Mailbox<rpc::LeasedTask> builds_;
  Mailbox<rpc::LeasedTask> fetches_;
  Mailbox<ReadyRun> runs_;
  std::vector<std::thread> threads_;
};

}  // namespace tenon
