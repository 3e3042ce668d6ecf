// What the tracker reads from the database for others: its own state at the start, results for
// subscribers, and stored measurements. Called by the shell and by simulations.
#pragma once

#include <vector>

#include "database/store.h"
#include "tracker/core.h"

namespace tenon::tracker {

// Everything that is open, for start().
Snapshot read_snapshot(const database::Store& store);

// The messages that carry out a SendResults: as many EVENTS as the results need.
std::vector<rpc::Events> read_results(const database::Store& store, const SendResults& wanted);

rpc::Measurements find_measurements(const database::Store& store,
                                    const rpc::FindMeasurements& request);

// Tasks of one batch, for LoadBatch.
std::vector<database::TaskRecord> read_batch(const database::Store& store, const LoadBatch& wanted);

}  // namespace tenon::tracker
