// Group commit: acknowledged means durable, one bad write hurts no other, limits hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "database/sqlite/open.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

StoreOptions threaded(const std::string& path) {
  StoreOptions options;
  options.path = path;
  return options;
}

// Seen through another connection: what a reader, or a restart, would see.
std::int64_t count_rows(const std::string& path, const std::string& table) {
  const auto reader = open_reader(path);
  return reader->integer("SELECT count(*) FROM " + table).value_or(-1);
}

TEST(GroupCommit, AWriteIsReportedOnlyWhenOthersSeeIt) {
  const Place place;
  const auto store = Store::open(threaded(place.path));
  std::atomic<int> num_visible = 0;
  for (int i = 0; i < 20; ++i) {
    store->write(make_workload(i), [&, i](const Written& written) {
      const auto reader = open_reader(place.path);
      const auto id =
          reader->integer("SELECT id FROM workload WHERE text = ?1", make_workload(i).text);
      if (id == written.id) ++num_visible;
    });
  }
  store->flush();
  EXPECT_EQ(num_visible, 20);
}

TEST(GroupCommit, ManyWritesShareOneCommit) {
  const Place place;
  StoreOptions options = threaded(place.path);
  options.commit_window_ms = 60'000;  // only a full group or a flush ends the window
  const auto store = Store::open(options);
  std::mutex mutex;
  std::vector<std::int64_t> seen;  // rows that were there when each callback ran
  for (int i = 0; i < 300; ++i) {
    store->write(make_workload(i), [&](const Written&) {
      const std::int64_t rows = count_rows(place.path, "workload");
      const std::lock_guard lock(mutex);
      seen.push_back(rows);
    });
  }
  store->flush();
  ASSERT_EQ(seen.size(), 300u);
  EXPECT_EQ(std::set<std::int64_t>(seen.begin(), seen.end()), (std::set<std::int64_t>{256, 300}));
}

TEST(GroupCommit, AWriteWaitsForCompanyUntilItsWindowEnds) {
  const Place place;
  StoreOptions options = threaded(place.path);
  options.commit_window_ms = 600'000;
  const auto store = Store::open(options);
  std::atomic<int> num_done = 0;
  for (int i = 0; i < 5; ++i) {
    store->write(make_workload(i), [&](const Written&) { ++num_done; });
    // Time enough for an eager writer to commit it.
    for (int look = 0; look < 40; ++look) EXPECT_EQ(count_rows(place.path, "workload"), 0);
  }
  EXPECT_EQ(num_done, 0);
  store->flush();
  EXPECT_EQ(num_done, 5);
}

// Only tampering leads here: every rule of the schema is checked in code first.
TEST(GroupCommit, WhatOnlyTheSchemaRefusesLeavesNoTrace) {
  const Place place;
  const auto store = Store::open(inline_options(place.path));
  add_catalogue(*store);
  const AddedTasks added = add_job_with(*store, "net", {make_task(1, 1), make_task(1, 2)});
  const auto commit = [&](std::int64_t task, const LogRecord& record) {
    Written result;
    store->write(make_result(task, store->epoch(), 1, record),
                 [&](const Written& written) { result = written; });
    return result;
  };
  EXPECT_EQ(commit(added.first_task, make_record(1, 1, 500)).disposition, Disposition::kAccepted);
  {
    const auto tamper = Connection::open(place.path, OpenMode::kReadWrite);
    tamper->script("UPDATE job SET next_rseq = 1");
    tamper->throw_if_failed();
  }
  const Written refused = commit(added.first_task + 1, make_record(1, 2, 400));
  EXPECT_EQ(refused.disposition, Disposition::kRejected);
  EXPECT_NE(refused.error.find("UNIQUE constraint failed"), std::string::npos) << refused.error;
  EXPECT_TRUE(store->attempts(added.first_task + 1).empty());
  EXPECT_EQ(store->task(added.first_task + 1)->state, TaskState::kQueued);
  EXPECT_EQ(store->bests(make_target().hash(), make_class().hash())[0].stored.q10_ns, 500u);
}

TEST(GroupCommit, CallbacksComeInOrder) {
  const Place place;
  const auto store = Store::open(threaded(place.path));
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    store->write(make_workload(i % 10), [&order, i](const Written&) { order.push_back(i); });
  }
  store->flush();
  ASSERT_EQ(order.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(GroupCommit, ARejectedWriteHurtsNoOtherOfItsGroup) {
  const Place place;
  StoreOptions options = threaded(place.path);
  options.commit_window_ms = 60'000;
  const auto store = Store::open(options);
  std::vector<Disposition> dispositions;
  const auto note = [&](const Written& written) { dispositions.push_back(written.disposition); };
  store->write(make_workload(1), note);
  store->write(WorkloadRecord{"bad", "text"}, note);
  store->write(AddJob{make_job("net")}, note);
  store->write(AddTasks{77, 0, {make_task(1, 1)}, 0}, note);
  store->write(make_workload(2), note);
  store->flush();
  EXPECT_EQ(dispositions, (std::vector<Disposition>{Disposition::kAccepted, Disposition::kRejected,
                                                    Disposition::kAccepted, Disposition::kRejected,
                                                    Disposition::kAccepted}));
  EXPECT_EQ(count_rows(place.path, "workload"), 2);
  EXPECT_EQ(count_rows(place.path, "job"), 1);
}

TEST(GroupCommit, ThreadsWriteAtOnceAndNothingIsLost) {
  const Place place;
  const auto store = Store::open(threaded(place.path));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 50; ++i) store->write_sync(make_workload(t * 1000 + i));
    });
  }
  std::thread reader([&store] {
    for (int i = 0; i < 50; ++i) {
      store->workload(make_workload(i).hash);
      store->jobs();
    }
  });
  for (std::thread& thread : threads) thread.join();
  reader.join();
  EXPECT_EQ(count_rows(place.path, "workload"), 200);
}

TEST(GroupCommit, AWaitingCallerDoesNotWaitForTheWindow) {
  const Place place;
  StoreOptions options = threaded(place.path);
  options.commit_window_ms = 600'000;  // the test would time out
  const auto store = Store::open(options);
  EXPECT_EQ(store->write_sync(make_workload(1)).disposition, Disposition::kAccepted);
}

TEST(GroupCommit, AFullQueueRefusesAtOnce) {
  const Place place;
  StoreOptions options = threaded(place.path);
  options.commit_window_ms = 600'000;
  options.max_pending = 10;
  const auto store = Store::open(options);
  std::atomic<int> num_done = 0;
  for (int i = 0; i < 10; ++i) store->write(make_workload(i), [&](const Written&) { ++num_done; });
  std::string error;
  store->write(make_workload(11), [&](const Written& written) { error = written.error; });
  // The writer may have taken nothing yet: its window is open.
  EXPECT_EQ(error, "the database has 10 writes waiting: too many");
  store->flush();
  EXPECT_EQ(num_done, 10);
  EXPECT_THROW(store->write_sync(WorkloadRecord{"bad", ""}), UserError);
}

TEST(GroupCommit, ClosingCommitsWhatIsPending) {
  const Place place;
  std::atomic<int> num_done = 0;
  {
    StoreOptions options = threaded(place.path);
    options.commit_window_ms = 600'000;
    const auto store = Store::open(options);
    for (int i = 0; i < 5; ++i) store->write(make_workload(i), [&](const Written&) { ++num_done; });
  }
  EXPECT_EQ(num_done, 5);
  EXPECT_EQ(count_rows(place.path, "workload"), 5);
  // The log was moved into the file: nothing but the database and its lock stays.
  EXPECT_FALSE(std::filesystem::exists(place.path + "-wal") &&
               std::filesystem::file_size(place.path + "-wal") > 0);
}

TEST(GroupCommit, AReaderKeepsItsSnapshotWhileOthersWrite) {
  const Place place;
  const auto store = Store::open(threaded(place.path));
  store->write_sync(make_workload(1));
  store->with_connection([&](Connection& connection) {
    const auto count = [&] { return connection.integer("SELECT count(*) FROM workload"); };
    EXPECT_EQ(count(), 1);
    store->write_sync(make_workload(2));
    EXPECT_EQ(count(), 1);
  });
  EXPECT_EQ(count_rows(place.path, "workload"), 2);
}

TEST(GroupCommit, AReaderCannotWrite) {
  const Place place;
  const auto store = Store::open(threaded(place.path));
  EXPECT_THROW(store->with_connection([](Connection& connection) {
    connection.run("INSERT INTO meta(k, v) VALUES('a', 'b')");
  }),
               IoError);
}

}  // namespace
}  // namespace tenon::database
