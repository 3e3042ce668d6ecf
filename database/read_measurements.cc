// Reading measurements and bests.
#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/measurement_row.h"
#include "database/store.h"
#include "database/store_state.h"

namespace tenon::database {
namespace {

// The first column that with_columns adds.
constexpr int kFirstAdded = kTraceTextColumn + 1;

// kSelectMeasurement with more columns in front of FROM.
std::string with_columns(std::string_view columns) {
  std::string sql(kSelectMeasurement);
  const std::string_view last = "t.text";
  return sql.insert(sql.find(last) + last.size(), columns);
}

std::string select_best() {
  return with_columns(", b.updated_ms") + "JOIN best b ON b.measurement_id = m.id ";
}

std::string select_record() {
  return with_columns(", w.text, g.text, c.label, c.text, p.version, p.text, e.text");
}

LogRecord read_record(const Rows& rows) {
  LogRecord record;
  record.measurement = read_measurement(rows).measurement;
  record.workload = {record.measurement.workload, rows.text(kFirstAdded)};
  record.target = {rows.text(kFirstAdded + 1)};
  record.device_class = {rows.text(kFirstAdded + 2), rows.text(kFirstAdded + 3)};
  record.protocol = {rows.integer(kFirstAdded + 4), rows.text(kFirstAdded + 5)};
  record.environment = {rows.text(kFirstAdded + 6)};
  record.trace = {rows.text(kTraceTextColumn)};
  return record;
}

Best read_best(const Rows& rows) {
  return {.updated_ms = rows.integer(kFirstAdded),
          .trace_text = rows.text(kTraceTextColumn),
          .stored = read_measurement(rows)};
}

// Bytes of the hash, or of no hash at all: nothing is found then.
std::string bytes_or_none(const Hash& hash) {
  return is_hash(hash) ? hash_bytes_of(hash) : std::string();
}

std::optional<std::string> bytes_of(const std::optional<Hash>& hash) {
  if (!hash) return std::nullopt;
  return bytes_or_none(*hash);
}

std::optional<Blob> as_blob(const std::optional<std::string>& bytes) {
  if (!bytes) return std::nullopt;
  return Blob{*bytes};
}

constexpr std::string_view kFilter =
    "WHERE w.hash = ?1 AND (?2 IS NULL OR g.hash = ?2) AND (?3 IS NULL OR c.hash = ?3) AND "
    "(?4 IS NULL OR m.threads = ?4) AND (?5 = 0 OR m.outcome = 0) AND (?6 = 1 OR m.role = 0) "
    "ORDER BY m.q10_ns IS NULL, m.q10_ns, t.hash, m.identity, m.id";

}  // namespace

std::vector<StoredMeasurement> Store::job_results(std::int64_t job_id, std::int64_t from_rseq,
                                                  std::size_t limit) const {
  return read_from(*this, [&](Connection& connection) {
    std::vector<StoredMeasurement> results;
    auto rows = connection.query(std::string(kSelectMeasurement) +
                                     "WHERE m.job_id = ?1 AND m.rseq IS NOT NULL AND "
                                     "m.rseq >= ?2 ORDER BY m.rseq LIMIT ?3",
                                 job_id, from_rseq, static_cast<std::int64_t>(limit));
    while (rows->next()) results.push_back(read_measurement(*rows));
    return results;
  });
}

std::vector<std::pair<Hash, Hash>> Store::measured_traces(std::int64_t job_id) const {
  return read_from(*this, [job_id](Connection& connection) {
    std::vector<std::pair<Hash, Hash>> pairs;
    auto rows = connection.query(
        "SELECT DISTINCT w.hash, t.hash FROM measurement m JOIN workload w ON w.id = m.workload_id "
        "JOIN trace t ON t.id = m.trace_id WHERE m.job_id = ?1 AND m.rseq IS NOT NULL "
        "ORDER BY w.hash, t.hash",
        job_id);
    while (rows->next()) pairs.emplace_back(to_hex(rows->blob(0)), to_hex(rows->blob(1)));
    return pairs;
  });
}

std::vector<MeasurementWithTrace> Store::measurements(const Hash& workload,
                                                      const MeasurementFilter& filter) const {
  const std::string workload_bytes = bytes_or_none(workload);
  const auto target = bytes_of(filter.target);
  const auto device_class = bytes_of(filter.device_class);
  return read_from(*this, [&](Connection& connection) {
    std::vector<MeasurementWithTrace> found;
    auto rows = connection.query(std::string(kSelectMeasurement) + std::string(kFilter),
                                 Blob{workload_bytes}, as_blob(target), as_blob(device_class),
                                 filter.threads, filter.only_ok ? 1 : 0, filter.with_extra ? 1 : 0);
    while (rows->next()) {
      found.push_back({read_measurement(*rows), rows->text(kTraceTextColumn)});
    }
    return found;
  });
}

std::optional<Best> Store::best(const BestKey& key) const {
  const std::string workload = bytes_or_none(key.workload);
  const std::string target = bytes_or_none(key.target);
  const std::string device_class = bytes_or_none(key.device_class);
  return read_from(*this, [&](Connection& connection) -> std::optional<Best> {
    auto rows = connection.query(
        select_best() +
            "WHERE w.hash = ?1 AND g.hash = ?2 AND c.hash = ?3 AND b.threads = ?4 AND "
            "b.workload_id = w.id AND b.target_id = g.id AND b.devclass_id = c.id",
        Blob{workload}, Blob{target}, Blob{device_class}, key.threads);
    if (!rows->next()) return std::nullopt;
    return read_best(*rows);
  });
}

std::vector<Best> Store::bests(const Hash& target, const Hash& device_class) const {
  const std::string target_bytes = bytes_or_none(target);
  const std::string class_bytes = bytes_or_none(device_class);
  return read_from(*this, [&](Connection& connection) {
    std::vector<Best> found;
    auto rows = connection.query(select_best() +
                                     "WHERE g.hash = ?1 AND c.hash = ?2 AND b.target_id = g.id AND "
                                     "b.devclass_id = c.id ORDER BY w.hash, b.threads",
                                 Blob{target_bytes}, Blob{class_bytes});
    while (rows->next()) found.push_back(read_best(*rows));
    return found;
  });
}

std::vector<Hash> Store::best_classes(const Hash& target) const {
  const std::string bytes = bytes_or_none(target);
  return read_from(*this, [&](Connection& connection) {
    std::vector<Hash> classes;
    auto rows = connection.query(
        "SELECT DISTINCT c.hash FROM best b JOIN devclass c ON c.id = b.devclass_id "
        "JOIN target g ON g.id = b.target_id WHERE g.hash = ?1 ORDER BY c.hash",
        Blob{bytes});
    while (rows->next()) classes.push_back(to_hex(rows->blob(0)));
    return classes;
  });
}

void Store::each_record(const std::function<void(const LogRecord&)>& visit) const {
  with_connection([&visit](Connection& connection) {
    // Ids are sorted first, so that the sorter holds no samples and texts.
    auto order = connection.query(
        "SELECT m.id, m.identity FROM measurement m JOIN workload w ON w.id = m.workload_id "
        "JOIN target g ON g.id = m.target_id JOIN trace t ON t.id = m.trace_id "
        "LEFT JOIN devclass c ON c.id = m.devclass_id "
        "ORDER BY w.hash, g.hash, c.hash, m.threads, t.hash, m.identity, m.id");
    std::string previous;
    while (order->next()) {
      std::string identity = order->blob(1);
      if (identity == previous) continue;
      previous = std::move(identity);
      auto rows = connection.query(select_record() + "WHERE m.id = ?1", order->integer(0));
      if (rows->next()) visit(read_record(*rows));
    }
  });
}

}  // namespace tenon::database
