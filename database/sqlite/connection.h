// One SQLite connection and its statements. SQLite is included in this folder alone.
//
// Errors are sticky, so that a long transaction needs one check at its end: after the first error
// every step does nothing and gives no row, until clear_error(). Readers call throw_if_failed().
// Not thread-safe: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace tenon::database {

// Bytes to bind as a BLOB.
struct Blob {
  std::string_view bytes;
};

enum class DatabaseFault {
  kNone,
  kConstraint,  // the statement was refused; the connection is well
  kFull,        // no room; the connection is well when there is room again
  kBusy,        // another program holds a lock
  kBroken,      // damage or an input/output error: stop
  kOther,
};

class Connection;

// A statement between its first binding and its reset, which the destructor does.
class Rows {
 public:
  Rows(Connection& connection, sqlite3_stmt* statement);
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Moves to the next row; false at the end or after an error.
  bool next();
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  std::string blob(int column) const;
  bool is_null(int column) const;

  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const char* value) { bind(index, std::string_view(value)); }
  void bind(int index, Blob value);
  void bind(int index, std::nullptr_t);
  template <typename T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bind(index, nullptr);
    }
  }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

enum class OpenMode { kCreate, kReadWrite, kReadOnly };
enum class Checkpoint { kPassive, kTruncate };

class Connection {
 public:
  // Throws IoError when the file cannot be opened.
  static std::unique_ptr<Connection> open(const std::string& path, OpenMode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Arguments are copied. Prepared statements are kept by their text.
  template <typename... Args>
  std::unique_ptr<Rows> query(std::string_view sql, const Args&... args) {
    auto rows = std::make_unique<Rows>(*this, prepare(sql));
    int index = 0;
    (rows->bind(++index, args), ...);
    return rows;
  }
  // For statements without rows.
  template <typename... Args>
  void run(std::string_view sql, const Args&... args) {
    query(sql, args...)->next();
  }
  // First column of the first row.
  template <typename... Args>
  std::optional<std::int64_t> integer(std::string_view sql, const Args&... args) {
    auto rows = query(sql, args...);
    if (!rows->next() || rows->is_null(0)) return std::nullopt;
    return rows->integer(0);
  }
  template <typename... Args>
  std::optional<std::string> text(std::string_view sql, const Args&... args) {
    auto rows = query(sql, args...);
    if (!rows->next() || rows->is_null(0)) return std::nullopt;
    return rows->text(0);
  }

  // Several statements at once, without arguments.
  void script(const std::string& sql);

  std::int64_t last_id() const;
  int num_changes() const;
  bool in_transaction() const;
  // Pages in the write-ahead log after the last commit.
  int num_wal_pages() const { return num_wal_pages_; }
  // How long a write waits for another program's lock.
  void set_busy_timeout(int timeout_ms);
  // Does not wait: what a reader still needs stays in the log.
  void checkpoint(Checkpoint mode);

  bool failed() const { return fault_ != DatabaseFault::kNone; }
  DatabaseFault fault() const { return fault_; }
  const std::string& error() const { return error_; }
  void clear_error();
  // Throws IoError with the path and SQLite's words.
  void throw_if_failed() const;

 private:
  friend class Rows;
  Connection(std::string path, sqlite3* handle);
  sqlite3_stmt* prepare(std::string_view sql);
  void note(int code);

  std::string path_;
  sqlite3* handle_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  DatabaseFault fault_ = DatabaseFault::kNone;
  std::string error_;
  int num_wal_pages_ = 0;
  int busy_timeout_ms_ = 0;
};

}  // namespace tenon::database
