// tenon doctor: what this machine offers and what is wrong with an installation or a database.
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include "compiler/support/files.h"
#include "compiler/support/json_text.h"
#include "compiler/support/subprocess.h"
#include "compiler/support/text.h"
#include "compiler/target/target.h"
#include "database/audit.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/places.h"

namespace tenon::cli {
namespace {

struct Health {
  std::string target;
  std::vector<std::pair<std::string, bool>> programs;        // beside tenon, or not
  std::vector<std::pair<std::string, std::string>> machine;  // as the worker describes it
  std::string database;                                      // path
  std::optional<std::vector<database::Finding>> findings;    // nullopt: there is no database
  int num_problems = 0;
};

// Lines "NAME: VALUE" of `tenon-worker --describe`: device, instruction sets, sandbox.
std::vector<std::pair<std::string, std::string>> describe_machine(const std::string& worker) {
  const CommandResult described = tenon::run_command({worker, "--describe"});
  std::vector<std::pair<std::string, std::string>> lines;
  if (!described.status.is_success()) return {{"worker", "FAILED: " + described.error_output}};
  for (const std::string& line : split_lines(described.output)) {
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos)
      lines.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return lines;
}

Health examine(const DoctorArguments& a) {
  Health health;
  health.target = to_string(detect_target());
  const auto folder = program_path().parent_path();
  for (const std::string name :
       {"tenon-tracker", "tenon-worker", "tenon-builder", "tenon-runner"}) {
    health.programs.emplace_back(name, std::filesystem::exists(folder / name));
    health.num_problems += !health.programs.back().second;
  }
  if (health.num_problems == 0) {
    health.machine = describe_machine((folder / "tenon-worker").string());
    health.num_problems += health.machine.front().first == "worker";
  }
  health.database = database_path(a.db);
  if (!std::filesystem::exists(health.database)) {
    health.num_problems += !a.db.empty();  // the user's own is made by the first tune
    return health;
  }
  database::StoreOptions options;
  options.path = health.database;
  options.mode = database::StoreMode::kRead;
  health.findings = database::audit(*database::Store::open(options));
  health.num_problems += static_cast<int>(health.findings->size());
  return health;
}

void print_text(const Health& health) {
  std::cout << "tenon " << TENON_VERSION << "\ntarget: " << health.target << "\n";
  for (const auto& [name, is_there] : health.programs) {
    std::cout << name << ": " << (is_there ? "found" : "MISSING beside tenon") << "\n";
  }
  for (const auto& [name, value] : health.machine) std::cout << name << ": " << value << "\n";
  if (!health.findings) {
    std::cout << "database: none at " << health.database << "\n";
    return;
  }
  std::cout << "database: " << health.database << ", " << health.findings->size() << " findings\n";
  for (const database::Finding& finding : *health.findings) {
    std::cout << "  " << finding.rule << ": " << finding.detail << "\n";
  }
}

void print_json(const Health& health) {
  std::cout << "{\"tenon_doctor\":1,\"version\":" << json_text(TENON_VERSION)
            << ",\"target\":" << json_text(health.target) << ",\"programs\":{";
  const char* separator = "";
  for (const auto& [name, is_there] : health.programs) {
    std::cout << separator << json_text(name) << ":" << (is_there ? "true" : "false");
    separator = ",";
  }
  std::cout << "},\"machine\":{";
  separator = "";
  for (const auto& [name, value] : health.machine) {
    std::cout << separator << json_text(name) << ":" << json_text(value);
    separator = ",";
  }
  std::cout << "},\"database\":" << json_text(health.database) << ",\"findings\":";
  if (!health.findings) std::cout << "null";
  separator = "[";
  for (const database::Finding& finding :
       health.findings.value_or(std::vector<database::Finding>{})) {
    std::cout << separator << "{\"rule\":" << json_text(finding.rule)
              << ",\"detail\":" << json_text(finding.detail) << "}";
    separator = ",";
  }
  if (health.findings) std::cout << (health.findings->empty() ? "[]" : "]");
  std::cout << ",\"problems\":" << health.num_problems << "}\n";
}

}  // namespace

int run_command(const DoctorArguments& a) {
  const Health health = examine(a);
  a.json ? print_json(health) : print_text(health);
  return health.num_problems > 0 ? kWorkFailed : kDone;
}

}  // namespace tenon::cli
