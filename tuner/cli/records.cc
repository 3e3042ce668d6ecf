// tenon export, tenon import: records between a database and a portable log.
#include <chrono>
#include <iostream>

#include "database/log.h"
#include "database/store.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/places.h"
#include "tuner/cli/schedules.h"

namespace tenon::cli {

int run_command(const ExportArguments& arguments) {
  database::StoreOptions options;
  options.path = database_path(arguments.db);
  options.mode = database::StoreMode::kRead;
  const auto store = database::Store::open(options);
  const auto count = database::export_log(*store, arguments.output);
  std::cerr << "exported " << count << " records to " << arguments.output << "\n";
  return kDone;
}

int run_command(const ImportArguments& arguments) {
  database::StoreOptions options;
  options.path = database_path(arguments.db);
  const auto store = database::Store::open(options);
  database::ImportOptions how;
  how.tool = std::string("tenon ") + TENON_VERSION;
  how.now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count();
  how.check = check_record;
  const database::LogReport report = database::import_log(arguments.log, *store, how);
  std::cerr << arguments.log << ": " << database::describe(report) << "\n";
  return kDone;
}

}  // namespace tenon::cli
