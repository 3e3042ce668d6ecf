// tenon doctor: what this machine offers and what is wrong with an installation or a database.
#include <filesystem>
#include <iostream>

#include "compiler/runtime/library.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/target/target.h"
#include "database/audit.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/places.h"

namespace tenon::cli {

int run_command(const DoctorArguments& a) {
  int problems = 0;
  std::cout << "tenon " << TENON_VERSION << "\n";
  std::cout << "target: " << to_string(detect_target()) << "\n";
  const auto folder = program_path().parent_path();
  for (const std::string name :
       {"tenon-tracker", "tenon-worker", "tenon-builder", "tenon-runner"}) {
    const bool is_there = std::filesystem::exists(folder / name);
    problems += !is_there;
    std::cout << name << ": " << (is_there ? "found" : "MISSING beside tenon") << "\n";
  }
  const std::string path = database_path(a.db);
  if (!std::filesystem::exists(path)) {
    problems += !a.db.empty();
    std::cout << "database: none at " << path << "\n";
    return problems ? kWorkFailed : kDone;
  }
  database::StoreOptions options;
  options.path = path;
  options.mode = database::StoreMode::kRead;
  const auto store = database::Store::open(options);
  const auto findings = database::audit(*store);
  std::cout << "database: " << path << ", " << findings.size() << " findings\n";
  for (const database::Finding& finding : findings) {
    std::cout << "  " << finding.rule << ": " << finding.detail << "\n";
  }
  problems += static_cast<int>(findings.size());
  return problems ? kWorkFailed : kDone;
}

}  // namespace tenon::cli
