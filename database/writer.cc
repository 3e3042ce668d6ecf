#include "database/writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::database {
namespace {

constexpr int kCommitsPerCheckpoint = 1000;
constexpr int kWalPagesPerCheckpoint = 4096;  // 32 MiB of 8 KiB pages
constexpr auto kIdle = std::chrono::seconds(2);

Written failed(const std::string& error) {
  return {.disposition = Disposition::kFailed, .id = 0, .rseq = 0, .error = error};
}

bool is_final_fault(DatabaseFault fault) {
  return fault == DatabaseFault::kBroken || fault == DatabaseFault::kOther;
}

}  // namespace

GroupCommitter::GroupCommitter(std::unique_ptr<Connection> connection, WriteContext context)
    : connection_(std::move(connection)), context_(context) {}

std::vector<Written> GroupCommitter::apply_all(const std::vector<PendingWrite>& group) {
  std::vector<Written> results;
  results.reserve(group.size());
  for (const PendingWrite& pending : group) {
    connection_->run("SAVEPOINT one");
    Written written = apply(*connection_, pending.write, context_);
    if (connection_->fault() == DatabaseFault::kConstraint) {
      // The checks in code come first, so this is a rule that only the schema knows.
      written = rejected(connection_->error());
      connection_->clear_error();
      connection_->run("ROLLBACK TO one");
    }
    connection_->run("RELEASE one");
    if (connection_->failed()) break;
    results.push_back(std::move(written));
  }
  return results;
}

std::string GroupCommitter::give_up() {
  const std::string error = connection_->error();
  if (is_final_fault(connection_->fault())) failure_ = error;
  connection_->clear_error();
  // A full disk has often rolled back already.
  if (connection_->in_transaction()) connection_->run("ROLLBACK");
  if (connection_->failed()) failure_ = connection_->error();
  connection_->clear_error();
  return error;
}

void GroupCommitter::commit(std::vector<PendingWrite>& group) {
  std::vector<Written> results;
  if (failure_.empty()) {
    connection_->run("BEGIN IMMEDIATE");
    results = apply_all(group);
    connection_->run("COMMIT");
    ++num_commits_;
    if (connection_->failed()) results.assign(group.size(), failed(give_up()));
  } else {
    results.assign(group.size(), failed(failure_));
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].done) group[i].done(results[i]);
  }
}

void GroupCommitter::checkpoint_if_due() {
  const bool is_due = num_commits_ >= kCommitsPerCheckpoint ||
                      connection_->num_wal_pages() >= kWalPagesPerCheckpoint;
  if (is_due) checkpoint(Checkpoint::kPassive);
}

void GroupCommitter::checkpoint(Checkpoint mode) {
  if (!failure_.empty()) return;
  num_commits_ = 0;
  connection_->checkpoint(mode);
  // Without room the log stays and the next checkpoint goes on; damage is final.
  if (connection_->failed()) give_up();
}

void GroupCommitter::close() {
  if (!failure_.empty()) return;
  connection_->run("INSERT OR REPLACE INTO meta(k, v) VALUES('clean_shutdown', '1')");
  checkpoint(Checkpoint::kTruncate);
}

Writer::Writer(std::unique_ptr<GroupCommitter> committer, WriterLimits limits)
    : committer_(std::move(committer)), limits_(limits) {
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Writer::write(PendingWrite pending, bool urgent) {
  std::string refusal;
  {
    const std::lock_guard lock(mutex_);
    refusal = failure_;
    if (refusal.empty() && static_cast<int>(pending_.size()) >= limits_.max_pending) {
      refusal = str_cat("the database has ", limits_.max_pending, " writes waiting: too many");
    }
    if (refusal.empty()) {
      pending_.push_back(std::move(pending));
      ++num_given_;
      is_urgent_ = is_urgent_ || urgent;
    }
  }
  if (refusal.empty()) {
    changed_.notify_all();
  } else if (pending.done) {
    pending.done(failed(refusal));
  }
}

void Writer::flush() {
  std::unique_lock lock(mutex_);
  const std::int64_t target = num_given_;
  is_urgent_ = num_finished_ < target;
  changed_.notify_all();
  changed_.wait(lock, [this, target] { return num_finished_ >= target; });
}

std::string Writer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::vector<PendingWrite> Writer::take_group() {
  std::unique_lock lock(mutex_);
  const auto has_work = [this] { return !pending_.empty() || is_ending_; };
  if (!changed_.wait_for(lock, kIdle, has_work)) {
    lock.unlock();
    if (committer_->connection().num_wal_pages() > 0) committer_->checkpoint(Checkpoint::kTruncate);
    lock.lock();
    changed_.wait(lock, has_work);
  }
  const auto is_full = [this] {
    return is_urgent_ || is_ending_ || static_cast<int>(pending_.size()) >= limits_.max_group;
  };
  changed_.wait_for(lock, std::chrono::milliseconds(limits_.window_ms), is_full);
  const auto count = std::min(pending_.size(), static_cast<std::size_t>(limits_.max_group));
  std::vector<PendingWrite> group;
  group.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    group.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  if (pending_.empty()) is_urgent_ = false;
  return group;
}

void Writer::run() {
  for (std::vector<PendingWrite> group = take_group(); !group.empty(); group = take_group()) {
    committer_->commit(group);
    committer_->checkpoint_if_due();
    {
      const std::lock_guard lock(mutex_);
      num_finished_ += static_cast<std::int64_t>(group.size());
      failure_ = committer_->failure();
    }
    changed_.notify_all();
  }
  committer_->close();
}

}  // namespace tenon::database
