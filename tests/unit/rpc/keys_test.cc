// Key files: what is written can be read by this user alone, and everything else is refused by
// name.
#include "rpc/net/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "compiler/support/error.h"
#include "compiler/support/files.h"

namespace tenon::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

class Keys : public ::testing::Test {
 protected:
  TempDir dir_{"tenon-keys"};
  std::filesystem::path file_ = dir_.path() / "worker.key";
  PeerKey key_{make_key_pair(), make_key_pair().public_key};
};

TEST_F(Keys, APeerKeyIsWrittenFor0600AndReadBack) {
  write_peer_key(file_, key_);
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const PeerKey read = read_peer_key(file_);
  EXPECT_EQ(read.own.secret_key, key_.own.secret_key);
  EXPECT_EQ(read.own.public_key, key_.own.public_key);
  EXPECT_EQ(read.server_public_key, key_.server_public_key);
}

TEST_F(Keys, AnExistingKeyIsNotOverwritten) {
  write_peer_key(file_, key_);
  EXPECT_THAT(error_of([&] { write_peer_key(file_, key_); }),
              HasSubstr("exists already and is not overwritten"));
}

TEST_F(Keys, AKeyThatOthersMayReadIsRefused) {
  write_peer_key(file_, key_);
  ::chmod(file_.c_str(), 0644);
  EXPECT_THAT(error_of([&] { read_peer_key(file_); }),
              HasSubstr("others may read it; chmod 600 it"));
}

TEST_F(Keys, ALinkIsRefused) {
  write_peer_key(file_, key_);
  const auto link = dir_.path() / "link.key";
  std::filesystem::create_symlink(file_, link);
  EXPECT_THAT(error_of([&] { read_peer_key(link); }), HasSubstr("is a link"));
}

TEST_F(Keys, ATornKeyIsRefusedWithoutShowingTheSecret) {
  const std::string text = format_peer_key(key_);
  const std::string torn = text.substr(0, text.find("secret") + 20);
  const std::string error = error_of([&] { parse_peer_key(torn, "w.key"); });
  EXPECT_THAT(error, HasSubstr("key w.key: line \"secret\" needs one key of 40 Z85 characters"));
  EXPECT_THAT(error, Not(HasSubstr(key_.own.secret_key.substr(0, 10))));
  EXPECT_THAT(error_of([&] { parse_peer_key("hello", "w.key"); }),
              HasSubstr("the first line is not \"tenon-key 1\""));
}

TEST_F(Keys, ADirectoryKeepsItsServerKeyAndItsAuthorisedPeers) {
  const auto directory = dir_.path() / "keys";
  const TrackerKeys first = open_key_directory(directory);
  EXPECT_TRUE(first.authorized.empty());
  authorize(directory, {"board-7", key_.own.public_key, {Role::kBuild, Role::kRun}});
  const TrackerKeys second = open_key_directory(directory);
  EXPECT_EQ(second.server.secret_key, first.server.secret_key);
  ASSERT_EQ(second.authorized.size(), 1u);
  EXPECT_EQ(second.authorized[0].name, "board-7");
  EXPECT_TRUE(second.authorized[0].may(Role::kRun));
  EXPECT_FALSE(second.authorized[0].may(Role::kSubmitter));
  EXPECT_THAT(error_of([&] {
                authorize(directory, {"board-7", key_.own.public_key, {Role::kRun}});
              }),
              HasSubstr("key name \"board-7\" is taken"));
  EXPECT_THAT(error_of([&] {
                authorize(directory, {"../x", key_.own.public_key, {Role::kRun}});
              }),
              HasSubstr("needs 1 to 64 letters"));
}

TEST_F(Keys, ABadAuthorisedFileIsNamed) {
  open_key_directory(dir_.path() / "keys");
  write_file_atomically(dir_.path() / "keys/authorized/bad.pub",
                        "tenon-key 1\nauthorized bad root x\n");
  EXPECT_THAT(error_of([&] { open_key_directory(dir_.path() / "keys"); }),
              HasSubstr("authorized/bad.pub"));
}

TEST(Roles, AnUnknownRoleGetsTheNearestOne) {
  EXPECT_EQ(parse_roles("build,run"), (std::vector{Role::kBuild, Role::kRun}));
  EXPECT_EQ(format_roles({Role::kBuild, Role::kRun}), "build,run");
  EXPECT_THAT(error_of([] { parse_roles("submiter"); }), HasSubstr("did you mean submitter?"));
}

TEST(TrackerKeysText, SurvivesADescriptor) {
  const TrackerKeys keys{make_key_pair(),
                         {{"tune", make_key_pair().public_key, {Role::kSubmitter}}}};
  const TrackerKeys read = parse_tracker_keys(format_tracker_keys(keys), "descriptor");
  EXPECT_EQ(read.server.secret_key, keys.server.secret_key);
  ASSERT_EQ(read.authorized.size(), 1u);
  EXPECT_EQ(read.authorized[0].public_key, keys.authorized[0].public_key);
}

}  // namespace
}  // namespace tenon::rpc
