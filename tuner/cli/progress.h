// How a tuning session is shown while it runs: a table that redraws itself on a terminal, plain
// lines elsewhere, JSON lines on stdout with --json.
#pragma once
#include <string>

#include "tuner/session/session.h"

namespace tenon::cli {

class ProgressView {
 public:
  // Looks at stderr, TERM, NO_COLOR and COLUMNS once.
  explicit ProgressView(bool json);
  // May be called as often as one likes: draws at most four times a second on a terminal, a line
  // every five seconds elsewhere.
  void update(const SessionProgress& progress);
  // Draws the last state.
  void finish(const SessionProgress& progress);

 private:
  void draw_table(const SessionProgress& progress);
  void print_line(const SessionProgress& progress) const;
  void print_json(const SessionProgress& progress) const;

  bool json_ = false, is_terminal_ = false, has_color_ = false;
  std::size_t columns_ = 80;
  std::size_t drawn_lines_ = 0;
  double last_s_ = -1e9;
};

std::string duration_text(double seconds);

}  // namespace tenon::cli
