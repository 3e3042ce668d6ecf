#include "compiler/support/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace tenon {
namespace {

using testing::EndsWith;
using testing::StartsWith;

std::string bug_text(int value) {
  try {
    CHECK(value > 0) << "value is " << value;
  } catch (const Bug& bug) {
    return bug.what();
  }
  return "";
}

TEST(Error, CheckThrowsBugWithPlaceConditionAndText) {
  EXPECT_EQ(bug_text(1), "");
  EXPECT_THAT(bug_text(-2), StartsWith("tests/unit/support/error_test.cc:"));
  EXPECT_THAT(bug_text(-2), EndsWith(": CHECK(value > 0) failed: value is -2"));
}

TEST(Error, CheckBindsLikeOneStatement) {
  bool reached_else = false;
  if (false)
    CHECK(true) << "unused";
  else
    reached_else = true;
  EXPECT_TRUE(reached_else);
}

TEST(Error, UserErrorPutsTheHintOnItsOwnLine) {
  EXPECT_STREQ(UserError("no").what(), "no");
  EXPECT_STREQ(UserError("no", "leave one open").what(), "no\nhint: leave one open");
}

TEST(Error, IoErrorNamesTheSystemsAnswer) {
  try {
    throw_io_error("open model.onnx", ENOENT);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "open model.onnx: No such file or directory");
  }
}

TEST(Error, NearestNameIsOfferedOnlyWhenNear) {
  std::vector<std::string> known = {"split", "fuse", "reorder"};
  EXPECT_EQ(nearest_name("spilt", known), "split");
  EXPECT_EQ(nearest_name("vectorize", known), "");
  EXPECT_EQ(nearest_name("x", known), "");
  EXPECT_EQ(did_you_mean("reoder", known), "did you mean reorder?");
  EXPECT_EQ(did_you_mean("fuze", {}), "");
}

}  // namespace
}  // namespace tenon
