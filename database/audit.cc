#include "database/audit.h"

#include <functional>
#include <map>
#include <tuple>

#include "compiler/support/text.h"
#include "database/best.h"
#include "database/measurement_row.h"
#include "database/sqlite/connection.h"

namespace tenon::database {
namespace {

// Findings of one rule; what goes beyond the limit is dropped.
class Ledger {
 public:
  explicit Ledger(std::vector<Finding>& findings) : findings_(findings) {}

  void begin(std::string rule) {
    rule_ = std::move(rule);
    num_found_ = 0;
  }
  void add(std::string detail) {
    if (++num_found_ <= kMaxFindings) findings_.push_back({rule_, std::move(detail)});
  }

 private:
  std::vector<Finding>& findings_;
  std::string rule_;
  int num_found_ = 0;
};

// A query whose every row breaks the rule; `detail` has one "?" for each column.
struct RowRule {
  std::string_view rule;
  std::string_view sql;
  std::string_view detail;
};

constexpr RowRule kRowRules[] = {
    {"once",
     "SELECT task_id, epoch, attempt, count(*) FROM measurement WHERE task_id IS NOT NULL "
     "GROUP BY task_id, epoch, attempt HAVING count(*) > 1",
     "task ?, epoch ?, attempt ? has ? measurements"},
    {"once",
     "SELECT task_id, count(*) FROM measurement WHERE task_id IS NOT NULL AND role = 0 "
     "GROUP BY task_id HAVING count(*) > 1",
     "task ? has ? trials"},
    {"task_result",
     "SELECT k.id, k.state FROM task k WHERE k.state IN (5, 6, 9) AND NOT EXISTS "
     "(SELECT 1 FROM measurement m WHERE m.task_id = k.id AND m.role = 0)",
     "task ? ended in state ? without a trial"},
    {"task_result",
     "SELECT k.id, k.state FROM task k JOIN measurement m ON m.task_id = k.id AND m.role = 0 "
     "WHERE k.state NOT IN (5, 6, 9)",
     "task ? is in state ? and has a trial"},
    {"task_result",
     "SELECT k.id, k.state, m.outcome FROM task k JOIN measurement m ON m.task_id = k.id AND "
     "m.role = 0 WHERE (k.state = 5) <> (m.outcome = 0) AND k.state IN (5, 6, 9)",
     "task ? is in state ? with outcome ?"},
    {"task_result",
     "SELECT m.id, k.id FROM measurement m JOIN task k ON k.id = m.task_id WHERE "
     "m.job_id IS NOT k.job_id OR m.workload_id <> k.workload_id OR m.target_id <> k.target_id OR "
     "m.trace_id <> k.trace_id OR m.threads <> k.threads OR m.mproto_id <> k.mproto_id",
     "measurement ? is of another candidate than its task ?"},
    {"attempts",
     "SELECT m.id, m.task_id FROM measurement m LEFT JOIN attempt a ON a.task_id = m.task_id AND "
     "a.epoch = m.epoch AND a.attempt = m.attempt WHERE m.task_id IS NOT NULL AND "
     "(a.task_id IS NULL OR a.outcome <> m.outcome)",
     "measurement ? of task ? has no attempt of its outcome"},
    {"attempts",
     "SELECT task_id, epoch, attempt FROM attempt WHERE attempt < 1 OR epoch < 1 OR epoch > "
     "(SELECT CAST(v AS INTEGER) FROM meta WHERE k = 'tracker_epoch')",
     "task ? has an attempt of epoch ?, number ?, which never was"},
    {"attempts",
     "SELECT k.id, k.num_attempts, count(a.task_id) FROM task k LEFT JOIN attempt a ON "
     "a.task_id = k.id GROUP BY k.id HAVING k.num_attempts <> count(a.task_id)",
     "task ? counts ? attempts and has ?"},
    {"events",
     "SELECT j.id, j.next_rseq, count(m.rseq), coalesce(max(m.rseq), 0) FROM job j "
     "LEFT JOIN measurement m ON m.job_id = j.id AND m.rseq IS NOT NULL GROUP BY j.id "
     "HAVING j.next_rseq <> count(m.rseq) + 1 OR coalesce(max(m.rseq), 0) <> count(m.rseq)",
     "job ? expects event ? next but has ?, the last is ?"},
    {"events",
     "SELECT id, role FROM measurement WHERE (rseq IS NULL) = (role = 0) AND task_id IS NOT NULL",
     "measurement ? with role ? is wrongly numbered"},
    {"budget",
     "SELECT j.id, j.used_trials, count(m.id) FROM job j LEFT JOIN measurement m ON "
     "m.job_id = j.id AND m.role = 0 GROUP BY j.id HAVING j.used_trials <> count(m.id)",
     "job ? says ? trials are used and has ?"},
};

void check_row_rule(Connection& connection, const RowRule& rule, Ledger& ledger) {
  auto rows = connection.query(rule.sql);
  while (rows->next()) {
    std::string detail;
    int column = 0;
    for (const char c : rule.detail) {
      if (c == '?') {
        detail += rows->text(column++);
      } else {
        detail += c;
      }
    }
    ledger.add(std::move(detail));
  }
}

void check_integrity(Connection& connection, Ledger& ledger) {
  ledger.begin("integrity");
  auto integrity = connection.query("PRAGMA integrity_check(20)");
  while (integrity->next()) {
    if (integrity->text(0) != "ok") ledger.add(integrity->text(0));
  }
  auto references = connection.query("PRAGMA foreign_key_check");
  while (references->next()) {
    ledger.add(str_cat("a row of ", references->text(0), " refers to a missing row of ",
                       references->text(2)));
  }
}

// `hash_of(rows)` of each row against its column 1.
void check_hashes_of(Connection& connection, Ledger& ledger, std::string_view table,
                     const std::string& columns, const std::function<Hash(const Rows&)>& hash_of) {
  auto rows = connection.query(str_cat("SELECT id, hash, ", columns, " FROM ", table));
  while (rows->next()) {
    if (to_hex(rows->blob(1)) == hash_of(*rows)) continue;
    ledger.add(str_cat(table, " ", rows->integer(0), " is not what its hash says"));
  }
}

// A workload's hash is the compiler's to check.
void check_hashes(Connection& connection, Ledger& ledger) {
  ledger.begin("hashes");
  check_hashes_of(connection, ledger, "target", "text",
                  [](const Rows& rows) { return TargetRecord{rows.text(2)}.hash(); });
  check_hashes_of(connection, ledger, "devclass", "text", [](const Rows& rows) {
    return DeviceClass{"", rows.text(2)}.hash();
  });
  check_hashes_of(connection, ledger, "mproto", "version, text", [](const Rows& rows) {
    return MeasuringProtocol{rows.integer(2), rows.text(3)}.hash();
  });
  check_hashes_of(connection, ledger, "env", "text",
                  [](const Rows& rows) { return Environment{rows.text(2)}.hash(); });
  check_hashes_of(connection, ledger, "trace", "text",
                  [](const Rows& rows) { return TraceRecord{rows.text(2)}.hash(); });
}

// Why the row is not what its samples and fields say, or "".
std::string contradiction(const Rows& rows, const std::string& identity) {
  if (!decode_samples(rows.blob(23))) return "has damaged samples";
  const StoredMeasurement stored = read_measurement(rows);
  const Measurement& measurement = stored.measurement;
  if (measurement.identity() != identity) return "is not what its identity says";
  const bool is_ok = measurement.outcome == Outcome::kOk;
  const SampleStatistics ranks = is_ok ? statistics(measurement.samples_ns) : SampleStatistics{};
  if (ranks != SampleStatistics{stored.q10_ns, stored.median_ns, stored.mad_ns}) {
    return "has ranks that are not those of its samples";
  }
  if (const auto why = refuse_measurement(measurement)) return *why;
  return "";
}

void check_samples(Connection& connection, Ledger& ledger) {
  ledger.begin("samples");
  auto ids = connection.query("SELECT id, identity FROM measurement ORDER BY id");
  while (ids->next()) {
    const std::int64_t id = ids->integer(0);
    auto rows = connection.query(std::string(kSelectMeasurement) + "WHERE m.id = ?1", id);
    if (!rows->next()) continue;
    const std::string why = contradiction(*rows, to_hex(ids->blob(1)));
    if (!why.empty()) ledger.add(str_cat("measurement ", id, " ", why));
  }
}

using KeyTuple = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

void check_best(Connection& connection, Ledger& ledger) {
  ledger.begin("best");
  std::map<KeyTuple, std::int64_t> found;
  auto rows = connection.query(
      "SELECT workload_id, target_id, devclass_id, threads, measurement_id FROM best");
  while (rows->next()) {
    found[{rows->integer(0), rows->integer(1), rows->integer(2), rows->integer(3)}] =
        rows->integer(4);
  }
  for (const BestRowKey& key : keys_with_candidates(connection)) {
    const KeyTuple tuple{key.workload_id, key.target_id, key.devclass_id, key.threads};
    const std::int64_t needed = find_best_by_definition(connection, key);
    const auto entry = found.find(tuple);
    const std::int64_t present = entry == found.end() ? 0 : entry->second;
    if (entry != found.end()) found.erase(entry);
    if (present == needed) continue;
    // Two measurements of one identity are equally best.
    const auto is_twin = connection.integer(
        "SELECT 1 FROM measurement a JOIN measurement b ON a.identity = b.identity "
        "WHERE a.id = ?1 AND b.id = ?2",
        present, needed);
    if (!is_twin) {
      ledger.add(str_cat("workload ", key.workload_id, ", target ", key.target_id, ", class ",
                         key.devclass_id, ", threads ", key.threads, ": best is measurement ",
                         present, ", it must be ", needed));
    }
  }
  for (const auto& [key, measurement_id] : found) {
    ledger.add(str_cat("workload ", std::get<0>(key), ": measurement ", measurement_id,
                       " is best of a key that has no valid measurement"));
  }
}

void check_all(Connection& connection, Ledger& ledger) {
  check_integrity(connection, ledger);
  std::string_view rule_name;
  for (const RowRule& rule : kRowRules) {
    if (rule.rule != rule_name) ledger.begin(std::string(rule.rule));
    rule_name = rule.rule;
    check_row_rule(connection, rule, ledger);
  }
  check_hashes(connection, ledger);
  check_samples(connection, ledger);
  check_best(connection, ledger);
}

}  // namespace

std::vector<Finding> audit(const Store& store) {
  std::vector<Finding> findings;
  store.with_connection([&findings](Connection& connection) {
    Ledger ledger(findings);
    check_all(connection, ledger);
  });
  return findings;
}

}  // namespace tenon::database
