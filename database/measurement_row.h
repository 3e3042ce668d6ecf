// A measurement between value and row. Internal to the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "database/records.h"
#include "database/sqlite/connection.h"

namespace tenon::database {

inline constexpr std::int64_t kLiveOrigin = 1;
// Larger than any time that is one: 146 years. Ranks are stored as signed integers.
inline constexpr std::uint64_t kMaxSampleNs = std::uint64_t{1} << 62;

// Rows a measurement refers to; 0 means none, except origin.
struct MeasurementRefs {
  std::int64_t task_id = 0;
  std::int64_t epoch = 0;
  std::int64_t attempt = 0;
  std::int64_t job_id = 0;
  std::int64_t rseq = 0;
  std::int64_t workload_id = 0;
  std::int64_t target_id = 0;
  std::int64_t trace_id = 0;
  std::int64_t devclass_id = 0;
  std::int64_t device_id = 0;
  std::int64_t protocol_id = 0;
  std::int64_t environment_id = 0;
  std::int64_t origin_id = kLiveOrigin;
};

// Why the measurement contradicts itself; nothing if it does not.
std::optional<std::string> refuse_measurement(const Measurement& measurement);

// Fills the ids of everything the measurement names; gives the first that is unknown.
std::optional<std::string> resolve(Connection& connection, const Measurement& measurement,
                                   const std::string& device_serial, MeasurementRefs& refs);

std::int64_t insert_measurement(Connection& connection, const Measurement& measurement,
                                const MeasurementRefs& refs);

// "SELECT columns FROM measurement m JOIN ..." for read_measurement; conditions are appended.
// Aliases: m measurement, w workload, g target, t trace, c devclass, d device, p mproto, e env.
extern const std::string_view kSelectMeasurement;
// Trace text is column kTraceTextColumn.
inline constexpr int kTraceTextColumn = 27;
// Samples that do not decode are damage: throws IoError.
StoredMeasurement read_measurement(const Rows& rows);

}  // namespace tenon::database
