#include "compiler/support/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

template <typename Action>
std::string io_error_text(Action action) {
  try {
    action();
  } catch (const IoError& error) {
    return error.what();
  }
  return "no error";
}

size_t num_entries(const fs::path& directory) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(Files, WhatIsWrittenIsRead) {
  TempDir dir;
  std::string bytes("a\0b", 3);
  bytes += std::string(200000, 'x');
  write_file_atomically(dir.path() / "f", bytes);
  EXPECT_EQ(read_file(dir.path() / "f"), bytes);
  write_file_atomically(dir.path() / "f", "");
  EXPECT_EQ(read_file(dir.path() / "f"), "");
  EXPECT_EQ(num_entries(dir.path()), 1u);
}

TEST(Files, ErrorsNameThePathAndTheReason) {
  TempDir dir;
  fs::path missing = dir.path() / "none" / "f";
  EXPECT_EQ(io_error_text([&] { read_file(missing); }),
            "read " + missing.string() + ": No such file or directory");
  EXPECT_EQ(io_error_text([&] { read_file(dir.path()); }),
            "read " + dir.path().string() + ": Is a directory");
  EXPECT_EQ(io_error_text([&] { write_file_atomically(missing, "x"); }),
            "write " + missing.string() + ": No such file or directory");
}

TEST(Files, AFailedWriteLeavesTheOldFileAndNothingBeside) {
  TempDir dir;
  fs::create_directory(dir.path() / "target");
  write_file_atomically(dir.path() / "target" / "inside", "old");
  EXPECT_THAT(io_error_text([&] { write_file_atomically(dir.path() / "target", "new"); }),
              HasSubstr("write "));
  EXPECT_EQ(num_entries(dir.path()), 1u);
  EXPECT_EQ(read_file(dir.path() / "target" / "inside"), "old");
}

TEST(Files, AFullDiskIsOneClearError) {
  Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(io_error_text([&] { write_all(full.get(), "x", "/dev/full"); }),
            "write /dev/full: No space left on device");
}

TEST(Files, TheSizeLimitIsKept) {
  TempDir dir;
  write_file_atomically(dir.path() / "f", "12345");
  EXPECT_EQ(read_file(dir.path() / "f", 5), "12345");
  EXPECT_THAT(io_error_text([&] { read_file(dir.path() / "f", 4); }),
              HasSubstr("larger than the limit of 4 B"));
}

TEST(Files, ModeIsTheGivenOneLessTheUmask) {
  TempDir dir;
  mode_t before = ::umask(022);
  write_file_atomically(dir.path() / "f", "x", 0666);
  write_file_atomically(dir.path() / "key", "x", 0600);
  ::umask(before);
  EXPECT_EQ(fs::status(dir.path() / "f").permissions(), static_cast<fs::perms>(0644));
  EXPECT_EQ(fs::status(dir.path() / "key").permissions(), static_cast<fs::perms>(0600));
}

TEST(Files, TempDirIsPrivateAndGoesAway) {
  fs::path path;
  {
    TempDir dir("tenon-test");
    path = dir.path();
    EXPECT_EQ(fs::status(path).permissions(), static_cast<fs::perms>(0700));
    make_directories(path / "a" / "b" / "c");
    make_directories(path / "a" / "b" / "c");
    write_file_atomically(path / "a" / "b" / "f", "x");
    EXPECT_THAT(io_error_text([&] { make_directories(path / "a" / "b" / "f"); }),
                HasSubstr("File exists"));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(Files, DirectoriesFollowTheEnvironment) {
  TempDir dir;
  ::setenv("XDG_STATE_HOME", dir.path().c_str(), 1);
  EXPECT_EQ(state_directory(), dir.path() / "tenon");
  ::setenv("XDG_STATE_HOME", "relative", 1);
  ::setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(state_directory(), "/home/someone/.local/state/tenon");
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(cache_directory(), "/home/someone/.cache/tenon");
  ::setenv("XDG_RUNTIME_DIR", dir.path().c_str(), 1);
  EXPECT_EQ(runtime_parent_directory(), dir.path());
  ::setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
  EXPECT_EQ(runtime_parent_directory(), "/tmp");
}

}  // namespace
}  // namespace tenon
