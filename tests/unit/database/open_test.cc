// Opening: what is refused, with which words, and that a refusal changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "database/lock_file.h"
#include "database/migrations.h"
#include "database/sqlite/open.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string open_error(const StoreOptions& options) {
  try {
    Store::open(options);
  } catch (const UserError& error) {
    return str_cat("user: ", error.what());
  } catch (const IoError& error) {
    return str_cat("io: ", error.what());
  }
  return "opened";
}

StoreOptions reading(const std::string& path) {
  StoreOptions options;
  options.path = path;
  options.mode = StoreMode::kRead;
  return options;
}

// Every file of the directory with its content's hash.
std::string directory_digest(const Place& place) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::directory_iterator(place.directory.path())) {
    lines.push_back(entry.path().filename().string() + " " + sha256_hex(read_file(entry.path())));
  }
  std::sort(lines.begin(), lines.end());
  return join(lines, "\n");
}

// SQL outside of the store's rules.
void run_raw(const std::string& path, const std::string& sql) {
  const auto connection = Connection::open(path, OpenMode::kCreate);
  connection->script(sql);
  connection->throw_if_failed();
}

TEST(Open, MakesTheFileItsFolderAndCountsTheEpoch) {
  const Place place;
  const std::string path = place.file("a/b/tenon.db");
  EXPECT_EQ(Store::open(inline_options(path))->epoch(), 1);
  EXPECT_EQ(Store::open(inline_options(path))->epoch(), 2);
  StoreOptions threaded;
  threaded.path = path;
  EXPECT_EQ(Store::open(threaded)->epoch(), 3);
  EXPECT_EQ(Store::open(reading(path))->epoch(), 0);
  const auto connection = open_reader(path);
  EXPECT_EQ(connection->integer("PRAGMA application_id"), 0x544E4E31);
  EXPECT_EQ(connection->integer("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(connection->integer("PRAGMA page_size"), 8192);
  EXPECT_EQ(connection->text("PRAGMA journal_mode"), "wal");
}

TEST(Open, WriterSettingsAreOnEveryOpening) {
  const Place place;
  for (int i = 0; i < 2; ++i) {
    const auto connection = open_writer(place.path);
    EXPECT_EQ(connection->integer("PRAGMA synchronous"), 2);
    EXPECT_EQ(connection->integer("PRAGMA foreign_keys"), 1);
    EXPECT_EQ(connection->integer("PRAGMA wal_autocheckpoint"), 0);
    EXPECT_EQ(connection->integer("PRAGMA trusted_schema"), 0);
  }
}

TEST(Open, ADatabaseOfANewerVersionIsRefusedUnchanged) {
  const Place place;
  Store::open(inline_options(place.path));
  fs::remove(place.path + ".lock");
  run_raw(place.path, "PRAGMA user_version = 2");
  run_raw(place.path, "PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string before = directory_digest(place);
  const std::string words = "user: database " + place.path +
                            " was made by a newer Tenon: its schema is version 2, this program "
                            "knows up to 1\nhint: nothing was changed; use the newer Tenon, or "
                            "name another file with --db";
  EXPECT_EQ(open_error(inline_options(place.path)), words);
  EXPECT_EQ(open_error(reading(place.path)), words);
  EXPECT_EQ(directory_digest(place), before);
}

TEST(Open, ANewerVersionThatIsStillInTheLogIsRefused) {
  const Place place;
  Store::open(inline_options(place.path));
  const auto other = Connection::open(place.path, OpenMode::kReadWrite);
  other->script("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 7");
  other->throw_if_failed();
  const std::string file = sha256_hex(read_file(place.path));
  const std::string log = sha256_hex(read_file(place.path + "-wal"));
  EXPECT_THAT(open_error(inline_options(place.path)), HasSubstr("its schema is version 7"));
  EXPECT_EQ(sha256_hex(read_file(place.path)), file);
  EXPECT_EQ(sha256_hex(read_file(place.path + "-wal")), log);
}

TEST(Open, WhatIsNoTenonDatabaseIsRefusedUnchanged) {
  const Place place;
  std::ofstream(place.path) << std::string(5000, 'x');
  const std::string before = directory_digest(place);
  EXPECT_EQ(open_error(inline_options(place.path)),
            "user: not a Tenon database: " + place.path +
                " (no SQLite file)\nhint: nothing was changed; name another file with --db");
  EXPECT_EQ(directory_digest(place), before);

  const std::string other = place.file("other.db");
  run_raw(other, "CREATE TABLE t(a)");
  EXPECT_THAT(open_error(inline_options(other)), HasSubstr("(another program's SQLite file)"));
  EXPECT_THAT(open_error(reading(other)), HasSubstr("(another program's SQLite file)"));
  const std::string tiny = place.file("tiny.db");
  std::ofstream(tiny) << "SQLite format 3";
  EXPECT_THAT(open_error(inline_options(tiny)), HasSubstr("(no SQLite file)"));
  EXPECT_THAT(open_error(inline_options(place.directory.path().string())),
              HasSubstr("(not a regular file)"));
}

TEST(Open, AnEmptyFileBecomesADatabase) {
  const Place place;
  std::ofstream(place.path).flush();
  EXPECT_EQ(open_error(inline_options(place.path)), "opened");
  // Killed between making the file and its first table: SQLite's header without content.
  const std::string begun = place.file("begun.db");
  run_raw(begun, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
  EXPECT_EQ(open_error(inline_options(begun)), "opened");
}

TEST(Open, ReadingNeedsADatabase) {
  const Place place;
  EXPECT_EQ(open_error(reading(place.path)),
            "user: no database at " + place.path +
                "\nhint: `tenon tune` makes one; `tenon import` makes one from a log");
  EXPECT_FALSE(fs::exists(place.path));
}

TEST(Open, ASecondWriterIsToldWhoHoldsIt) {
  const Place place;
  const auto first = Store::open(inline_options(place.path));
  EXPECT_EQ(open_error(inline_options(place.path)),
            str_cat("user: database ", place.path, " is in use by ",
                    program_path().filename().string(), " (process ", ::getpid(),
                    ", epoch 1)\nhint: one process writes at a time: wait for it, stop it, or name "
                    "another database"));
  EXPECT_EQ(first->write_sync(make_workload(1)).disposition, Disposition::kAccepted);
}

TEST(Open, ReadersComeAndGoBesideAWriter) {
  const Place place;
  const auto writer = Store::open(inline_options(place.path));
  writer->write_sync(make_workload(1));
  const auto reader = Store::open(reading(place.path));
  EXPECT_EQ(reader->workload(make_workload(1).hash), make_workload(1));
  writer->write_sync(make_workload(2));
  EXPECT_EQ(reader->workload(make_workload(2).hash), make_workload(2));
}

TEST(Open, AProgramThatHoldsALockFailsTheWriteNotTheStore) {
  const Place place;
  StoreOptions options = inline_options(place.path);
  options.busy_timeout_ms = 10;
  const auto store = Store::open(options);
  {
    const auto other = Connection::open(place.path, OpenMode::kReadWrite);
    other->script("BEGIN IMMEDIATE");
    std::string error;
    store->write(make_workload(1), [&](const Written& written) { error = written.error; });
    EXPECT_THAT(error, HasSubstr("another program holds a lock on it"));
    EXPECT_EQ(store->failure(), "");
  }
  EXPECT_EQ(store->write_sync(make_workload(1)).disposition, Disposition::kAccepted);
}

// Fills the middle of the file with rubbish.
void damage(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(path));
  for (std::streamoff at = 8192; at < size; at += 8192) {
    file.seekp(at);
    file << std::string(64, '\xa5');
  }
}

TEST(Damage, IsFoundOnStartAfterAnUncleanStop) {
  const Place place;
  {
    const auto store = Store::open(inline_options(place.path));
    add_catalogue(*store, 20);
  }
  run_raw(place.path, "UPDATE meta SET v = '0' WHERE k = 'clean_shutdown'");
  damage(place.path);
  EXPECT_THAT(open_error(inline_options(place.path)), HasSubstr("io: database " + place.path));
}

TEST(Damage, SurfacesAsOneClearErrorWhenRead) {
  const Place place;
  {
    const auto store = Store::open(inline_options(place.path));
    add_catalogue(*store, 20);
  }
  damage(place.path);
  const auto store = Store::open(reading(place.path));
  try {
    store->workload(make_workload(1).hash);
    FAIL() << "damage was not noticed";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the file is damaged or its disk failed: restore a copy"));
  }
}

TEST(Lock, SaysSoWhenTheHolderIsJustStarting) {
  const Place place;
  const LockFile lock(place.path);
  std::ofstream(place.path + ".lock", std::ios::trunc).flush();
  EXPECT_THAT(open_error(inline_options(place.path)),
              HasSubstr("is in use by a process that is just starting"));
}

TEST(Migrate, AnOlderSchemaIsUpgradedAndACopyKept) {
  const Place place;
  {
    const auto store = Store::open(inline_options(place.path));
    store->write_sync(make_workload(1));
  }
  std::vector<Migration> steps = migrations();
  const int next = steps.back().number + 1;
  steps.push_back({next, "next_step", "ALTER TABLE job ADD COLUMN note TEXT;"});
  {
    const auto connection = open_writer(place.path);
    migrate(*connection, place.path, steps);
    EXPECT_EQ(connection->integer("PRAGMA user_version"), next);
    EXPECT_EQ(connection->integer("SELECT count(*) FROM job WHERE note IS NULL"), 0);
    EXPECT_EQ(connection->integer("SELECT count(*) FROM workload"), 1);
    connection->throw_if_failed();
    EXPECT_EQ(connection->text(str_cat("SELECT v FROM meta WHERE k = 'migration_", next, "'")),
              "next_step");
  }
  const auto copy = open_reader(str_cat(place.path, ".schema", next - 1));
  EXPECT_EQ(copy->integer("SELECT count(*) FROM workload"), 1);
}

TEST(Migrate, AFailedStepLeavesTheSchemaAsItWas) {
  const Place place;
  Store::open(inline_options(place.path));
  std::vector<Migration> steps = migrations();
  const int next = steps.back().number + 1;
  steps.push_back({next, "broken", "ALTER TABLE job ADD COLUMN note TEXT; SELECT nonsense();"});
  const auto connection = open_writer(place.path);
  EXPECT_THROW(migrate(*connection, place.path, steps), IoError);
  EXPECT_EQ(connection->integer("PRAGMA user_version"), next - 1);
  EXPECT_EQ(connection->integer("SELECT count(*) FROM pragma_table_info('job') WHERE name = "
                                "'note'"),
            0);
}

TEST(Migrate, StepsAreNumberedFromOneWithoutGap) {
  int expected = 0;
  for (const Migration& step : migrations()) EXPECT_EQ(step.number, ++expected) << step.name;
  EXPECT_EQ(expected, kSchemaVersion);
}

}  // namespace
}  // namespace tenon::database
