// The expert schedules beside the design documents: each folder's trace, replayed on its workload,
// must give its scheduled function.
#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>

#include "compiler/schedule/trace.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"
#include "tests/conformance/oracle.h"

namespace tenon {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string first_different_line(const std::string& wanted, const std::string& found) {
  const auto a = split_lines(wanted), b = split_lines(found);
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string x = i < a.size() ? a[i] : "(nothing)";
    const std::string y = i < b.size() ? b[i] : "(nothing)";
    if (x != y) return str_cat("\n    - ", trim(x), "\n    + ", trim(y));
  }
  return "";
}

}  // namespace

std::vector<KindResult> run_expert_schedules(const std::filesystem::path& dir) {
  KindResult equal{"schedules", 0, 0, {}}, text{"schedules.text", 0, 0, {}};
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const auto& folder : folders) {
    ++equal.total;
    ++text.total;
    const std::string name = folder.filename().string();
    try {
      tir::TirModule workload = tir::parse_module(read_text(folder / "workload.py"), "workload");
      const std::string wanted = read_text(folder / "scheduled.py");
      tir::TirModule found = replay(workload, parse_trace(read_text(folder / "trace.json")));
      const std::string printed = tir::print(found);
      if (printed == wanted) ++text.passed;
      if (tir::structural_equal(found, tir::parse_module(wanted, "scheduled"))) {
        ++equal.passed;
      } else {
        equal.failures.push_back(name + first_different_line(wanted, printed));
      }
    } catch (const std::exception& error) {
      equal.failures.push_back(name + ": " + error.what());
    }
  }
  return {equal, text};
}

}  // namespace tenon
