#include "database/best.h"

#include <optional>
#include <string>
#include <tuple>

namespace tenon::database {
namespace {

// (q10, trace hash, identity): smaller is better.
using Rank = std::tuple<std::int64_t, std::string, std::string>;

std::optional<Rank> rank_of(Connection& connection, std::int64_t measurement_id) {
  auto row = connection.query(
      "SELECT m.q10_ns, t.hash, m.identity FROM measurement m JOIN trace t ON t.id = m.trace_id "
      "WHERE m.id = ?1",
      measurement_id);
  if (!row->next()) return std::nullopt;
  return Rank{row->integer(0), row->blob(1), row->blob(2)};
}

void put_best(Connection& connection, const BestRowKey& key, std::int64_t measurement_id,
              std::int64_t now_ms) {
  connection.run(
      "INSERT OR REPLACE INTO best(workload_id, target_id, devclass_id, threads, measurement_id, "
      "updated_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
      key.workload_id, key.target_id, key.devclass_id, key.threads, measurement_id, now_ms);
}

}  // namespace

void offer_best(Connection& connection, const BestRowKey& key, std::int64_t measurement_id,
                std::int64_t now_ms) {
  const auto present = connection.integer(
      "SELECT measurement_id FROM best WHERE workload_id = ?1 AND target_id = ?2 AND "
      "devclass_id = ?3 AND threads = ?4",
      key.workload_id, key.target_id, key.devclass_id, key.threads);
  if (present) {
    const auto incumbent = rank_of(connection, *present);
    const auto challenger = rank_of(connection, measurement_id);
    if (!incumbent || !challenger || !(*challenger < *incumbent)) return;
  }
  put_best(connection, key, measurement_id, now_ms);
}

std::int64_t find_best_by_definition(Connection& connection, const BestRowKey& key) {
  return connection
      .integer(
          "SELECT m.id FROM measurement m INDEXED BY meas_rank "
          "JOIN trace t ON t.id = m.trace_id JOIN origin o ON o.id = m.origin_id "
          "WHERE m.workload_id = ?1 AND m.role = 0 AND m.outcome = 0 AND m.target_id = ?2 AND "
          "m.devclass_id = ?3 AND m.threads = ?4 AND o.trust > 0 "
          "ORDER BY m.q10_ns, t.hash, m.identity, m.id LIMIT 1",
          key.workload_id, key.target_id, key.devclass_id, key.threads)
      .value_or(0);
}

void recompute_best(Connection& connection, const BestRowKey& key, std::int64_t now_ms) {
  const std::int64_t id = find_best_by_definition(connection, key);
  if (id != 0) {
    put_best(connection, key, id, now_ms);
    return;
  }
  connection.run(
      "DELETE FROM best WHERE workload_id = ?1 AND target_id = ?2 AND devclass_id = ?3 AND "
      "threads = ?4",
      key.workload_id, key.target_id, key.devclass_id, key.threads);
}

std::vector<BestRowKey> keys_with_candidates(Connection& connection) {
  std::vector<BestRowKey> keys;
  auto rows = connection.query(
      "SELECT DISTINCT m.workload_id, m.target_id, m.devclass_id, m.threads FROM measurement m "
      "JOIN origin o ON o.id = m.origin_id WHERE m.role = 0 AND m.outcome = 0 AND o.trust > 0");
  while (rows->next()) {
    keys.push_back({rows->integer(0), rows->integer(1), rows->integer(2), rows->integer(3)});
  }
  return keys;
}

}  // namespace tenon::database
