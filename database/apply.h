// One write turned into rows, inside the caller's transaction. Internal to the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "database/records.h"
#include "database/sqlite/connection.h"
#include "database/writes.h"

namespace tenon::database {

struct WriteContext {
  std::int64_t epoch = 0;
};

// Everything is checked before the first row changes: a rejected write leaves no trace. If the
// connection has failed on return, the result means nothing and the caller rolls back.
Written apply(Connection& connection, const Write& write, const WriteContext& context);

// The parts, one file each.
Written add_job(Connection& connection, const AddJob& add);
Written set_job_state(Connection& connection, const SetJobState& set);
Written add_tasks(Connection& connection, const AddTasks& add);
Written set_artifact(Connection& connection, const SetArtifact& set);
Written end_attempt(Connection& connection, const EndAttempt& end, const WriteContext& context);
Written commit_result(Connection& connection, const CommitResult& commit,
                      const WriteContext& context);
Written add_origin(Connection& connection, const AddOrigin& add);
Written import_measurement(Connection& connection, const ImportMeasurement& import);
Written forget_origin(Connection& connection, const ForgetOrigin& forget);

inline Written rejected(std::string why) {
  return {.disposition = Disposition::kRejected, .id = 0, .rseq = 0, .error = std::move(why)};
}
inline Written accepted(std::int64_t id) {
  return {.disposition = Disposition::kAccepted, .id = id, .rseq = 0, .error = {}};
}
inline Written existing(std::int64_t id) {
  return {.disposition = Disposition::kExisting, .id = id, .rseq = 0, .error = {}};
}

// Hash text <-> its 32 (or 16) bytes; "" <-> NULL.
std::string hash_bytes_of(const Hash& hash);
std::optional<Blob> blob_or_null(const std::string& bytes);

}  // namespace tenon::database
