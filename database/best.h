// The table of bests: for each (workload, target, device class, threads) the fastest trial that is
// trusted, ordered by (q10, trace hash, identity) so that every order of arrival gives the same.
// Internal to the store.
#pragma once

#include <cstdint>
#include <vector>

#include "database/sqlite/connection.h"

namespace tenon::database {

// Row ids of the key.
struct BestRowKey {
  std::int64_t workload_id = 0;
  std::int64_t target_id = 0;
  std::int64_t devclass_id = 0;
  std::int64_t threads = 1;
};

// `measurement_id` is a new trusted trial with outcome ok of this key: it becomes best if it is
// before the present one in the order.
void offer_best(Connection& connection, const BestRowKey& key, std::int64_t measurement_id,
                std::int64_t now_ms);

// Sets the key's row from all its measurements; removes it when none is left.
void recompute_best(Connection& connection, const BestRowKey& key, std::int64_t now_ms);

// The measurement that must be best, or 0: the definition, used by recompute_best and the audit.
std::int64_t find_best_by_definition(Connection& connection, const BestRowKey& key);

// Keys that have at least one measurement that may be best.
std::vector<BestRowKey> keys_with_candidates(Connection& connection);

}  // namespace tenon::database
