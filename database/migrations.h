// The numbered steps from an empty file to today's schema. Each is one file in migrations/, built
// into the program, and never changes once released.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "database/sqlite/connection.h"

namespace tenon::database {

struct Migration {
  int number = 0;  // user_version after it
  std::string_view name;
  std::string_view sql;
};

// In order, numbered from 1 without a gap.
const std::vector<Migration>& migrations();

// "TNN1": SQLite's application_id of a Tenon database.
inline constexpr int kApplicationId = 0x544E4E31;

// Brings the file from its version to the last migration's, each step in one transaction. An
// upgrade first copies the file to PATH.schemaN. Throws IoError; then the file is as a whole step
// left it.
void migrate(Connection& connection, const std::string& path, const std::vector<Migration>& steps);

}  // namespace tenon::database
