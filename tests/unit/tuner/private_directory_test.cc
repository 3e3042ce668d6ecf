// The directories of private fleets: the next fleet removes what a killed one left, and no other.
#include "tuner/session/private_directory.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

namespace fs = std::filesystem;

struct PrivateDirectoryTest : testing::Test {
  TempDir parent;
  fs::path make(const std::string& name, bool has_lock) {
    const fs::path path = parent.path() / name;
    make_directories(path / "cache", 0700);
    if (has_lock) write_file_atomically(path / "lock", "");
    return path;
  }
};

TEST_F(PrivateDirectoryTest, GoesWithTheObject) {
  fs::path path;
  {
    const PrivateDirectory directory("tenon-tune", parent.path());
    path = directory.path();
    EXPECT_TRUE(fs::is_directory(path));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(PrivateDirectoryTest, AbandonedOnesGoWithTheNextOfTheSamePlace) {
  const fs::path abandoned = make("tenon-tune.abc123", true);
  const PrivateDirectory directory("tenon-tune", parent.path());
  EXPECT_FALSE(fs::exists(abandoned));
}

TEST_F(PrivateDirectoryTest, WhatIsInUseOrNotOursStays) {
  const PrivateDirectory first("tenon-tune", parent.path());
  const fs::path unlocked = make("tenon-tune.starts", false);
  const fs::path other = make("tenon.other", true);
  fs::create_directory_symlink(other, parent.path() / "tenon-tune.link");
  const PrivateDirectory second("tenon-tune", parent.path());
  EXPECT_TRUE(fs::exists(first.path()));
  EXPECT_TRUE(fs::exists(unlocked));
  EXPECT_TRUE(fs::exists(other / "lock"));
}

}  // namespace
}  // namespace tenon
