#include "database/catalogue.h"

#include <array>

#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/measurement_row.h"
#include "database/text_check.h"

namespace tenon::database {
namespace {

constexpr std::array<std::string_view, 6> kFind = {
    "SELECT id FROM workload WHERE hash = ?1", "SELECT id FROM target WHERE hash = ?1",
    "SELECT id FROM devclass WHERE hash = ?1", "SELECT id FROM mproto WHERE hash = ?1",
    "SELECT id FROM env WHERE hash = ?1",      "SELECT id FROM trace WHERE hash = ?1",
};

template <typename... Args>
std::int64_t insert(Connection& connection, std::string_view sql, const Args&... args) {
  connection.run(sql, args...);
  return connection.last_id();
}

}  // namespace

std::optional<std::int64_t> find_id(Connection& connection, Table table, const Hash& hash) {
  if (!is_hash(hash)) return std::nullopt;
  const std::string bytes = hash_bytes_of(hash);
  return connection.integer(kFind.at(static_cast<std::size_t>(table)), Blob{bytes});
}

std::optional<std::string> refuse(const WorkloadRecord& workload) {
  if (!is_hash(workload.hash)) return "workload hash is not 64 hexadecimal digits";
  if (workload.text.empty()) return "workload text is empty";
  return refuse_text("workload text", workload.text);
}

std::optional<std::string> refuse(const TargetRecord& target) {
  if (target.text.empty()) return "target text is empty";
  return refuse_text("target text", target.text);
}

std::optional<std::string> refuse(const DeviceClass& device_class) {
  if (const auto why = refuse_text("label of device class", device_class.label)) return why;
  return refuse_json("device class", device_class.text);
}

std::optional<std::string> refuse(const MeasuringProtocol& protocol) {
  return refuse_json("measuring protocol", protocol.text);
}

std::optional<std::string> refuse(const Environment& environment) {
  return refuse_json("environment", environment.text);
}

std::optional<std::string> refuse(const TraceRecord& trace) {
  return refuse_json("trace", trace.text);
}

std::optional<std::string> refuse(const LogRecord& record) {
  if (const auto why = refuse(record.workload)) return why;
  if (const auto why = refuse(record.target)) return why;
  if (const auto why = refuse(record.protocol)) return why;
  if (const auto why = refuse(record.trace)) return why;
  Hash device_class;
  if (!record.device_class.text.empty()) {
    if (const auto why = refuse(record.device_class)) return why;
    device_class = record.device_class.hash();
  }
  Hash environment;
  if (!record.environment.text.empty()) {
    if (const auto why = refuse(record.environment)) return why;
    environment = record.environment.hash();
  }
  const Measurement& measurement = record.measurement;
  const bool names_its_parts =
      measurement.workload == record.workload.hash && measurement.target == record.target.hash() &&
      measurement.protocol == record.protocol.hash() && measurement.trace == record.trace.hash() &&
      measurement.device_class == device_class && measurement.environment == environment;
  if (!names_its_parts) return "measurement and the records beside it disagree";
  return refuse_measurement(measurement);
}

std::int64_t intern(Connection& connection, const WorkloadRecord& workload) {
  if (const auto id = find_id(connection, Table::kWorkload, workload.hash)) return *id;
  const std::string hash = hash_bytes_of(workload.hash);
  return insert(connection, "INSERT INTO workload(hash, text) VALUES(?1, ?2)", Blob{hash},
                workload.text);
}

std::int64_t intern(Connection& connection, const TargetRecord& target) {
  const Hash name = target.hash();
  if (const auto id = find_id(connection, Table::kTarget, name)) return *id;
  const std::string hash = hash_bytes_of(name);
  return insert(connection, "INSERT INTO target(hash, text) VALUES(?1, ?2)", Blob{hash},
                target.text);
}

std::int64_t intern(Connection& connection, const DeviceClass& device_class) {
  const Hash name = device_class.hash();
  if (const auto id = find_id(connection, Table::kDeviceClass, name)) return *id;
  const std::string hash = hash_bytes_of(name);
  return insert(connection, "INSERT INTO devclass(hash, label, text) VALUES(?1, ?2, ?3)",
                Blob{hash}, device_class.label, device_class.text);
}

std::int64_t intern(Connection& connection, const MeasuringProtocol& protocol) {
  const Hash name = protocol.hash();
  if (const auto id = find_id(connection, Table::kProtocol, name)) return *id;
  const std::string hash = hash_bytes_of(name);
  return insert(connection, "INSERT INTO mproto(hash, version, text) VALUES(?1, ?2, ?3)",
                Blob{hash}, protocol.version, protocol.text);
}

std::int64_t intern(Connection& connection, const Environment& environment) {
  const Hash name = environment.hash();
  if (const auto id = find_id(connection, Table::kEnvironment, name)) return *id;
  const std::string hash = hash_bytes_of(name);
  return insert(connection, "INSERT INTO env(hash, text) VALUES(?1, ?2)", Blob{hash},
                environment.text);
}

std::int64_t intern(Connection& connection, const TraceRecord& trace) {
  const Hash name = trace.hash();
  if (const auto id = find_id(connection, Table::kTrace, name)) return *id;
  const std::string hash = hash_bytes_of(name);
  return insert(connection, "INSERT INTO trace(hash, text) VALUES(?1, ?2)", Blob{hash}, trace.text);
}

Written put_device(Connection& connection, const DeviceRecord& device) {
  if (device.serial.empty()) return rejected("device serial is empty");
  if (const auto why = refuse_text("device serial", device.serial)) return rejected(*why);
  if (const auto why = refuse_json("device labels", device.labels)) return rejected(*why);
  const auto class_id = find_id(connection, Table::kDeviceClass, device.device_class);
  if (!class_id) {
    return rejected(
        str_cat("device ", device.serial, ": unknown device class ", device.device_class));
  }
  auto found = connection.query("SELECT id, devclass_id, labels FROM device WHERE serial = ?1",
                                device.serial);
  if (!found->next()) {
    return accepted(insert(connection,
                           "INSERT INTO device(serial, devclass_id, labels) VALUES(?1, ?2, ?3)",
                           device.serial, *class_id, device.labels));
  }
  const std::int64_t id = found->integer(0);
  if (found->integer(1) == *class_id && found->text(2) == device.labels) return existing(id);
  // New memory or another clock policy makes another class; older measurements keep theirs.
  found.reset();
  connection.run("UPDATE device SET devclass_id = ?2, labels = ?3 WHERE id = ?1", id, *class_id,
                 device.labels);
  return accepted(id);
}

}  // namespace tenon::database
