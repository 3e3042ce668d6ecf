#include "compiler/support/log.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

}  // namespace

std::string_view log_level_name(LogLevel level) { return kLevelNames[static_cast<size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::string format_utc(int64_t wall_ms) {
  time_t seconds = static_cast<time_t>(wall_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string millis = std::to_string(wall_ms % 1000);
  return std::string(text.data(), size) + "." + std::string(3 - millis.size(), '0') + millis + "Z";
}

Log::Log(std::string name, LogLevel least, const Clock& clock, int fd)
    : name_(std::move(name)), least_(least), clock_(clock), fd_(fd) {}

void Log::write(LogLevel level, std::string_view message) {
  if (!is_on(level)) return;
  std::string line = str_cat(format_utc(clock_.wall_ms()), " ", log_level_name(level), " ", name_,
                             ": ", replace_all(message, "\n", "\\n"), "\n");
  std::lock_guard lock(mutex_);
  std::string_view left = line;
  while (!left.empty()) {
    ssize_t written = ::write(fd_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    left.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace tenon
