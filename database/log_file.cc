// Tuning logs as files: writing all of a store, reading one, bringing one into a store.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "database/line_reader.h"
#include "database/log.h"

namespace tenon::database {
namespace {

namespace fs = std::filesystem;

// Lines given to the store before waiting for them: bounds memory.
constexpr std::int64_t kLinesInFlight = 1024;
constexpr std::size_t kFlushBytes = 1u << 20;

void reject(LogReport& report, std::int64_t line, std::string reason) {
  ++report.num_rejected;
  if (report.rejects.size() < kMaxListedRejects)
    report.rejects.push_back({line, std::move(reason)});
}

// Calls `visit(line number, record)` for every good line.
template <typename Visit>
void read_lines(const std::string& path, const RecordCheck& check, LogReport& report,
                const Visit& visit) {
  LineReader reader(path, kMaxLineBytes);
  while (reader.next()) {
    if (reader.is_too_long()) {
      ++report.num_lines;
      reject(report, reader.number(), "line is too long");
      continue;
    }
    if (trim(reader.line()).empty()) continue;
    ++report.num_lines;
    ParsedLine parsed = parse_log_line(reader.line());
    if (parsed.record && check) parsed.reason = check(*parsed.record);
    if (!parsed.reason.empty()) {
      const bool is_torn = reader.is_torn() && !parsed.record;
      reject(report, reader.number(),
             (is_torn ? "torn at the end of the file: " : "") + parsed.reason);
      continue;
    }
    visit(reader.number(), *std::move(parsed.record));
  }
}

Hash file_digest(const std::string& path) {
  Sha256 digest;
  LineReader reader(path, kMaxLineBytes);
  while (reader.next()) {
    digest.update(reader.line());
    digest.update("\n");
  }
  return to_hex(digest.finish());
}

// What the writer thread reports about the lines in flight.
class ImportTally {
 public:
  void count(std::int64_t line, const Written& written) {
    const std::lock_guard lock(mutex_);
    switch (written.disposition) {
      case Disposition::kRejected:
        reject(report_, line, written.error);
        break;
      case Disposition::kFailed:
        if (failure_.empty()) failure_ = written.error;
        break;
      case Disposition::kExisting:
        ++report_.num_known;
        break;
      default:
        ++report_.num_added;
    }
  }
  void throw_if_failed() const {
    const std::lock_guard lock(mutex_);
    if (!failure_.empty()) throw IoError(failure_);
  }
  LogReport report() const {
    const std::lock_guard lock(mutex_);
    return report_;
  }

 private:
  mutable std::mutex mutex_;
  LogReport report_;
  std::string failure_;
};

// A new file that takes the place of `path` only when it is complete and on disk.
class FileInPlace {
 public:
  explicit FileInPlace(const std::string& path)
      : path_(path), temporary_(str_cat(path, ".tmp", ::getpid())) {
    file_ = Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file_.is_open()) throw_io_error("create " + temporary_, errno);
  }
  ~FileInPlace() {
    if (!is_done_) ::unlink(temporary_.c_str());
  }
  FileInPlace(const FileInPlace&) = delete;
  FileInPlace& operator=(const FileInPlace&) = delete;

  void write(std::string_view bytes) { write_all(file_.get(), bytes, temporary_); }

  void finish() {
    if (::fsync(file_.get()) != 0) throw_io_error("sync " + temporary_, errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      throw_io_error("rename to " + path_, errno);
    is_done_ = true;
    const fs::path parent = fs::path(path_).parent_path();
    const std::string directory = parent.empty() ? "." : parent.string();
    const Descriptor handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle.is_open() && ::fsync(handle.get()) != 0) throw_io_error("sync " + directory, errno);
  }

 private:
  std::string path_;
  std::string temporary_;
  Descriptor file_;
  bool is_done_ = false;
};

// Smaller is better: the order of the best table.
std::tuple<std::uint64_t, Hash, std::string> rank(const LogRecord& record) {
  const Measurement& measurement = record.measurement;
  return {statistics(measurement.samples_ns).q10_ns, measurement.trace, measurement.identity()};
}

}  // namespace

std::string describe(const LogReport& report) {
  std::string text = str_cat(report.num_lines, " lines: ", report.num_added, " added, ",
                             report.num_known, " known, ", report.num_rejected, " rejected");
  for (const Reject& reject : report.rejects) {
    text += str_cat("\n  line ", reject.line, ": ", reject.reason);
  }
  const auto num_listed = static_cast<std::int64_t>(report.rejects.size());
  if (report.num_rejected > num_listed) {
    text += str_cat("\n  and ", report.num_rejected - num_listed, " more");
  }
  return text;
}

std::int64_t export_log(const Store& store, std::ostream& out) {
  std::int64_t num_lines = 0;
  store.each_record([&](const LogRecord& record) {
    out << print_log_line(record) << '\n';
    ++num_lines;
  });
  return num_lines;
}

std::int64_t export_log(const Store& store, const std::string& path) {
  FileInPlace file(path);
  std::int64_t num_lines = 0;
  std::string pending;
  store.each_record([&](const LogRecord& record) {
    pending += print_log_line(record);
    pending += '\n';
    ++num_lines;
    if (pending.size() < kFlushBytes) return;
    file.write(pending);
    pending.clear();
  });
  file.write(pending);
  file.finish();
  return num_lines;
}

LogReport import_log(const std::string& path, Store& store, const ImportOptions& options) {
  const AddOrigin origin{file_digest(path), options.tool, options.trust, options.now_ms};
  const std::int64_t origin_id = store.write_sync(origin).id;
  LogReport parsed;
  const auto tally = std::make_shared<ImportTally>();
  std::int64_t num_given = 0;
  read_lines(path, options.check, parsed, [&](std::int64_t line, LogRecord record) {
    store.write(ImportMeasurement{origin_id, std::move(record), options.now_ms},
                [tally, line](const Written& written) { tally->count(line, written); });
    if (++num_given % kLinesInFlight != 0) return;
    store.flush();
    tally->throw_if_failed();
  });
  store.flush();
  tally->throw_if_failed();
  const LogReport stored = tally->report();
  parsed.num_added = stored.num_added;
  parsed.num_known = stored.num_known;
  parsed.num_rejected += stored.num_rejected;
  parsed.rejects.insert(parsed.rejects.end(), stored.rejects.begin(), stored.rejects.end());
  std::sort(parsed.rejects.begin(), parsed.rejects.end(),
            [](const Reject& a, const Reject& b) { return a.line < b.line; });
  if (parsed.rejects.size() > kMaxListedRejects) parsed.rejects.resize(kMaxListedRejects);
  return parsed;
}

LogContents read_log(const std::string& path, const RecordCheck& check) {
  LogContents contents;
  std::set<std::string> seen;
  read_lines(path, check, contents.report, [&](std::int64_t, LogRecord record) {
    if (!seen.insert(record.measurement.identity()).second) {
      ++contents.report.num_known;
      return;
    }
    ++contents.report.num_added;
    contents.records.push_back(std::move(record));
  });
  return contents;
}

std::vector<LogRecord> best_records(const std::vector<LogRecord>& records) {
  std::map<std::tuple<Hash, Hash, Hash, int>, const LogRecord*> best;
  for (const LogRecord& record : records) {
    const Measurement& measurement = record.measurement;
    if (measurement.outcome != Outcome::kOk || measurement.role != MeasurementRole::kTrial)
      continue;
    const auto key = std::make_tuple(measurement.workload, measurement.target,
                                     measurement.device_class, measurement.threads);
    const LogRecord*& slot = best[key];
    if (!slot || rank(record) < rank(*slot)) slot = &record;
  }
  std::vector<LogRecord> result;
  for (const auto& [key, record] : best) result.push_back(*record);
  return result;
}

}  // namespace tenon::database
