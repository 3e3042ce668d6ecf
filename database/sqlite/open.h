// Opening a database file the safe way: is it ours, is it not too new, is it whole; then settings.
#pragma once

#include <memory>
#include <string>

#include "database/sqlite/connection.h"

namespace tenon::database {

// What a file is, without changing it.
struct FileKind {
  bool is_empty = true;  // absent, or nothing in it yet
  int schema_version = 0;
};

// Throws UserError when the file is not a Tenon database or its schema is newer than `newest`, and
// IoError when it cannot be read. Changes nothing.
FileKind inspect_file(const std::string& path, int newest);

// The one writing connection: makes or upgrades the file, then checks it if the last writer did not
// close it. The caller holds the lock. `path` may be ":memory:".
std::unique_ptr<Connection> open_writer(const std::string& path);

// A query_only connection. Throws UserError when the schema is older than this program's.
std::unique_ptr<Connection> open_reader(const std::string& path);

// Throws IoError with the first finding of SQLite's quick_check.
void quick_check(Connection& connection, const std::string& path);

}  // namespace tenon::database
