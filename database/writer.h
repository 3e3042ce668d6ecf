// Group commit: many writes, one transaction, one fsync. Owns the one writing connection; does
// every checkpoint. Internal to the store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "database/apply.h"
#include "database/sqlite/connection.h"
#include "database/writes.h"

namespace tenon::database {

using Done = std::function<void(const Written&)>;

struct PendingWrite {
  Write write;
  Done done;
};

// Commits groups on the calling thread.
class GroupCommitter {
 public:
  GroupCommitter(std::unique_ptr<Connection> connection, WriteContext context);

  // One transaction for all; then every `done` is called, in order. Writes that are rejected do not
  // hurt the others; an error of the disk fails them all.
  void commit(std::vector<PendingWrite>& group);
  // Moves the log into the file when it is long (kPassive) or always (kTruncate).
  void checkpoint_if_due();
  void checkpoint(Checkpoint mode);
  // The last act: notes that nothing was left undone.
  void close();

  // First error that no further write can survive, or "". Set by commit().
  const std::string& failure() const { return failure_; }
  Connection& connection() { return *connection_; }

 private:
  std::vector<Written> apply_all(const std::vector<PendingWrite>& group);
  // Rolls back what is left of the transaction and gives the error; remembers it if final.
  std::string give_up();

  std::unique_ptr<Connection> connection_;
  WriteContext context_;
  std::string failure_;
  int num_commits_ = 0;
};

struct WriterLimits {
  int window_ms = 5;
  int max_group = 256;
  int max_pending = 65536;
};

// The thread around it. All methods may be called from any thread.
class Writer {
 public:
  Writer(std::unique_ptr<GroupCommitter> committer, WriterLimits limits);
  ~Writer();  // commits what is pending, checkpoints

  // `urgent` ends the window: a caller waits.
  void write(PendingWrite pending, bool urgent);
  void flush();
  std::string failure() const;

 private:
  void run();
  // Blocks until there is a group, or nothing is left and the writer ends (empty).
  std::vector<PendingWrite> take_group();

  std::unique_ptr<GroupCommitter> committer_;
  const WriterLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PendingWrite> pending_;
  std::int64_t num_given_ = 0;
  std::int64_t num_finished_ = 0;
  bool is_urgent_ = false;
  bool is_ending_ = false;
  std::string failure_;
  std::thread thread_;
};

}  // namespace tenon::database
