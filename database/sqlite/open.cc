#include "database/sqlite/open.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "database/migrations.h"

namespace tenon::database {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytes = 100;
constexpr std::string_view kMagic("SQLite format 3\0", 16);
// A larger file is not checked on start after an unclean stop: it would take seconds. `doctor`
// does.
constexpr std::uintmax_t kMaxCheckedBytes = 64u << 20;

constexpr const char* kWriterSettings =
    "PRAGMA page_size = 8192;"
    "PRAGMA auto_vacuum = INCREMENTAL;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -65536;";

constexpr const char* kReaderSettings =
    "PRAGMA query_only = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -16384;";

int big_endian(const char* bytes) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<int>(value);
}

[[noreturn]] void refuse_foreign(const std::string& path, const std::string& found) {
  throw UserError(str_cat("not a Tenon database: ", path, " (", found, ")"),
                  "nothing was changed; name another file with --db");
}

void refuse_newer(const std::string& path, int found, int newest) {
  if (found <= newest) return;
  throw UserError(str_cat("database ", path, " was made by a newer Tenon: its schema is version ",
                          found, ", this program knows up to ", newest),
                  "nothing was changed; use the newer Tenon, or name another file with --db");
}

// The values in the write-ahead log win over the header's.
FileKind inspect_through_sqlite(const std::string& path, int newest) {
  const auto connection = Connection::open(path, OpenMode::kReadOnly);
  connection->script("PRAGMA query_only = ON");
  const auto application = connection->integer("PRAGMA application_id");
  const auto version = connection->integer("PRAGMA user_version");
  const auto num_objects = connection->integer("SELECT count(*) FROM sqlite_schema");
  connection->throw_if_failed();
  if (application.value_or(0) == 0 && num_objects.value_or(0) == 0) return {};
  if (application != kApplicationId) refuse_foreign(path, "another program's SQLite file");
  refuse_newer(path, static_cast<int>(version.value_or(0)), newest);
  return {.is_empty = false, .schema_version = static_cast<int>(version.value_or(0))};
}

bool has_log(const std::string& path) {
  std::error_code absent;
  const auto size = fs::file_size(path + "-wal", absent);
  return !absent && size > 0;
}

void check_after_unclean_stop(Connection& connection, const std::string& path) {
  const auto clean = connection.text("SELECT v FROM meta WHERE k = 'clean_shutdown'");
  connection.throw_if_failed();
  std::error_code absent;
  const auto size = fs::file_size(path, absent);
  if (clean == "0" && !absent && size <= kMaxCheckedBytes) quick_check(connection, path);
}

}  // namespace

FileKind inspect_file(const std::string& path, int newest) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return {};
  if (!fs::is_regular_file(status)) refuse_foreign(path, "not a regular file");
  if (fs::file_size(path, error) == 0 && !error) return {};
  std::ifstream file(path, std::ios::binary);
  std::array<char, kHeaderBytes> header{};
  file.read(header.data(), header.size());
  if (file.gcount() == 0) throw IoError(str_cat("cannot read database ", path));
  if (file.gcount() < static_cast<std::streamsize>(kHeaderBytes) ||
      std::string_view(header.data(), kMagic.size()) != kMagic) {
    refuse_foreign(path, "no SQLite file");
  }
  const int version = big_endian(header.data() + 60);
  const int application = big_endian(header.data() + 68);
  if (application == kApplicationId) refuse_newer(path, version, newest);
  if (application == kApplicationId && !has_log(path)) {
    return {.is_empty = false, .schema_version = version};
  }
  return inspect_through_sqlite(path, newest);
}

std::unique_ptr<Connection> open_writer(const std::string& path) {
  auto connection = Connection::open(path, OpenMode::kCreate);
  connection->script(kWriterSettings);
  connection->throw_if_failed();
  const bool is_file = path != ":memory:";
  const auto journal = connection->text("PRAGMA journal_mode");
  if (is_file && journal != "wal") {
    throw IoError(str_cat("database ", path,
                          ": its file system cannot keep a write-ahead log "
                          "(journal mode is ",
                          journal.value_or("unknown"), ")"));
  }
  migrate(*connection, path, migrations());
  if (is_file) check_after_unclean_stop(*connection, path);
  return connection;
}

std::unique_ptr<Connection> open_reader(const std::string& path) {
  auto connection = Connection::open(path, OpenMode::kReadOnly);
  connection->script(kReaderSettings);
  const auto version = connection->integer("PRAGMA user_version");
  connection->throw_if_failed();
  const int newest = migrations().back().number;
  refuse_newer(path, static_cast<int>(version.value_or(0)), newest);
  if (version != newest) {
    throw UserError(str_cat("database ", path, " has the older schema ", version.value_or(0),
                            ", this program reads ", newest),
                    "any command that writes to it upgrades it and keeps a copy");
  }
  return connection;
}

void quick_check(Connection& connection, const std::string& path) {
  const auto finding = connection.text("PRAGMA quick_check(1)");
  connection.throw_if_failed();
  if (finding == "ok") return;
  throw IoError(str_cat("database ", path, " is damaged: ", finding.value_or("no answer"),
                        " (restore a copy, or import an exported log into a new one)"));
}

}  // namespace tenon::database
