#include "database/metaschedule.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "database/line_reader.h"
#include "database/measurement_row.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

using Json = nlohmann::json;

constexpr double kFailedSeconds = 1e10;
constexpr double kNanoseconds = 1e9;
constexpr std::string_view kNull = "null";

constexpr const char* kProtocolText = R"({"mode":"hot","source":"metaschedule","value":"mean"})";

// The end of the element that starts at `at`: the position of its ',' or ']' in the array.
std::size_t element_end(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
      }
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      return at;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return text.size();
}

// Why the line is no workload, or "".
std::string parse_workload(std::string_view line, MetaScheduleWorkload& workload) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array() || json.size() != 2 || !json[0].is_string() || !json[1].is_string()) {
    return "no [\"hash\", \"module\"]";
  }
  workload = {json[0].get<std::string>(), json[1].get<std::string>()};
  return "";
}

// Why the text is no list of run times, or "".
std::string parse_run_secs(std::string_view text, std::vector<double>& run_secs) {
  if (text == kNull) return "";
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array() || json.size() > kMaxSamples) return "run times are no list";
  for (const Json& value : json) {
    if (!value.is_number() || !(value.get<double>() > 0)) return "a run time is no positive number";
    run_secs.push_back(value.get<double>());
  }
  return "";
}

// Both halves of a trace are lists.
std::string refuse_trace(std::string_view trace) {
  if (const auto why = refuse_json("trace", trace)) return *why;
  const auto halves = json_elements(trace);
  if (!halves || halves->size() != 2 || !json_elements((*halves)[0]) ||
      !json_elements((*halves)[1])) {
    return "trace is no [instructions, decisions]";
  }
  return "";
}

std::string optional_json(std::string_view what, std::string_view text, std::string& value) {
  if (text == kNull) return "";
  if (const auto why = refuse_json(what, text)) return *why;
  value = text;
  return "";
}

std::string parse_record(std::string_view line, MetaScheduleRecord& record) {
  const auto pair = json_elements(line);
  if (!pair || pair->size() != 2) return "no [workload, record]: torn, or not a tuning record";
  const auto index = parse_int((*pair)[0]);
  if (!index || *index < 0) return "workload index is no number";
  const auto parts = json_elements((*pair)[1]);
  if (!parts || parts->size() != 4) return "record is no [trace, run times, target, arguments]";
  record.workload_index = *index;
  record.trace = (*parts)[0];
  if (std::string why = refuse_trace(record.trace); !why.empty()) return why;
  if (std::string why = parse_run_secs((*parts)[1], record.run_secs); !why.empty()) return why;
  if (std::string why = optional_json("target", (*parts)[2], record.target); !why.empty()) {
    return why;
  }
  return optional_json("arguments", (*parts)[3], record.args_info);
}

void reject(LogReport& report, std::int64_t line, std::string reason) {
  ++report.num_rejected;
  if (report.rejects.size() < kMaxListedRejects)
    report.rejects.push_back({line, std::move(reason)});
}

// Calls `take(line)`, which gives why it is bad or "", for every line.
template <typename Take>
LogReport read_lines(const std::string& path, const Take& take) {
  LogReport report;
  LineReader reader(path, kMaxLineBytes);
  while (reader.next()) {
    ++report.num_lines;
    const std::string reason =
        reader.is_too_long() ? std::string("line is too long") : take(reader.line());
    if (reason.empty()) {
      ++report.num_added;
    } else {
      reject(report, reader.number(), reason);
    }
  }
  return report;
}

// As that program prints numbers: the shortest text that reads back the same.
std::string print_run_secs(const std::vector<double>& run_secs) {
  if (run_secs.empty()) return std::string(kNull);
  std::vector<std::string> texts;
  for (const double value : run_secs) texts.push_back(format_double(value));
  return str_cat("[", join(texts, ","), "]");
}

std::string or_null(const std::string& text) { return text.empty() ? std::string(kNull) : text; }

}  // namespace

bool MetaScheduleRecord::has_failed() const {
  return std::any_of(run_secs.begin(), run_secs.end(),
                     [](double value) { return value >= kFailedSeconds; });
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
  text = trim(text);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::vector<std::string_view> elements;
  if (trim(text.substr(1, text.size() - 2)).empty()) return elements;
  for (std::size_t at = 1; at < text.size();) {
    const std::size_t end = element_end(text, at);
    const std::string_view element = trim(text.substr(at, end - at));
    if (end == text.size() || element.empty()) return std::nullopt;
    elements.push_back(element);
    at = end + 1;
    // The bracket that closes the array is the last byte.
    if (text[end] == ']' && at < text.size()) return std::nullopt;
  }
  return elements;
}

MetaScheduleFiles read_metaschedule(const std::string& workload_path,
                                    const std::string& record_path) {
  MetaScheduleFiles files;
  files.workload_report = read_lines(workload_path, [&files](const std::string& line) {
    return parse_workload(line, files.workloads.emplace_back());
  });
  files.record_report = read_lines(record_path, [&files](const std::string& line) {
    MetaScheduleRecord record;
    std::string why = parse_record(line, record);
    const auto index = static_cast<std::size_t>(record.workload_index);
    if (why.empty() &&
        (index >= files.workloads.size() || files.workloads[index].structural_hash.empty())) {
      why = str_cat("workload ", index, " is not in the other file");
    }
    if (why.empty()) files.records.push_back(std::move(record));
    return why;
  });
  return files;
}

std::string print_metaschedule_record(const MetaScheduleRecord& record) {
  return str_cat("[", record.workload_index, ",[", record.trace, ",",
                 print_run_secs(record.run_secs), ",", or_null(record.target), ",",
                 or_null(record.args_info), "]]");
}

void write_metaschedule(const std::string& workload_path, const std::string& record_path,
                        const std::vector<MetaScheduleWorkload>& workloads,
                        const std::vector<MetaScheduleRecord>& records) {
  std::string workload_text;
  for (const MetaScheduleWorkload& workload : workloads) {
    workload_text += Json::array({workload.structural_hash, workload.module_base64}).dump() + "\n";
  }
  std::string record_text;
  for (const MetaScheduleRecord& record : records) {
    record_text += print_metaschedule_record(record) + "\n";
  }
  // Records without their workloads are unreadable, so the workloads come first.
  write_file_atomically(workload_path, workload_text);
  write_file_atomically(record_path, record_text);
}

std::optional<LogRecord> from_metaschedule(const MetaScheduleRecord& record,
                                           const MetaScheduleContext& context) {
  if (record.run_secs.empty()) return std::nullopt;
  LogRecord made;
  made.workload = context.workload;
  made.target = context.target;
  made.device_class = context.device_class;
  made.protocol = {1, kProtocolText};
  made.trace = {record.trace};
  Measurement& measurement = made.measurement;
  measurement.workload = made.workload.hash;
  measurement.target = made.target.hash();
  measurement.trace = made.trace.hash();
  measurement.threads = context.threads;
  measurement.device_class = made.device_class.hash();
  measurement.protocol = made.protocol.hash();
  measurement.measured_ms = context.measured_ms;
  if (record.has_failed()) {
    measurement.outcome = Outcome::kInternal;
    measurement.error = "failed where it was tuned; the reason is not in the record";
    return made;
  }
  for (const double value : record.run_secs) {
    const double nanoseconds = std::max(1.0, std::round(value * kNanoseconds));
    measurement.samples_ns.push_back(static_cast<std::uint64_t>(nanoseconds));
  }
  return made;
}

MetaScheduleRecord to_metaschedule(const LogRecord& record, std::int64_t workload_index,
                                   const std::string& target_json, const std::string& args_info) {
  const Measurement& measurement = record.measurement;
  const double seconds =
      measurement.outcome == Outcome::kOk
          ? static_cast<double>(statistics(measurement.samples_ns).q10_ns) / kNanoseconds
          : kFailedSeconds;
  return {.workload_index = workload_index,
          .trace = record.trace.text,
          .run_secs = {seconds},
          .target = target_json,
          .args_info = args_info};
}

}  // namespace tenon::database
