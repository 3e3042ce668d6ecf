// The worker daemon: one connection to a tracker, the lease book, and the lanes that do the work.
// It holds the key and the network; candidate code runs in its children only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compiler/support/log.h"
#include "rpc/net/keys.h"
#include "rpc/wire/types.h"

namespace tenon {

struct WorkerOptions {
  std::string tracker_url;
  rpc::PeerKey key;
  std::vector<rpc::Role> roles;
  std::string name;
  std::filesystem::path state_directory;  // spool and lock
  std::filesystem::path cache_directory;  // artifacts
  uint64_t cache_bytes = uint64_t{5} << 30;
  uint32_t run_threads = 1;  // cores kept for measuring
  uint32_t num_builders = 1;
  std::vector<std::string> skipped_steps;   // of the sandbox
  std::vector<std::string> required_steps;  // refuse to start without
  std::string quiet_lock;
  int lifeline_fd = -1;  // the daemon ends when the other side closes; -1: none
  std::string runner_program;
  std::string builder_program;
};

// Serves until a signal, the end of the lifeline, or a refusal by the tracker. Returns the exit
// code: 0, or 2 when the tracker refuses this worker. Throws UserError for options that cannot be
// met and IoError when the machine refuses. Needs to be the process's main thread, with no other
// threads and no children yet.
int serve_worker(const WorkerOptions& options, Log& log);

// What this machine offers as a device, one "NAME: VALUE" a line: serial, class, label, threads,
// instruction sets, environment, and each sandbox step as "sandbox NAME: STATE".
std::string describe_machine(const WorkerOptions& options);

}  // namespace tenon
