#include "database/migrations.h"

#include <filesystem>
#include <system_error>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::database {
namespace {

void keep_copy(Connection& connection, const std::string& path, std::int64_t version) {
  const std::string copy = str_cat(path, ".schema", version);
  std::error_code ignored;  // VACUUM INTO says so if the old copy is still there
  std::filesystem::remove(copy, ignored);
  connection.run("VACUUM INTO ?1", copy);
  connection.throw_if_failed();
}

void apply_step(Connection& connection, const Migration& step) {
  connection.script("BEGIN IMMEDIATE");
  connection.script(std::string(step.sql));
  connection.run("INSERT OR REPLACE INTO meta(k, v) VALUES(?1, ?2)",
                 str_cat("migration_", step.number), step.name);
  connection.script(str_cat("PRAGMA application_id = ", kApplicationId));
  connection.script(str_cat("PRAGMA user_version = ", step.number));
  connection.script("COMMIT");
  if (!connection.failed()) return;
  const std::string error = connection.error();
  connection.clear_error();
  if (connection.in_transaction()) connection.script("ROLLBACK");
  throw IoError(str_cat("schema step ", step.name, ": ", error));
}

}  // namespace

void migrate(Connection& connection, const std::string& path, const std::vector<Migration>& steps) {
  const auto version = connection.integer("PRAGMA user_version");
  connection.throw_if_failed();
  CHECK(version) << "user_version always has a value";
  if (*version > 0 && *version < steps.back().number) keep_copy(connection, path, *version);
  for (const Migration& step : steps) {
    if (step.number > *version) apply_step(connection, step);
  }
}

}  // namespace tenon::database
