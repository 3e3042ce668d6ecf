// A full or failing disk: clear errors, nothing acknowledged is lost, and a full disk is survived.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "database/sqlite/connection.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

WorkloadRecord big_workload(int number) {
  const std::string text = str_cat(number, std::string(100'000, 'x'));
  return {hash_named(text), text};
}

// Writes until one fails; gives how many were accepted.
int fill(Store& store, int first, std::string& error) {
  int num_accepted = 0;
  for (int i = first; error.empty() && i < first + 2000; ++i) {
    store.write(big_workload(i), [&](const Written& written) {
      if (written.disposition == Disposition::kAccepted) ++num_accepted;
      if (written.disposition == Disposition::kFailed) error = written.error;
    });
  }
  return num_accepted;
}

std::int64_t count_workloads(const Store& store) {
  std::int64_t count = 0;
  store.with_connection([&count](Connection& connection) {
    count = connection.integer("SELECT count(*) FROM workload").value_or(-1);
  });
  return count;
}

TEST(FullDisk, TheLimitOfTheFileFailsWritesAndKeepsWhatIsThere) {
  const Place place;
  StoreOptions options = inline_options(place.path);
  options.max_bytes = 2 << 20;
  int num_accepted = 0;
  {
    const auto store = Store::open(options);
    std::string error;
    num_accepted = fill(*store, 0, error);
    EXPECT_GT(num_accepted, 5);
    EXPECT_EQ(error, "database " + place.path +
                         ": database or disk is full [13] (no room: free "
                         "disk space or raise its limit)");
    EXPECT_THROW(store->write_sync(big_workload(5000)), IoError);
    EXPECT_EQ(store->failure(), "");
    EXPECT_EQ(count_workloads(*store), num_accepted);
    EXPECT_EQ(audit_text(*store), "");
  }
  options.max_bytes = 0;
  const auto store = Store::open(options);
  EXPECT_EQ(count_workloads(*store), num_accepted);
  EXPECT_EQ(store->write_sync(big_workload(5000)).disposition, Disposition::kAccepted);
}

// A small file system of its own, where that is allowed.
class SmallDisk {
 public:
  SmallDisk() {
    is_mounted_ = ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=6m") == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }
  std::string file(const std::string& name) const { return (directory_.path() / name).string(); }

 private:
  TempDir directory_{"tenon-disk"};
  bool is_mounted_ = false;
};

TEST(FullDisk, TheSameStoreGoesOnWhenThereIsRoomAgain) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  std::ofstream(disk.file("ballast")) << std::string(3 << 20, 'b');
  StoreOptions options;
  options.path = disk.file("tenon.db");
  options.commit_window_ms = 0;
  const auto store = Store::open(options);
  std::string error;
  int num_accepted = 0;
  for (int i = 0; error.empty() && i < 200; ++i) {
    store->write(big_workload(i), [&](const Written& written) {
      if (written.disposition == Disposition::kFailed) error = written.error;
      if (written.disposition == Disposition::kAccepted) ++num_accepted;
    });
    store->flush();
  }
  EXPECT_NE(error.find("database or disk is full"), std::string::npos) << error;
  EXPECT_EQ(store->failure(), "");
  std::filesystem::remove(disk.file("ballast"));
  EXPECT_EQ(store->write_sync(big_workload(5000)).disposition, Disposition::kAccepted);
  EXPECT_EQ(count_workloads(*store), num_accepted + 1);
  EXPECT_EQ(audit_text(*store), "");
}

// In a child, because the limit is the process's: every write beyond it is an input/output error.
int write_under_file_limit(const std::string& path, int acks) {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1 << 20, 1 << 20};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const auto store = Store::open(inline_options(path));
  std::string error;
  const int num_accepted = fill(*store, 0, error);
  const std::string text = str_cat(num_accepted);
  if (::write(acks, text.data(), text.size()) < 0) return 4;
  if (store->failure() != error || error.find("disk I/O error") == std::string::npos) return 2;
  // Nothing is written in memory only: a broken store refuses everything.
  std::string second;
  store->write(make_workload(1), [&](const Written& written) { second = written.error; });
  return second == error ? 0 : 3;
}

TEST(FailingDisk, AnInputOutputErrorStopsTheStoreAndKeepsWhatWasAcknowledged) {
  const Place place;
  Pipe pipe = make_pipe();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_under_file_limit(place.path, pipe.write_end.get()));
  pipe.write_end.reset();
  char buffer[32] = {};
  ASSERT_GT(::read(pipe.read_end.get(), buffer, sizeof buffer - 1), 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const auto store = Store::open(inline_options(place.path));
  EXPECT_EQ(count_workloads(*store), parse_int(buffer));
  EXPECT_GT(count_workloads(*store), 2);
  EXPECT_EQ(audit_text(*store), "");
}

}  // namespace
}  // namespace tenon::database
