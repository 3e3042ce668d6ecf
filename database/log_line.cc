// One line of a tuning log, to text and back.
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "database/catalogue.h"
#include "database/log.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

using Json = nlohmann::json;

constexpr const char* kDigestKey = "sha256";
constexpr const char* kVersionKey = "tenon_log";

std::string_view role_name(MeasurementRole role) {
  return role == MeasurementRole::kExtra ? "extra" : "trial";
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json to_json(const LogRecord& record) {
  const Measurement& measurement = record.measurement;
  Json json;
  json[kVersionKey] = kLogVersion;
  json["workload"] = {{"hash", record.workload.hash}, {"text", record.workload.text}};
  json["target"] = record.target.text;
  json["device_class"] = Json();
  if (!record.device_class.text.empty()) {
    json["device_class"] = {{"label", record.device_class.label},
                            {"text", record.device_class.text}};
  }
  json["protocol"] = {{"version", record.protocol.version}, {"text", record.protocol.text}};
  json["environment"] = text_or_null(record.environment.text);
  json["trace"] = record.trace.text;
  json["threads"] = measurement.threads;
  json["artifact"] = text_or_null(measurement.artifact);
  json["versions"] = {{"codegen", measurement.versions.codegen},
                      {"llvm", measurement.versions.llvm},
                      {"tenon", measurement.versions.tenon}};
  json["outcome"] = outcome_name(measurement.outcome);
  json["error"] = measurement.error;
  json["samples_ns"] = measurement.samples_ns;
  json["canary_ppm"] = measurement.canary_ppm;
  json["measured_ms"] = measurement.measured_ms;
  json["role"] = role_name(measurement.role);
  return json;
}

// Takes members out of an object one by one; the first that is missing or of the wrong kind is
// remembered, and so is a member that nobody took.
class Members {
 public:
  Members(const Json& object, std::string& reason) : object_(object), reason_(reason) {}

  std::string text(const char* key) { return take_text(key, false); }
  // null gives "".
  std::string optional_text(const char* key) { return take_text(key, true); }

  std::int64_t integer(const char* key) {
    const Json* value = take(key);
    if (!value) return 0;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() &&
         value->get<std::uint64_t>() >
             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))) {
      refuse(key, "is no integer");
      return 0;
    }
    return value->get<std::int64_t>();
  }

  std::vector<std::uint64_t> samples(const char* key) {
    const Json* value = take(key);
    if (!value) return {};
    if (!value->is_array() || value->size() > kMaxSamples) {
      refuse(key, "is no list of samples");
      return {};
    }
    std::vector<std::uint64_t> samples;
    samples.reserve(value->size());
    for (const Json& sample : *value) {
      if (!sample.is_number_unsigned()) {
        refuse(key, "holds something that is no count of nanoseconds");
        return {};
      }
      samples.push_back(sample.get<std::uint64_t>());
    }
    return samples;
  }

  // nullptr if absent (refused), or null where `may_be_null`.
  const Json* object(const char* key, bool may_be_null = false) {
    const Json* value = take(key);
    if (!value || (may_be_null && value->is_null())) return nullptr;
    if (value->is_object()) return value;
    refuse(key, "is no object");
    return nullptr;
  }

  // All members are taken?
  void finish() {
    if (reason_.empty() && num_taken_ != object_.size()) {
      reason_ = str_cat("has members that version ", kLogVersion, " does not know");
    }
  }

 private:
  const Json* take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      refuse(key, "is missing");
      return nullptr;
    }
    ++num_taken_;
    return &*found;
  }

  std::string take_text(const char* key, bool may_be_null) {
    const Json* value = take(key);
    if (!value || (may_be_null && value->is_null())) return {};
    if (value->is_string()) return value->get<std::string>();
    refuse(key, "is no text");
    return {};
  }

  void refuse(const char* key, const char* why) {
    if (reason_.empty()) reason_ = str_cat("\"", key, "\" ", why);
  }

  const Json& object_;
  std::string& reason_;
  std::size_t num_taken_ = 0;
};

// `read(members)` on the object at `key`.
template <typename Read>
void read_object(Members& parent, const char* key, bool may_be_null, std::string& reason,
                 const Read& read) {
  const Json* object = parent.object(key, may_be_null);
  if (!object) return;
  Members members(*object, reason);
  read(members);
  members.finish();
}

void read_outcome(Members& members, Measurement& measurement, std::string& reason) {
  const std::string outcome = members.text("outcome");
  const auto known = outcome_from_name(outcome);
  if (!known && reason.empty()) reason = str_cat("unknown outcome ", quote(outcome));
  measurement.outcome = known.value_or(Outcome::kInternal);
  const std::string role = members.text("role");
  if (role != "trial" && role != "extra" && reason.empty()) {
    reason = str_cat("unknown role ", quote(role));
  }
  measurement.role = role == "extra" ? MeasurementRole::kExtra : MeasurementRole::kTrial;
}

void read_parts(Members& members, LogRecord& record, std::string& reason) {
  read_object(members, "workload", false, reason, [&record](Members& workload) {
    record.workload = {workload.text("hash"), workload.text("text")};
  });
  record.target.text = members.text("target");
  read_object(members, "device_class", true, reason, [&record](Members& device_class) {
    record.device_class = {device_class.text("label"), device_class.text("text")};
  });
  read_object(members, "protocol", false, reason, [&record](Members& protocol) {
    record.protocol = {protocol.integer("version"), protocol.text("text")};
  });
  record.environment.text = members.optional_text("environment");
  record.trace.text = members.text("trace");
}

void name_parts(LogRecord& record) {
  Measurement& measurement = record.measurement;
  measurement.workload = record.workload.hash;
  measurement.target = record.target.hash();
  measurement.trace = record.trace.hash();
  measurement.protocol = record.protocol.hash();
  if (!record.device_class.text.empty()) measurement.device_class = record.device_class.hash();
  if (!record.environment.text.empty()) measurement.environment = record.environment.hash();
}

// `json` has no digest member any more.
LogRecord from_json(const Json& json, std::string& reason) {
  LogRecord record;
  Measurement& measurement = record.measurement;
  Members members(json, reason);
  members.integer(kVersionKey);
  read_parts(members, record, reason);
  const std::int64_t threads = members.integer("threads");
  if (threads < 1 || threads > std::numeric_limits<int>::max()) {
    if (reason.empty()) reason = str_cat("measured with ", threads, " threads");
  } else {
    measurement.threads = static_cast<int>(threads);
  }
  measurement.artifact = members.optional_text("artifact");
  read_object(members, "versions", false, reason, [&measurement](Members& versions) {
    measurement.versions = {versions.integer("codegen"), versions.text("llvm"),
                            versions.text("tenon")};
  });
  read_outcome(members, measurement, reason);
  measurement.error = members.text("error");
  measurement.samples_ns = members.samples("samples_ns");
  measurement.canary_ppm = members.integer("canary_ppm");
  measurement.measured_ms = members.integer("measured_ms");
  members.finish();
  name_parts(record);
  return record;
}

// Why the line is not what was written; the digest member is taken out.
std::string refuse_envelope(Json& json) {
  const auto version = json.find(kVersionKey);
  if (version == json.end() || !version->is_number_integer()) return "no line of a tuning log";
  if (*version != kLogVersion) {
    return str_cat("line version ", version->dump(), ", this program reads ", kLogVersion);
  }
  const auto digest = json.find(kDigestKey);
  if (digest == json.end() || !digest->is_string()) return "no sha256";
  const std::string claimed = digest->get<std::string>();
  json.erase(digest);
  if (sha256_hex(json.dump()) != claimed) return "sha256 does not match: the line was changed";
  return "";
}

}  // namespace

std::string print_log_line(const LogRecord& record) {
  Json json = to_json(record);
  json[kDigestKey] = sha256_hex(json.dump());
  return json.dump();
}

ParsedLine parse_log_line(std::string_view line) {
  if (line.size() > kMaxLineBytes) return {std::nullopt, "line is too long"};
  if (!json_depth_within(line, kMaxJsonDepth)) {
    return {std::nullopt, str_cat("nests deeper than ", kMaxJsonDepth)};
  }
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return {std::nullopt, "no JSON: torn, or not a tuning log"};
  if (!json.is_object()) return {std::nullopt, "no line of a tuning log"};
  std::string reason = refuse_envelope(json);
  if (!reason.empty()) return {std::nullopt, reason};
  LogRecord record = from_json(json, reason);
  if (reason.empty()) reason = refuse(record).value_or("");
  if (!reason.empty()) return {std::nullopt, reason};
  return {std::move(record), ""};
}

}  // namespace tenon::database
