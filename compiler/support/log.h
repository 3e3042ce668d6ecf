// A daemon's or command's log: one line an event on a descriptor (standard error), with UTC time,
// level and who speaks.
//   2026-01-31T12:00:00.250Z warning tracker: device board7 is silent for 15 s
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/support/clock.h"

namespace tenon {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning", "error".
std::string_view log_level_name(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

// "2026-01-31T12:00:00.250Z".
std::string format_utc(int64_t wall_ms);

// Safe to use from several threads. Each line is one write, so lines of several processes do not
// mix. A message of several lines is written as one line, with newlines shown as "\n". Losing a log
// line is never an error.
class Log {
 public:
  Log(std::string name, LogLevel least, const Clock& clock, int fd = 2);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool is_on(LogLevel level) const { return level >= least_; }
  void write(LogLevel level, std::string_view message);
  void debug(std::string_view message) { write(LogLevel::kDebug, message); }
  void info(std::string_view message) { write(LogLevel::kInfo, message); }
  void warning(std::string_view message) { write(LogLevel::kWarning, message); }
  void error(std::string_view message) { write(LogLevel::kError, message); }

 private:
  std::string name_;
  LogLevel least_;
  const Clock& clock_;
  int fd_;
  std::mutex mutex_;
};

}  // namespace tenon
