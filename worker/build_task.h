// Building one candidate from the daemon's side: a long-lived builder child that is replaced after
// a crash, a time-out, a number of builds, or when it grows.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "worker/child.h"
#include "worker/protocol/builder.h"

namespace tenon {

struct BuildSettings {
  std::string builder_program;
  std::vector<int> cpus;              // affinity; empty: the daemon's
  uint32_t default_wall_ms = 60'000;  // when the lease names no limit
  uint32_t max_builds = 2000;         // of one child
  uint64_t max_resident_bytes = uint64_t{2} << 30;
};

struct BuildOutput {
  rpc::Outcome outcome = rpc::Outcome::kInternal;
  std::string detail;
  std::string library;  // of kOk
  std::string metadata;
  rpc::Toolchain toolchain;
  uint32_t build_ms = 0;
  uint32_t link_ms = 0;
  bool is_killed = false;  // the child got a SIGKILL that is not ours: worth another try
};

// Builds one after the other on one thread; cancel() may come from any other.
class BuildExecutor {
 public:
  BuildExecutor(ChildTable& table, BuildSettings settings);

  // Starts the child if there is none and says what it builds with; an outcome other than kOk when
  // it does not start.
  BuildOutput start();

  BuildOutput build(const rpc::Fence& fence, const rpc::BuildSpec& spec, uint32_t wall_limit_ms);

  // Ends the build in progress if it has this fence; it then gives kCancelled.
  void cancel(const rpc::Fence& fence);

 private:
  BuildOutput try_twice(const rpc::BuildSpec& spec, uint32_t wall_limit_ms);
  BuildOutput try_build(const rpc::BuildSpec& spec, uint32_t wall_limit_ms);
  BuildOutput receive_result(uint32_t wall_limit_ms);
  BuildOutput receive_library(const BuiltReport& report, int timeout_ms);
  BuildOutput lose_child(const rpc::PipeFailure& failure, uint32_t wall_limit_ms);
  void set_child(std::unique_ptr<Child> child);

  ChildTable& table_;
  BuildSettings settings_;
  rpc::Toolchain toolchain_;
  uint32_t num_builds_ = 0;
  std::mutex mutex_;
  std::unique_ptr<Child> child_;       // changed under mutex_, used by the building thread
  std::optional<rpc::Fence> current_;  // guarded by mutex_
  bool is_cancelled_ = false;          // guarded by mutex_
};

}  // namespace tenon
