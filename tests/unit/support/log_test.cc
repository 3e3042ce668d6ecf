#include "compiler/support/log.h"

#include <gtest/gtest.h>

#include "compiler/support/descriptor.h"

namespace tenon {
namespace {

TEST(Log, OneLineAnEventWithTimeLevelAndName) {
  ManualClock clock(1769860800000);
  Pipe pipe = make_pipe();
  Log log("tracker", LogLevel::kInfo, clock, pipe.write_end.get());
  log.debug("not shown");
  clock.advance_ns(250000000);
  log.warning("device board7\nis silent");
  std::string expected = "2026-01-31T12:00:00.250Z warning tracker: device board7\\nis silent\n";
  EXPECT_EQ(read_exactly(pipe.read_end.get(), expected.size(), "pipe"), expected);
  pipe.write_end.reset();
  EXPECT_EQ(read_exactly(pipe.read_end.get(), 1, "pipe"), std::nullopt);
}

TEST(Log, LevelNamesRoundTrip) {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_EQ(parse_log_level(log_level_name(level)), level);
  }
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

TEST(Log, ALostDescriptorIsNoError) {
  ManualClock clock;
  Log log("x", LogLevel::kDebug, clock, -1);
  log.error("goes nowhere");
}

}  // namespace
}  // namespace tenon
