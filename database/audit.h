// What must hold in every database, whatever was killed, cut off or full before: no measurement
// lost or doubled, no counter wrong, no best that is not. For tests, `doctor` and operators.
#pragma once

#include <string>
#include <vector>

#include "database/store.h"

namespace tenon::database {

struct Finding {
  std::string rule;  // its name in the list below
  std::string detail;
  bool operator==(const Finding&) const = default;
};

// Rules, in the order checked:
//   integrity      SQLite's own checks, and every reference leads to a row
//   once           no attempt of a task has two measurements; no task has two trials
//   task_result    a task ended by a result has exactly one trial that fits its state; an open,
//                  cancelled or expired task has none
//   attempts       every measurement of a task has its attempt, with the same outcome, of an epoch
//                  that was; num_attempts is their number
//   events         the result events of a job are numbered 1, 2, 3 ... without a gap
//   budget         used_trials is the number of trials
//   hashes         every content hash is that of its content
//   samples        samples decode; ranks and identity are theirs
//   best           the table of bests equals its definition, and no other device class is in it
// At most kMaxFindings are given for one rule. Reads one snapshot; seconds on millions of rows.
std::vector<Finding> audit(const Store& store);
inline constexpr int kMaxFindings = 20;

}  // namespace tenon::database
