// Scripts as the reference prints them: each must parse, print, and parse again to an equal module;
// scripts printed to the very same text are counted apart.
#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>

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
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string x = i < a.size() ? a[i] : "(nothing)";
    const std::string y = i < b.size() ? b[i] : "(nothing)";
    if (x != y) return str_cat("line ", i + 1, "\n    - ", trim(x), "\n    + ", trim(y));
  }
  return "";
}

struct ScriptGrades {
  KindResult equal{"tvmscript", 0, 0, {}};
  KindResult same_text{"tvmscript.text", 0, 0, {}};
};

void grade(const std::string& name, const std::string& text, ScriptGrades& grades) {
  ++grades.equal.total;
  ++grades.same_text.total;
  std::string printed;
  try {
    const tir::TirModule module = tir::parse_module(text, name);
    printed = tir::print(module);
    const tir::TirModule again = tir::parse_module(printed, name + " (printed)");
    if (tir::structural_equal(module, again)) {
      ++grades.equal.passed;
    } else {
      grades.equal.failures.push_back(name + ": reads back as another module");
    }
  } catch (const std::exception& error) {
    grades.equal.failures.push_back(name + ": " + error.what());
    if (printed.empty()) return;
  }
  if (printed == text) {
    ++grades.same_text.passed;
  } else {
    grades.same_text.failures.push_back(name + ": " + first_different_line(text, printed));
  }
}

}  // namespace

std::vector<KindResult> run_tvmscript_oracle(const std::filesystem::path& dir) {
  ScriptGrades grades;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "tir")) {
    if (entry.path().extension() == ".py") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) grade(file.filename(), read_text(file), grades);
  return {grades.equal, grades.same_text};
}

}  // namespace tenon
