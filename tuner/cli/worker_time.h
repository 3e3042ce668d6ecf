// What the workers of a tuning job did while the tuner waited, from the job's attempts.
#pragma once
#include <cstdint>
#include <string>

#include "rpc/wire/types.h"

namespace tenon::cli {

// Seconds since `from_ms` (wall clock) in which at least one candidate of the job was with a build
// worker, with a run worker. Both go on at once, so their sum may exceed the time that passed.
struct WorkerTime {
  double build = 0, run = 0;
};

// Throws what Store::open throws for reading.
WorkerTime worker_time(const std::string& database, const rpc::Hash& job, std::int64_t from_ms);

}  // namespace tenon::cli
