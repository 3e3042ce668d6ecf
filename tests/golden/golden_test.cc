#include "tests/golden/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/support/error.h"

namespace tenon::golden {
namespace {

using testing::HasSubstr;

const std::vector<Command> kCommands = {
    {"echo", [](const Request& request) { return request.input; }},
    {"refuse",
     [](const Request& request) -> std::string {
       throw UserError("no " + request.arguments.at(0));
     }},
    {"break", [](const Request&) -> std::string { throw Bug("broken"); }},
};

constexpr std::string_view kText =
    "About.\n\n==== echo  # keeps text\na\n\n  b\n----\na\n\n  b\n\n==== refuse this\n---- "
    "error\nno this\n";

std::string error_text(std::string_view text) {
  try {
    parse(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Golden, ParseAndPrintAreInverse) {
  File file = parse(kText);
  ASSERT_EQ(file.cases.size(), 2u);
  EXPECT_EQ(file.cases[0].words, std::vector<std::string>{"echo"});
  EXPECT_EQ(file.cases[0].input, "a\n\n  b\n");
  EXPECT_EQ(file.cases[1].words, (std::vector<std::string>{"refuse", "this"}));
  EXPECT_TRUE(file.cases[1].expects_error);
  EXPECT_EQ(file.cases[1].line_number, 12);
  EXPECT_EQ(print(file), kText);
}

TEST(Golden, EqualTextPasses) {
  File file = parse(kText);
  EXPECT_EQ(compare(file, kCommands, false), "");
}

TEST(Golden, ADifferenceIsReportedWithItsLine) {
  File file = parse("==== echo\na\nb\n----\na\nc\n");
  std::string report = compare(file, kCommands, false);
  EXPECT_THAT(
      report,
      HasSubstr("line 1: echo\n  first difference in line 2\n    expected: c\n    actual:   b\n"));
}

TEST(Golden, MissingAndSurplusLinesDiffer) {
  File shorter = parse("==== echo\na\n----\na\nb\n");
  EXPECT_THAT(compare(shorter, kCommands, false),
              HasSubstr("expected: b\n    actual:   (the end)"));
  File longer = parse("==== echo\na\nb\n----\na\n");
  EXPECT_THAT(compare(longer, kCommands, false), HasSubstr("expected: (the end)\n    actual:   b"));
}

TEST(Golden, AnErrorIsNotAnOutputOfTheSameText) {
  File file = parse("==== refuse x\n----\nno x\n\n==== echo\nno x\n---- error\nno x\n");
  std::string report = compare(file, kCommands, false);
  EXPECT_THAT(report, HasSubstr("line 1: refuse x"));
  EXPECT_THAT(report, HasSubstr("line 5: echo"));
}

TEST(Golden, UpdateTakesTheResult) {
  File file = parse("==== echo\na\n---- error\nold\n\n==== refuse x\n----\n");
  EXPECT_EQ(compare(file, kCommands, true), "");
  EXPECT_EQ(print(file), "==== echo\na\n----\na\n\n==== refuse x\n---- error\nno x\n");
}

TEST(Golden, ABugIsNeverAResult) {
  File file = parse("==== break\n---- error\nbroken\n");
  EXPECT_THROW(compare(file, kCommands, false), Bug);
  EXPECT_THROW(compare(file, kCommands, true), Bug);
}

TEST(Golden, BadFilesAreRefused) {
  EXPECT_EQ(error_text("only text\n"), "no case: a case starts with a line \"==== COMMAND\"");
  EXPECT_EQ(error_text("==== echo\na\n"), "line 1: the case has no ---- line");
  EXPECT_EQ(error_text("\n====  # nothing\n----\n"), "line 2: ==== without a command");
  File file = parse("==== ecko\n----\n");
  try {
    compare(file, kCommands, false);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "line 1: unknown command ecko\nhint: did you mean echo?");
  }
}

}  // namespace
}  // namespace tenon::golden
