// kill -9 at any moment: what was acknowledged is there, nothing is there twice, and a new opening
// goes on in the next epoch.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "compiler/support/descriptor.h"
#include "compiler/support/rng.h"
#include "compiler/support/text.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

constexpr int kTasksARound = 400;

// Writes one task after the other and says on `acks` which result is committed. Never returns.
[[noreturn]] void run_writer(const std::string& path, const Descriptor& acks, int round) {
  StoreOptions options;
  options.path = path;
  options.commit_window_ms = 1;
  options.max_group = 16;
  const auto store = Store::open(options);
  add_catalogue(*store);
  std::vector<NewTask> tasks;
  for (int i = 0; i < kTasksARound; ++i) tasks.push_back(make_task(1 + i % 3, i));
  const AddedTasks added = add_job_with(*store, str_cat("round ", round), tasks);
  for (int i = 0; i < kTasksARound; ++i) {
    const std::int64_t task = added.first_task + i;
    const LogRecord record = make_record(1 + i % 3, i, 1000 + static_cast<std::uint64_t>(i));
    store->write(make_result(task, store->epoch(), 1, record), [&, task](const Written& written) {
      const std::string line = str_cat(task, " ", written.id, "\n");
      if (::write(acks.get(), line.data(), line.size()) < 0) ::_exit(3);
    });
  }
  store->flush();
  for (;;) ::pause();
}

// (task, measurement) pairs that the child acknowledged before it was killed.
std::vector<std::pair<std::int64_t, std::int64_t>> run_round(const std::string& path, int round,
                                                             std::size_t kill_after) {
  Pipe pipe = make_pipe();
  const pid_t child = ::fork();
  if (child == 0) {
    pipe.read_end.reset();
    run_writer(path, pipe.write_end, round);
  }
  pipe.write_end.reset();
  std::string text;
  char buffer[256];
  while (split(text, '\n').size() <= kill_after) {
    const ssize_t count = ::read(pipe.read_end.get(), buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  ::kill(child, SIGKILL);
  // What it had said before it died counts as well.
  for (ssize_t count; (count = ::read(pipe.read_end.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  std::vector<std::pair<std::int64_t, std::int64_t>> acks;
  for (const std::string& line : split_lines(text)) {
    const auto words = split(line, ' ');
    if (words.size() == 2) acks.emplace_back(*parse_int(words[0]), *parse_int(words[1]));
  }
  return acks;
}

TEST(Crash, WhatWasAcknowledgedSurvivesKill) {
  const Place place;
  Rng rng(11);
  std::set<std::pair<std::int64_t, std::int64_t>> all_acks;
  for (int round = 1; round <= 12; ++round) {
    const std::size_t kill_after = rng.below(kTasksARound);
    const auto acks = run_round(place.path, round, kill_after);
    all_acks.insert(acks.begin(), acks.end());
    const auto store = Store::open(inline_options(place.path));
    SCOPED_TRACE(str_cat("round ", round, ", killed after ", kill_after));
    EXPECT_EQ(store->epoch(), 2 * round);
    EXPECT_EQ(audit_text(*store), "");
    std::set<std::pair<std::int64_t, std::int64_t>> stored;
    for (const JobRecord& job : store->jobs()) {
      for (const StoredMeasurement& result : store->job_results(job.id, 1, 1 << 20)) {
        EXPECT_TRUE(stored.emplace(result.task_id, result.id).second);
      }
    }
    for (const auto& ack : all_acks) EXPECT_TRUE(stored.contains(ack)) << "task " << ack.first;
    // An unacknowledged task is open, not half done; the next epoch can finish it.
    const auto open = store->open_tasks();
    for (const TaskRecord& task : open) EXPECT_EQ(task.num_attempts, 0);
  }
  EXPECT_GT(all_acks.size(), 100u);
}

TEST(Crash, AKilledWriterHoldsNoLock) {
  const Place place;
  run_round(place.path, 1, 10);
  EXPECT_EQ(Store::open(inline_options(place.path))->epoch(), 2);
}

}  // namespace
}  // namespace tenon::database
