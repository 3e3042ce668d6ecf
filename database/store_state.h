// What a Store holds, shared by store.cc (opening, writing) and the files that read. Internal.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "database/lock_file.h"
#include "database/sqlite/connection.h"
#include "database/store.h"
#include "database/writer.h"

namespace tenon::database {

struct Store::State {
  StoreOptions options;
  std::optional<LockFile> lock;
  std::int64_t epoch = 0;
  // One of the two when writing. The inline one is also read through: its mutex is recursive
  // because a callback may read.
  std::unique_ptr<Writer> writer;
  std::unique_ptr<GroupCommitter> inline_committer;
  std::recursive_mutex inline_mutex;

  std::mutex readers_mutex;
  std::vector<std::unique_ptr<Connection>> idle_readers;
};

// The value of `read(connection)` in one snapshot.
template <typename Read>
auto read_from(const Store& store, const Read& read) {
  decltype(read(std::declval<Connection&>())) value{};
  store.with_connection([&](Connection& connection) { value = read(connection); });
  return value;
}

}  // namespace tenon::database
