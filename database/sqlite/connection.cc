#include "database/sqlite/connection.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::database {
namespace {

constexpr int kDefaultBusyTimeoutMs = 5000;

DatabaseFault fault_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return DatabaseFault::kConstraint;
    case SQLITE_FULL:
      return DatabaseFault::kFull;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DatabaseFault::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return DatabaseFault::kBroken;
    default:
      return DatabaseFault::kOther;
  }
}

bool is_out_of_room(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

std::string advice(DatabaseFault fault) {
  switch (fault) {
    case DatabaseFault::kFull:
      return " (no room: free disk space or raise its limit)";
    case DatabaseFault::kBusy:
      return " (another program holds a lock on it)";
    case DatabaseFault::kBroken:
      return " (the file is damaged or its disk failed: restore a copy, or import an exported log)";
    default:
      return "";
  }
}

int open_flags(OpenMode mode) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (mode == OpenMode::kReadOnly) return flags | SQLITE_OPEN_READONLY;
  flags |= SQLITE_OPEN_READWRITE;
  return mode == OpenMode::kCreate ? flags | SQLITE_OPEN_CREATE : flags;
}

}  // namespace

Rows::Rows(Connection& connection, sqlite3_stmt* statement)
    : connection_(connection), statement_(statement) {}

Rows::~Rows() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Rows::next() {
  if (!statement_ || connection_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.note(code);
  return false;
}

std::int64_t Rows::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Rows::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string Rows::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

bool Rows::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Rows::bind(int index, std::int64_t value) {
  if (statement_) connection_.note(sqlite3_bind_int64(statement_, index, value));
}

void Rows::bind(int index, std::string_view value) {
  if (!statement_) return;
  const char* data = value.data() ? value.data() : "";
  connection_.note(
      sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Rows::bind(int index, Blob value) {
  if (!statement_) return;
  const char* data = value.bytes.data() ? value.bytes.data() : "";
  connection_.note(
      sqlite3_bind_blob64(statement_, index, data, value.bytes.size(), SQLITE_TRANSIENT));
}

void Rows::bind(int index, std::nullptr_t) {
  if (statement_) connection_.note(sqlite3_bind_null(statement_, index));
}

std::unique_ptr<Connection> Connection::open(const std::string& path, OpenMode mode) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, open_flags(mode), nullptr);
  std::unique_ptr<Connection> connection(new Connection(path, handle));
  connection->note(code);
  connection->throw_if_failed();
  connection->set_busy_timeout(kDefaultBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (mode == OpenMode::kReadOnly) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  const auto on_commit = [](void* pages, sqlite3*, const char*, int num_pages) {
    *static_cast<int*>(pages) = num_pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle, on_commit, &connection->num_wal_pages_);
  return connection;
}

Connection::Connection(std::string path, sqlite3* handle)
    : path_(std::move(path)), handle_(handle) {}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

sqlite3_stmt* Connection::prepare(std::string_view sql) {
  if (failed()) return nullptr;
  std::string key(sql);
  const auto found = statements_.find(key);
  // A statement that is still being read (a query inside its own loop) must not be shared.
  CHECK(found == statements_.end() || !sqlite3_stmt_busy(found->second))
      << "statement is in use: " << key;
  if (found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  note(code);
  if (code == SQLITE_OK) statements_.emplace(std::move(key), statement);
  return statement;
}

void Connection::script(const std::string& sql) {
  if (!failed()) note(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t Connection::last_id() const { return sqlite3_last_insert_rowid(handle_); }

int Connection::num_changes() const { return sqlite3_changes(handle_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

void Connection::set_busy_timeout(int timeout_ms) {
  busy_timeout_ms_ = timeout_ms;
  sqlite3_busy_timeout(handle_, timeout_ms);
}

void Connection::checkpoint(Checkpoint mode) {
  if (failed()) return;
  const int kind =
      mode == Checkpoint::kPassive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  sqlite3_busy_timeout(handle_, 0);
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, kind, nullptr, nullptr);
  sqlite3_busy_timeout(handle_, busy_timeout_ms_);
  // A reader that still needs the log is no error: the next checkpoint goes further.
  if ((code & 0xff) != SQLITE_BUSY) note(code);
  if (code == SQLITE_OK && mode == Checkpoint::kTruncate) num_wal_pages_ = 0;
}

void Connection::clear_error() {
  fault_ = DatabaseFault::kNone;
  error_.clear();
}

void Connection::note(int code) {
  if (code == SQLITE_OK || failed()) return;
  fault_ = fault_of(code);
  // SQLite says SQLITE_FULL for some of its files only.
  const bool has_no_room = handle_ && is_out_of_room(sqlite3_system_errno(handle_));
  if (fault_ == DatabaseFault::kBroken && has_no_room) fault_ = DatabaseFault::kFull;
  const char* words = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  error_ = str_cat("database ", path_, ": ", words, " [", code, "]", advice(fault_));
}

void Connection::throw_if_failed() const {
  if (failed()) throw IoError(error_);
}

}  // namespace tenon::database
