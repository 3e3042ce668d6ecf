// Tuning logs: measurements as text that travels. One line of JSON a record, complete in itself:
// workload text, trace, target, device class, protocol, versions, raw samples, and the SHA-256 of
// the line. Nothing in it is local to a machine. So files may be concatenated, split, sorted and
// merged, and a line that was torn or changed is found out.
//
// The line is {"tenon_log":1, ..., "sha256":H}: keys in byte order, no white space; H is the
// SHA-256 of the line without its sha256 member. docs/database.md lists the members.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "database/records.h"
#include "database/store.h"

namespace tenon::database {

inline constexpr int kLogVersion = 1;
inline constexpr std::size_t kMaxLineBytes = 64u << 20;
inline constexpr std::size_t kMaxListedRejects = 1000;

// Without newline.
std::string print_log_line(const LogRecord& record);

struct ParsedLine {
  std::optional<LogRecord> record;
  std::string reason;  // why there is none
};
// `line` has no newline.
ParsedLine parse_log_line(std::string_view line);

struct Reject {
  std::int64_t line = 0;  // from 1
  std::string reason;
  bool operator==(const Reject&) const = default;
};

struct LogReport {
  std::int64_t num_lines = 0;  // blank ones apart
  std::int64_t num_added = 0;
  std::int64_t num_known = 0;  // there before, or twice in the file
  std::int64_t num_rejected = 0;
  std::vector<Reject> rejects;  // the first kMaxListedRejects, by line
};

// "3 lines: 1 added, 1 known, 1 rejected\n  line 2: ...": for people, no trailing newline.
std::string describe(const LogReport& report);

// Every measurement, in canonical order: two exports of the same measurements are the same bytes.
// Gives the number of lines.
std::int64_t export_log(const Store& store, std::ostream& out);
// The same into a file: written beside it, fsynced, renamed. Throws IoError; then `path` is as it
// was.
std::int64_t export_log(const Store& store, const std::string& path);

// Looks deeper into a record: gives why it cannot be true, or "". The compiler's door: is this the
// hash of this workload text?
using RecordCheck = std::function<std::string(const LogRecord&)>;

struct ImportOptions {
  int trust = 1;  // 0: may seed a search, never best
  std::int64_t now_ms = 0;
  std::string tool;  // who imports
  RecordCheck check;
};
// Adds what is not there. A bad line is counted and named and hurts no other. Importing twice, or
// in another order, gives the same. Throws UserError when `path` does not exist, IoError when it
// cannot be read or the store cannot write.
LogReport import_log(const std::string& path, Store& store, const ImportOptions& options);

struct LogContents {
  std::vector<LogRecord> records;  // each identity once, in the order of the file
  LogReport report;                // num_added counts the records
};
// For `compile --log`: the file alone, no database. Throws as import_log.
LogContents read_log(const std::string& path, const RecordCheck& check = {});

// The best of each (workload, target, device class, threads), as the database would have it: trials
// that are ok, by (q10, trace hash, identity). Sorted by that key.
std::vector<LogRecord> best_records(const std::vector<LogRecord>& records);

}  // namespace tenon::database
