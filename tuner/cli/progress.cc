#include "tuner/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "compiler/support/json_text.h"

namespace tenon::cli {
namespace {

constexpr double kTableSeconds = 0.25, kLineSeconds = 5;
constexpr std::size_t kMinColumns = 60, kMaxNameWidth = 44, kOtherColumns = 46;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

std::size_t terminal_columns() {
  const char* text = std::getenv("COLUMNS");
  std::size_t columns = 100;
  if (text) std::from_chars(text, text + std::char_traits<char>::length(text), columns);
  return std::max(columns, kMinColumns);
}

std::string fixed(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

double us(std::uint64_t ns) { return static_cast<double>(ns) * 1e-3; }

std::string totals(const SessionProgress& p) {
  std::string text = std::to_string(p.num_trials) + " trials";
  if (p.num_resumed > 0) text += " (" + std::to_string(p.num_resumed) + " from before)";
  text += ", " + fixed(p.trials_per_second, 1) + "/s, " + duration_text(p.elapsed_s);
  if (p.time_left_s >= 0) text += ", " + duration_text(p.time_left_s) + " left";
  return text;
}

// Sum over calls of the default and best times, in ns; tasks without a time are left out.
std::pair<double, double> sums(const SessionProgress& p) {
  double before = 0, after = 0;
  for (const TaskProgress& task : p.tasks) {
    if (task.best_ns == 0 || task.default_ns == 0) continue;
    before += static_cast<double>(task.default_ns) * task.num_calls;
    after += static_cast<double>(task.best_ns) * task.num_calls;
  }
  return {before, after};
}

}  // namespace

std::string duration_text(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 60) return std::to_string(s) + "s";
  if (s < 3600) return std::to_string(s / 60) + "m" + std::to_string(s % 60) + "s";
  return std::to_string(s / 3600) + "h" + std::to_string(s / 60 % 60) + "m";
}

ProgressView::ProgressView(bool json) : json_(json), columns_(terminal_columns()) {
  const char* term = std::getenv("TERM");
  const bool is_dumb = !term || std::string(term) == "dumb" || std::string(term).empty();
  is_terminal_ = isatty(STDERR_FILENO) && !is_dumb;
  has_color_ = is_terminal_ && !is_set("NO_COLOR");
}

void ProgressView::update(const SessionProgress& progress) {
  const double period = is_terminal_ && !json_ ? kTableSeconds : kLineSeconds;
  if (progress.elapsed_s - last_s_ < period) return;
  last_s_ = progress.elapsed_s;
  if (json_) {
    print_json(progress);
  } else if (is_terminal_) {
    draw_table(progress);
  } else {
    print_line(progress);
  }
}

void ProgressView::finish(const SessionProgress& progress) {
  if (json_) {
    print_json(progress);
  } else if (is_terminal_) {
    draw_table(progress);
  } else {
    print_line(progress);
  }
}

void ProgressView::draw_table(const SessionProgress& progress) {
  std::ostringstream out;
  if (drawn_lines_ > 0) out << "\x1b[" << drawn_lines_ << "A";
  const std::size_t width = std::min(kMaxNameWidth, columns_ - kOtherColumns);
  const auto line = [&](const std::string& text, bool is_bold) {
    out << "\x1b[2K" << (is_bold && has_color_ ? "\x1b[1m" : "") << text.substr(0, columns_ - 1)
        << (is_bold && has_color_ ? "\x1b[0m" : "") << "\n";
  };
  std::ostringstream head;
  head << std::left << std::setw(static_cast<int>(width)) << "task" << std::right << std::setw(8)
       << "trials" << std::setw(12) << "best us" << std::setw(11) << "GFLOP/s" << std::setw(10)
       << "speed-up";
  line(head.str(), true);
  for (const TaskProgress& task : progress.tasks) {
    std::ostringstream row;
    row << std::left << std::setw(static_cast<int>(width)) << task.name.substr(0, width - 1)
        << std::right << std::setw(8) << task.num_trials << std::setw(12)
        << (task.best_ns ? fixed(us(task.best_ns), 1) : "-") << std::setw(11)
        << (task.best_ns ? fixed(task.gflops(), 1) : "-") << std::setw(10)
        << (task.speedup() > 0 ? fixed(task.speedup(), 2) + "x" : "-")
        << (task.is_converged ? " *" : "");
    line(row.str(), false);
  }
  line(totals(progress), true);
  drawn_lines_ = progress.tasks.size() + 2;
  std::cerr << out.str() << std::flush;
}

void ProgressView::print_line(const SessionProgress& progress) const {
  const auto [before, after] = sums(progress);
  std::cerr << "tune: " << totals(progress);
  if (after > 0) {
    std::cerr << ", kernels " << fixed(before * 1e-3, 1) << " -> " << fixed(after * 1e-3, 1)
              << " us (" << fixed(before / after, 2) << "x)";
  }
  std::cerr << "\n" << std::flush;
}

void ProgressView::print_json(const SessionProgress& progress) const {
  std::cout << "{\"tenon_tune\":1,\"event\":\"progress\",\"trials\":" << progress.num_trials
            << ",\"elapsed_s\":" << fixed(progress.elapsed_s, 3) << ",\"tasks\":[";
  const char* separator = "";
  for (const TaskProgress& task : progress.tasks) {
    std::cout << separator << "{\"name\":" << json_text(task.name)
              << ",\"workload\":" << json_text(task.workload_hash)
              << ",\"trials\":" << task.num_trials << ",\"default_ns\":" << task.default_ns
              << ",\"best_ns\":" << task.best_ns << "}";
    separator = ",";
  }
  std::cout << "]}\n" << std::flush;
}

}  // namespace tenon::cli
