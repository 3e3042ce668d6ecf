// Measurements made elsewhere: added once, ranked if trusted, and taken back on request.
#include <vector>

#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/best.h"
#include "database/catalogue.h"
#include "database/measurement_row.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

constexpr int kMaxTrust = 2;
constexpr int kImportKind = 1;

MeasurementRefs intern_parts(Connection& connection, const LogRecord& record,
                             std::int64_t origin_id) {
  MeasurementRefs refs;
  refs.workload_id = intern(connection, record.workload);
  refs.target_id = intern(connection, record.target);
  refs.trace_id = intern(connection, record.trace);
  refs.protocol_id = intern(connection, record.protocol);
  if (!record.device_class.text.empty()) refs.devclass_id = intern(connection, record.device_class);
  if (!record.environment.text.empty()) {
    refs.environment_id = intern(connection, record.environment);
  }
  refs.origin_id = origin_id;
  return refs;
}

// Keys whose best is a measurement of this origin.
std::vector<BestRowKey> keys_held_by(Connection& connection, std::int64_t origin_id) {
  std::vector<BestRowKey> keys;
  auto rows = connection.query(
      "SELECT b.workload_id, b.target_id, b.devclass_id, b.threads FROM best b "
      "JOIN measurement m ON m.id = b.measurement_id WHERE m.origin_id = ?1",
      origin_id);
  while (rows->next()) {
    keys.push_back({rows->integer(0), rows->integer(1), rows->integer(2), rows->integer(3)});
  }
  return keys;
}

}  // namespace

Written add_origin(Connection& connection, const AddOrigin& add) {
  if (!is_hash(add.digest)) return rejected("origin digest is not 64 hexadecimal digits");
  if (add.trust < 0 || add.trust > kMaxTrust) {
    return rejected(str_cat("trust ", add.trust, " is outside 0 .. ", kMaxTrust));
  }
  if (const auto why = refuse_text("origin tool", add.tool)) return rejected(*why);
  const std::string digest = hash_bytes_of(add.digest);
  if (const auto id = connection.integer("SELECT id FROM origin WHERE digest = ?1", Blob{digest})) {
    return existing(*id);
  }
  connection.run(
      "INSERT INTO origin(kind, digest, tool, trust, imported_ms) VALUES(?1, ?2, ?3, ?4, ?5)",
      kImportKind, Blob{digest}, add.tool, add.trust, add.now_ms);
  return accepted(connection.last_id());
}

Written import_measurement(Connection& connection, const ImportMeasurement& import) {
  const auto trust = connection.integer("SELECT trust FROM origin WHERE id = ?1 AND kind = ?2",
                                        import.origin_id, kImportKind);
  if (!trust) return rejected(str_cat("import of unknown origin ", import.origin_id));
  const Measurement& measurement = import.record.measurement;
  const std::string identity = hash_bytes_of(measurement.identity());
  const auto known =
      connection.integer("SELECT id FROM measurement WHERE identity = ?1", Blob{identity});
  if (known) return existing(*known);
  if (const auto why = refuse(import.record)) return rejected(*why);
  const MeasurementRefs refs = intern_parts(connection, import.record, import.origin_id);
  const std::int64_t id = insert_measurement(connection, measurement, refs);
  if (*trust > 0 && measurement.outcome == Outcome::kOk &&
      measurement.role == MeasurementRole::kTrial) {
    offer_best(connection,
               {refs.workload_id, refs.target_id, refs.devclass_id, measurement.threads}, id,
               import.now_ms);
  }
  return accepted(id);
}

Written forget_origin(Connection& connection, const ForgetOrigin& forget) {
  if (!is_hash(forget.digest)) return rejected("origin digest is not 64 hexadecimal digits");
  const std::string digest = hash_bytes_of(forget.digest);
  const auto origin_id =
      connection.integer("SELECT id FROM origin WHERE digest = ?1", Blob{digest});
  if (!origin_id) return rejected(str_cat("nothing was imported from ", forget.digest));
  const std::vector<BestRowKey> keys = keys_held_by(connection, *origin_id);
  connection.run(
      "DELETE FROM best WHERE measurement_id IN (SELECT id FROM measurement WHERE origin_id = ?1 "
      "AND origin_id > 1)",
      *origin_id);
  connection.run("DELETE FROM measurement WHERE origin_id = ?1 AND origin_id > 1", *origin_id);
  const std::int64_t num_removed = connection.num_changes();
  connection.run("DELETE FROM origin WHERE id = ?1", *origin_id);
  for (const BestRowKey& key : keys) recompute_best(connection, key, forget.now_ms);
  return accepted(num_removed);
}

}  // namespace tenon::database
