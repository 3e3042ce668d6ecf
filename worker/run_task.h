// Measuring one candidate from the daemon's side: a fresh runner child, outputs compared here (a
// process without candidate code), times believed only within this side's wall clock.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/runtime/compare.h"
#include "compiler/runtime/nd_array.h"
#include "worker/child.h"
#include "worker/protocol/metadata.h"
#include "worker/protocol/runner.h"

namespace tenon {

struct RunSettings {
  std::string runner_program;
  std::vector<std::string> skipped_steps;  // of the sandbox
  uint32_t default_wall_ms = 60'000;       // when the lease names no limit
};

// Everything that a run needs, with the artifacts already in the cache.
struct RunInput {
  rpc::Fence fence;  // names the run for cancel()
  rpc::RunSpec spec;
  std::filesystem::path artifact;
  std::filesystem::path reference;
  uint32_t wall_limit_ms = 0;
  uint64_t memory_limit_bytes = 0;
  std::vector<uint32_t> cpus;  // one a thread; empty: unpinned
  std::string environment;     // copied into the report
};

struct RunOutput {
  rpc::Outcome outcome = rpc::Outcome::kInternal;
  std::string detail;
  std::optional<rpc::RunReport> report;
  std::vector<SandboxStep> sandbox;
  bool is_killed = false;  // the runner got a SIGKILL that is not ours: worth another try
};

// The outputs of one run: seeds in order, and in each the outputs in order.
using RunArrays = std::vector<std::vector<NdArray>>;

// Outputs of references by (artifact, seeds), the least recently used dropped over a byte limit.
class ReferenceCache {
 public:
  std::shared_ptr<const RunArrays> find(const rpc::RunSpec& spec);
  void add(const rpc::RunSpec& spec, std::shared_ptr<const RunArrays> arrays);

 private:
  struct Entry {
    rpc::Digest digest;
    std::vector<uint64_t> seeds;
    std::shared_ptr<const RunArrays> arrays;
    int64_t size_bytes = 0;
  };
  std::list<Entry> entries_;  // most recent first
  int64_t total_bytes_ = 0;
};

// Runs one after the other on one thread; cancel() may come from any other.
class RunExecutor {
 public:
  RunExecutor(ChildTable& table, RunSettings settings);

  RunOutput run(const RunInput& input);

  // Ends the run in progress if it has this fence; it then gives kCancelled.
  void cancel(const rpc::Fence& fence);

 private:
  struct Session;

  bool is_cancelled();
  RunOutput run_twice(const RunInput& input);
  RunOutput run_once(const RunInput& input);
  RunOutput run_reference(const RunInput& input, std::shared_ptr<const RunArrays>* arrays);
  void start(Session* session, const RunInput& input, bool is_reference);
  void follow(Session* session, const RunArrays* reference, bool is_measured);

  ChildTable& table_;
  RunSettings settings_;
  ReferenceCache references_;
  std::mutex mutex_;
  std::optional<rpc::Fence> current_;  // guarded by mutex_, as are the two below
  Child* running_ = nullptr;
  bool is_cancelled_ = false;
};

// How a runner that did not finish is judged: by signal, by limits, by how far it had come.
struct RunnerEnd {
  ExitStatus status;
  bool is_timed_out = false;
  bool has_loaded = false;  // candidate code may have run
};
RunOutput judge_end(const RunnerEnd& end);

// Whether times can be true: their sum fits the wall clock of the sampling phase as this side saw
// it, and fills at least half of it. "" or what is wrong.
std::string check_times(const MeasuredReport& measured, int64_t sampling_wall_ns);

}  // namespace tenon
