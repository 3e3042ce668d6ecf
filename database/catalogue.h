// The tables of things named by content: workload, target, devclass, mproto, env, trace; and
// device. Rows of content are added, never changed. Internal to the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "database/records.h"
#include "database/sqlite/connection.h"
#include "database/writes.h"

namespace tenon::database {

enum class Table { kWorkload, kTarget, kDeviceClass, kProtocol, kEnvironment, kTrace };

std::optional<std::int64_t> find_id(Connection& connection, Table table, const Hash& hash);

// Why the record cannot be stored; nothing if it can.
std::optional<std::string> refuse(const WorkloadRecord& workload);
std::optional<std::string> refuse(const TargetRecord& target);
std::optional<std::string> refuse(const DeviceClass& device_class);
std::optional<std::string> refuse(const MeasuringProtocol& protocol);
std::optional<std::string> refuse(const Environment& environment);
std::optional<std::string> refuse(const TraceRecord& trace);
// Also: every part is what the measurement names.
std::optional<std::string> refuse(const LogRecord& record);

// The row of this content, added when absent. The record is valid: refuse() gave nothing.
std::int64_t intern(Connection& connection, const WorkloadRecord& workload);
std::int64_t intern(Connection& connection, const TargetRecord& target);
std::int64_t intern(Connection& connection, const DeviceClass& device_class);
std::int64_t intern(Connection& connection, const MeasuringProtocol& protocol);
std::int64_t intern(Connection& connection, const Environment& environment);
std::int64_t intern(Connection& connection, const TraceRecord& trace);

// Class and labels of a serial follow the newest record; measurements keep the class they had.
Written put_device(Connection& connection, const DeviceRecord& device);

}  // namespace tenon::database
