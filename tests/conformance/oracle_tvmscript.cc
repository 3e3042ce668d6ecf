// Scripts as the reference prints them: each must parse, print, and parse again to an equal module;
// scripts printed to the very same text are counted apart.
#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>

#include "compiler/relax/equal.h"
#include "compiler/relax/script/parser.h"
#include "compiler/relax/script/printer.h"
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
  KindResult equal;
  KindResult same_text;
};

void count_text(const std::string& name, const std::string& text, const std::string& printed,
                ScriptGrades& grades) {
  if (printed == text) {
    ++grades.same_text.passed;
  } else {
    grades.same_text.failures.push_back(name + ": " + first_different_line(text, printed));
  }
}

// `parse` and `print` are those of one IR; `difference` of two of its modules is "" when equal.
template <class Parse, class Print, class Difference>
void grade(const std::string& name, const std::string& text, ScriptGrades& grades, Parse parse,
           Print print, Difference difference) {
  ++grades.equal.total;
  ++grades.same_text.total;
  std::string printed;
  try {
    const auto module = parse(text, name);
    printed = print(module);
    const std::string where = difference(module, parse(printed, name + " (printed)"));
    if (where.empty()) {
      ++grades.equal.passed;
    } else {
      grades.equal.failures.push_back(name + ": reads back as another module: " + where);
    }
  } catch (const std::exception& error) {
    grades.equal.failures.push_back(name + ": " + error.what());
    if (printed.empty()) return;
  }
  count_text(name, text, printed, grades);
}

void grade_tir(const std::string& name, const std::string& text, ScriptGrades& grades) {
  grade(
      name, text, grades,
      [](const std::string& script, const std::string& file) {
        return tir::parse_module(script, file);
      },
      [](const tir::TirModule& module) { return tir::print(module); },
      [](const tir::TirModule& a, const tir::TirModule& b) {
        return tir::structural_equal(a, b) ? "" : "somewhere";
      });
}

void grade_relax(const std::string& name, const std::string& text, ScriptGrades& grades) {
  grade(
      name, text, grades,
      [](const std::string& script, const std::string& file) {
        return relax::parse_module(script, file);
      },
      [](const relax::Module& module) { return relax::print(module); }, relax::first_difference);
}

std::vector<std::filesystem::path> scripts_in(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(dir)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == ".py") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<KindResult> run_tvmscript_oracle(const std::filesystem::path& dir) {
  ScriptGrades tir{{"tvmscript.tir", 0, 0, {}}, {"tvmscript.tir.text", 0, 0, {}}};
  ScriptGrades relax{{"tvmscript.relax", 0, 0, {}}, {"tvmscript.relax.text", 0, 0, {}}};
  for (const auto& file : scripts_in(dir / "tir")) {
    grade_tir(file.filename(), read_text(file), tir);
  }
  for (const auto& file : scripts_in(dir / "relax")) {
    grade_relax(file.filename(), read_text(file), relax);
  }
  return {tir.equal, tir.same_text, relax.equal, relax.same_text};
}

}  // namespace tenon
