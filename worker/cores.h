// Who may use which core: measuring gets cores of its own, building the rest; where nothing is
// left for building, the two take turns.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compiler/support/descriptor.h"

namespace tenon {

// The cores that this process may use, ascending.
std::vector<int> affinity_cpus();

struct CorePlan {
  std::vector<int> run;    // thread i of a measured kernel is pinned to run[i]
  std::vector<int> build;  // builders, and the daemon itself; never empty
  bool takes_turns = false;
};

// The last `run_threads` cores measure. Where that leaves none, `build` is all of them and
// takes_turns says so.
CorePlan plan_cores(const std::vector<int>& cpus, size_t run_threads);

// plan_cores, and moves the calling thread, and all that it starts later, to the build cores.
// A measured kernel then has its cores to itself as far as this process can see to it.
CorePlan reserve_cores(const std::vector<int>& cpus, size_t run_threads);

// The turns: any number of builds, or one batch of runs. A waiting run keeps new builds out; a
// batch of runs ends when its time is over and builds wait.
class TurnGate {
 public:
  static constexpr int64_t kMaxRunBatchMs = 2000;

  // Waits until no run holds or wants the gate (or the gate is not in use).
  void begin_build();
  void end_build();
  // Waits for the builds to end. now_ms is any clock that does not go back.
  void begin_run(int64_t now_ms);
  // True: the batch goes on and the next begin_run() returns at once.
  bool end_run(int64_t now_ms, bool has_more_runs);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int num_building_ = 0;
  int num_build_waiting_ = 0;
  bool is_running_ = false;
  bool is_run_waiting_ = false;
  int64_t batch_start_ms_ = 0;
};

// Exclusive use of measuring cores among all workers of this machine: an abstract socket name per
// core, which the kernel frees when its holder dies.
class DeviceLock {
 public:
  // nullopt while another process holds one of the cores.
  static std::optional<DeviceLock> try_acquire(const std::vector<int>& cpus);

 private:
  std::vector<Descriptor> held_;
};

}  // namespace tenon
