#include "database/measurement_row.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/catalogue.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

std::optional<std::int64_t> id_or_null(std::int64_t id) {
  if (id == 0) return std::nullopt;
  return id;
}

std::optional<std::string> refuse_hashes(const Measurement& measurement) {
  if (!is_hash(measurement.workload)) return "measurement without workload hash";
  if (!is_hash(measurement.target)) return "measurement without target hash";
  if (!is_hash(measurement.trace)) return "measurement without trace hash";
  if (!is_hash(measurement.protocol)) return "measurement without measuring protocol";
  if (!measurement.artifact.empty() && !is_hash(measurement.artifact)) {
    return "artifact digest is not 64 hexadecimal digits";
  }
  return std::nullopt;
}

std::optional<std::string> unknown(std::string_view what, const Hash& hash) {
  return str_cat("measurement names unknown ", what, " ", hash);
}

}  // namespace

std::optional<std::string> refuse_measurement(const Measurement& measurement) {
  if (const auto why = refuse_hashes(measurement)) return why;
  if (static_cast<int>(measurement.outcome) >= kNumOutcomes) return "unknown outcome";
  if (measurement.threads < 1) return str_cat("measured with ", measurement.threads, " threads");
  if (const auto why = refuse_text("LLVM version", measurement.versions.llvm)) return why;
  if (const auto why = refuse_text("Tenon version", measurement.versions.tenon)) return why;
  if (const auto why = refuse_text("error text", measurement.error)) return why;
  const auto& samples = measurement.samples_ns;
  if (samples.size() > kMaxSamples) return str_cat(samples.size(), " samples are too many");
  const bool is_sane = std::all_of(samples.begin(), samples.end(), [](std::uint64_t sample) {
    return sample > 0 && sample < kMaxSampleNs;
  });
  if (!is_sane) return "a sample is zero or longer than a century";
  if (measurement.outcome != Outcome::kOk) return std::nullopt;
  if (samples.empty()) return "outcome ok without samples";
  if (!is_hash(measurement.device_class)) return "outcome ok without device class";
  return std::nullopt;
}

std::optional<std::string> resolve(Connection& connection, const Measurement& measurement,
                                   const std::string& device_serial, MeasurementRefs& refs) {
  const auto fill = [&connection](Table table, const Hash& hash, std::int64_t& id) {
    if (hash.empty()) return true;
    id = find_id(connection, table, hash).value_or(0);
    return id != 0;
  };
  if (!fill(Table::kWorkload, measurement.workload, refs.workload_id)) {
    return unknown("workload", measurement.workload);
  }
  if (!fill(Table::kTarget, measurement.target, refs.target_id)) {
    return unknown("target", measurement.target);
  }
  if (!fill(Table::kTrace, measurement.trace, refs.trace_id)) {
    return unknown("trace", measurement.trace);
  }
  if (!fill(Table::kDeviceClass, measurement.device_class, refs.devclass_id)) {
    return unknown("device class", measurement.device_class);
  }
  if (!fill(Table::kProtocol, measurement.protocol, refs.protocol_id)) {
    return unknown("measuring protocol", measurement.protocol);
  }
  if (!fill(Table::kEnvironment, measurement.environment, refs.environment_id)) {
    return unknown("environment", measurement.environment);
  }
  if (device_serial.empty()) return std::nullopt;
  const auto device = connection.integer("SELECT id FROM device WHERE serial = ?1", device_serial);
  if (!device) return str_cat("measurement from unknown device ", device_serial);
  refs.device_id = *device;
  return std::nullopt;
}

std::int64_t insert_measurement(Connection& connection, const Measurement& measurement,
                                const MeasurementRefs& refs) {
  const std::string identity = hash_bytes_of(measurement.identity());
  const std::string artifact = hash_bytes_of(measurement.artifact);
  const std::string samples = encode_samples(measurement.samples_ns);
  const SampleStatistics ranks = statistics(measurement.samples_ns);
  const bool is_ranked = measurement.outcome == Outcome::kOk;
  const auto rank = [is_ranked](std::uint64_t value) -> std::optional<std::int64_t> {
    if (!is_ranked) return std::nullopt;
    return static_cast<std::int64_t>(value);
  };
  const auto fence = [&refs](std::int64_t value) -> std::optional<std::int64_t> {
    if (refs.task_id == 0) return std::nullopt;
    return value;
  };
  connection.run(
      "INSERT INTO measurement(identity, task_id, epoch, attempt, job_id, rseq, role, workload_id, "
      "target_id, trace_id, threads, devclass_id, device_id, mproto_id, env_id, origin_id, "
      "artifact, codegen, llvm, tenon, outcome, error, q10_ns, median_ns, mad_ns, canary_ppm, "
      "samples, measured_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
      "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
      Blob{identity}, id_or_null(refs.task_id), fence(refs.epoch), fence(refs.attempt),
      id_or_null(refs.job_id), id_or_null(refs.rseq), static_cast<int>(measurement.role),
      refs.workload_id, refs.target_id, refs.trace_id, measurement.threads,
      id_or_null(refs.devclass_id), id_or_null(refs.device_id), refs.protocol_id,
      id_or_null(refs.environment_id), refs.origin_id, blob_or_null(artifact),
      measurement.versions.codegen, measurement.versions.llvm, measurement.versions.tenon,
      static_cast<int>(measurement.outcome), measurement.error, rank(ranks.q10_ns),
      rank(ranks.median_ns), rank(ranks.mad_ns), measurement.canary_ppm, Blob{samples},
      measurement.measured_ms);
  return connection.last_id();
}

const std::string_view kSelectMeasurement =
    "SELECT m.id, m.task_id, m.epoch, m.attempt, m.job_id, m.rseq, d.serial, m.q10_ns, "
    "m.median_ns, m.mad_ns, w.hash, g.hash, t.hash, m.threads, c.hash, p.hash, e.hash, m.artifact, "
    "m.codegen, m.llvm, m.tenon, m.outcome, m.error, m.samples, m.canary_ppm, m.measured_ms, "
    "m.role, t.text FROM measurement m "
    "JOIN workload w ON w.id = m.workload_id JOIN target g ON g.id = m.target_id "
    "JOIN trace t ON t.id = m.trace_id JOIN mproto p ON p.id = m.mproto_id "
    "LEFT JOIN devclass c ON c.id = m.devclass_id LEFT JOIN device d ON d.id = m.device_id "
    "LEFT JOIN env e ON e.id = m.env_id ";

StoredMeasurement read_measurement(const Rows& rows) {
  StoredMeasurement stored;
  stored.id = rows.integer(0);
  stored.task_id = rows.integer(1);
  stored.epoch = rows.integer(2);
  stored.attempt = rows.integer(3);
  stored.job_id = rows.integer(4);
  stored.rseq = rows.integer(5);
  stored.device_serial = rows.text(6);
  stored.q10_ns = static_cast<std::uint64_t>(rows.integer(7));
  stored.median_ns = static_cast<std::uint64_t>(rows.integer(8));
  stored.mad_ns = static_cast<std::uint64_t>(rows.integer(9));
  Measurement& measurement = stored.measurement;
  measurement.workload = to_hex(rows.blob(10));
  measurement.target = to_hex(rows.blob(11));
  measurement.trace = to_hex(rows.blob(12));
  measurement.threads = static_cast<int>(rows.integer(13));
  measurement.device_class = to_hex(rows.blob(14));
  measurement.protocol = to_hex(rows.blob(15));
  measurement.environment = to_hex(rows.blob(16));
  measurement.artifact = to_hex(rows.blob(17));
  measurement.versions = {rows.integer(18), rows.text(19), rows.text(20)};
  measurement.outcome = static_cast<Outcome>(rows.integer(21));
  measurement.error = rows.text(22);
  auto samples = decode_samples(rows.blob(23));
  if (!samples) throw IoError(str_cat("measurement ", stored.id, " has damaged samples"));
  measurement.samples_ns = *std::move(samples);
  measurement.canary_ppm = rows.integer(24);
  measurement.measured_ms = rows.integer(25);
  measurement.role = static_cast<MeasurementRole>(rows.integer(26));
  return stored;
}

}  // namespace tenon::database
