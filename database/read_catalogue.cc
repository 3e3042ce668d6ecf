// Reading things named by content.
#include "compiler/support/text.h"
#include "database/apply.h"
#include "database/store.h"
#include "database/store_state.h"

namespace tenon::database {
namespace {

// The row of `hash`, made into a Record by `make(rows)`.
template <typename Record, typename Make>
std::optional<Record> find(const Store& store, std::string_view sql, const Hash& hash,
                           const Make& make) {
  if (!is_hash(hash)) return std::nullopt;
  const std::string bytes = hash_bytes_of(hash);
  return read_from(store, [&](Connection& connection) -> std::optional<Record> {
    auto rows = connection.query(sql, Blob{bytes});
    if (!rows->next()) return std::nullopt;
    return make(*rows);
  });
}

DeviceClass read_device_class(const Rows& rows) { return {rows.text(0), rows.text(1)}; }

}  // namespace

std::optional<WorkloadRecord> Store::workload(const Hash& hash) const {
  return find<WorkloadRecord>(*this, "SELECT text FROM workload WHERE hash = ?1", hash,
                              [&hash](const Rows& rows) {
                                return WorkloadRecord{hash, rows.text(0)};
                              });
}

std::optional<TargetRecord> Store::target(const Hash& hash) const {
  return find<TargetRecord>(*this, "SELECT text FROM target WHERE hash = ?1", hash,
                            [](const Rows& rows) { return TargetRecord{rows.text(0)}; });
}

std::optional<DeviceClass> Store::device_class(const Hash& hash) const {
  return find<DeviceClass>(*this, "SELECT label, text FROM devclass WHERE hash = ?1", hash,
                           read_device_class);
}

std::optional<MeasuringProtocol> Store::protocol(const Hash& hash) const {
  return find<MeasuringProtocol>(*this, "SELECT version, text FROM mproto WHERE hash = ?1", hash,
                                 [](const Rows& rows) {
                                   return MeasuringProtocol{rows.integer(0), rows.text(1)};
                                 });
}

std::optional<Environment> Store::environment(const Hash& hash) const {
  return find<Environment>(*this, "SELECT text FROM env WHERE hash = ?1", hash,
                           [](const Rows& rows) { return Environment{rows.text(0)}; });
}

std::optional<TraceRecord> Store::trace(const Hash& hash) const {
  return find<TraceRecord>(*this, "SELECT text FROM trace WHERE hash = ?1", hash,
                           [](const Rows& rows) { return TraceRecord{rows.text(0)}; });
}

std::optional<DeviceRecord> Store::device(const std::string& serial) const {
  return read_from(*this, [&](Connection& connection) -> std::optional<DeviceRecord> {
    auto rows = connection.query(
        "SELECT c.hash, d.labels FROM device d JOIN devclass c ON c.id = d.devclass_id "
        "WHERE d.serial = ?1",
        serial);
    if (!rows->next()) return std::nullopt;
    return DeviceRecord{serial, to_hex(rows->blob(0)), rows->text(1)};
  });
}

std::vector<DeviceClass> Store::device_classes() const {
  return read_from(*this, [](Connection& connection) {
    std::vector<DeviceClass> classes;
    auto rows = connection.query("SELECT label, text FROM devclass ORDER BY hash");
    while (rows->next()) classes.push_back(read_device_class(*rows));
    return classes;
  });
}

}  // namespace tenon::database
