#include "database/apply.h"

#include <type_traits>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "database/catalogue.h"

namespace tenon::database {
namespace {

template <typename Record>
Written put(Connection& connection, const Record& record, const Hash& hash, Table table) {
  if (const auto why = refuse(record)) return rejected(*why);
  if (const auto id = find_id(connection, table, hash)) return existing(*id);
  return accepted(intern(connection, record));
}

struct Apply {
  Connection& connection;
  const WriteContext& context;

  Written operator()(const WorkloadRecord& record) const {
    return put(connection, record, record.hash, Table::kWorkload);
  }
  Written operator()(const TargetRecord& record) const {
    return put(connection, record, record.hash(), Table::kTarget);
  }
  Written operator()(const DeviceClass& record) const {
    return put(connection, record, record.hash(), Table::kDeviceClass);
  }
  Written operator()(const MeasuringProtocol& record) const {
    return put(connection, record, record.hash(), Table::kProtocol);
  }
  Written operator()(const Environment& record) const {
    return put(connection, record, record.hash(), Table::kEnvironment);
  }
  Written operator()(const DeviceRecord& record) const { return put_device(connection, record); }
  Written operator()(const AddJob& add) const { return add_job(connection, add); }
  Written operator()(const SetJobState& set) const { return set_job_state(connection, set); }
  Written operator()(const AddTasks& add) const { return add_tasks(connection, add); }
  Written operator()(const SetArtifact& set) const { return set_artifact(connection, set); }
  Written operator()(const EndAttempt& end) const { return end_attempt(connection, end, context); }
  Written operator()(const CommitResult& commit) const {
    return commit_result(connection, commit, context);
  }
  Written operator()(const AddOrigin& add) const { return add_origin(connection, add); }
  Written operator()(const ImportMeasurement& import) const {
    return import_measurement(connection, import);
  }
  Written operator()(const ForgetOrigin& forget) const { return forget_origin(connection, forget); }
};

}  // namespace

Written apply(Connection& connection, const Write& write, const WriteContext& context) {
  return std::visit(Apply{connection, context}, write);
}

std::string hash_bytes_of(const Hash& hash) {
  if (hash.empty()) return {};
  auto bytes = from_hex(hash);
  CHECK(bytes) << "not hexadecimal: " << quote(hash);
  return *std::move(bytes);
}

std::optional<Blob> blob_or_null(const std::string& bytes) {
  if (bytes.empty()) return std::nullopt;
  return Blob{bytes};
}

}  // namespace tenon::database
