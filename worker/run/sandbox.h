// The walls around candidate code. Each step either takes hold or says why it could not; the
// daemon records that, `doctor` shows it, and --require-sandbox refuses to work without it.
//
// Order matters. Before the thread team exists: enter_sandbox (everything that threads inherit).
// After it: seal_sandbox (the system-call filter of all threads, which also forbids new ones).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/protocol/runner.h"

namespace tenon {

// The steps in their order; also the names for --skip-sandbox and --require-sandbox.
inline constexpr const char* kSandboxSteps[] = {"processes", "network", "no_new_privs", "rlimits",
                                                "landlock",  "uid",     "seccomp"};

struct SandboxLimits {
  uint64_t memory_bytes = 0;  // of address space; 0: none
  uint32_t wall_ms = 0;       // processor time is limited to this times the threads, plus a second
  uint32_t threads = 1;
  int artifact_fd = -1;  // the only file that may still be opened
  std::vector<std::string> skipped;
};

// Steps "processes" to "uid", in this thread, which must be the only one: with "processes" done
// this returns in another process, and the first one waits for it and ends as it ends.
std::vector<SandboxStep> enter_sandbox(const SandboxLimits& limits);

// Step "seccomp", in all threads of the process.
SandboxStep seal_sandbox(const SandboxLimits& limits);

}  // namespace tenon
