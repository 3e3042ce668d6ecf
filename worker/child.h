// Child processes of the daemon that may run hostile code: started with a control socket, watched
// by a wall clock, killed with all their descendants, and explained afterwards.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "compiler/support/descriptor.h"
#include "compiler/support/subprocess.h"
#include "rpc/wire/pipe.h"

namespace tenon {

// Makes this process the one that orphaned descendants fall to. Call once, before any child.
void become_subreaper();

// The children that are meant to be alive. Whatever else falls to this process is a stray:
// something that a candidate left behind.
class ChildTable {
 public:
  // Starts a child that is known from its first instant. Throws IoError.
  Subprocess spawn(const SpawnOptions& options);
  void remove(pid_t pid);

  // Kills and reaps strays until none is left; returns how many there were. Gives up after 5 s
  // (a process that the kernel cannot end) and then returns -1.
  int kill_strays();

  // Kills the groups of all children, and refuses to start others from now on.
  void close();

 private:
  std::vector<pid_t> list_strays();

  std::mutex mutex_;
  std::set<pid_t> known_;
  bool is_closed_ = false;
};

struct ChildOptions {
  std::vector<std::string> argv;
  int extra_fd = -1;      // becomes descriptor 4
  std::vector<int> cpus;  // affinity from the start; empty: this process's
};

// One child with a control socket as its descriptor 3. Used by one thread, but kill() may come from
// any. Destroying it ends the child and its strays.
class Child {
 public:
  // Throws IoError when it cannot be started.
  Child(ChildTable& table, const ChildOptions& options);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next frame. kClosed also when the child has ended while something that it left behind
  // keeps the socket open.
  std::variant<rpc::PipeFrame, rpc::PipeFailure> receive(int timeout_ms, uint32_t max_body_bytes);

  // True when the child has ended.
  bool has_ended();

  template <class T>
  bool send(uint16_t type, const T& message, int timeout_ms) {
    return rpc::write_message(control_.get(), type, message, timeout_ms);
  }
  bool send_empty(uint16_t type, int timeout_ms) {
    return rpc::write_frame(control_.get(), type, {}, timeout_ms);
  }

  // SIGKILL to the group; any thread, any number of times.
  void kill();

  // Waits up to grace_ms for the child to end by itself, kills what is left, and says how the child
  // ended. Safe to call again.
  ExitStatus finish(int grace_ms);

  // What it wrote to standard output and error, at most 64 KiB; after finish().
  std::string output();

 private:
  bool ends_within(int timeout_ms);  // negative: for ever

  ChildTable& table_;
  Descriptor control_;
  Descriptor output_;
  std::mutex mutex_;
  std::optional<Subprocess> process_;
  std::optional<ExitStatus> status_;
};

}  // namespace tenon
