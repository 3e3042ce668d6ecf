// Schedule primitives against recorded cases: each replays a trace on a module and compares the
// result, or expects the last instruction to be refused. For every instruction kind: accepted cases
// by structural equality, by text, and refusals.
#include <algorithm>
#include <exception>
#include <fstream>
#include <map>
#include <sstream>

#include "compiler/schedule/traced_schedule.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpret.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"
#include "tests/conformance/oracle.h"

namespace tenon {
namespace {

struct PrimitiveCase {
  std::string name;
  std::map<std::string, std::string> sections;  // before, trace, after or error
};

PrimitiveCase read_case(const std::filesystem::path& path) {
  std::ifstream in(path);
  PrimitiveCase result{path.parent_path().filename().string() + "/" + path.filename().string(), {}};
  std::string line, section;
  while (std::getline(in, line)) {
    if (line.rfind("---- ", 0) == 0) {
      section = line.substr(5);
    } else if (!section.empty()) {
      result.sections[section] += line + "\n";
    }
  }
  return result;
}

// same_values counts cases that are equal or that compute the same on random inputs.
struct Grades {
  KindResult equal, same_text, same_values, refused;
};

constexpr double kTolerance = 1e-4;

bool compute_the_same(const tir::TirModule& found, const tir::TirModule& wanted) {
  if (found.functions.size() != wanted.functions.size()) return false;
  for (std::size_t i = 0; i < found.functions.size(); ++i) {
    const std::string difference = tir::difference_by_running(
        found.functions[i].second, wanted.functions[i].second, 1, kTolerance);
    if (!difference.empty()) return false;
  }
  return true;
}

std::string where_different(const std::string& wanted, const std::string& found) {
  const auto a = split_lines(wanted), b = split_lines(found);
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string x = i < a.size() ? a[i] : "(nothing)";
    const std::string y = i < b.size() ? b[i] : "(nothing)";
    if (x != y) return str_cat("\n    - ", trim(x), "\n    + ", trim(y));
  }
  return "";
}

void follow_all(TracedSchedule& schedule, const Trace& trace, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto decision = trace.decisions.find(i);
    schedule.follow(trace.instructions[i], decision == trace.decisions.end()
                                               ? std::optional<tir::AttrValue>{}
                                               : std::optional<tir::AttrValue>{decision->second});
  }
}

void grade_accepted(const PrimitiveCase& c, Grades& grades) {
  ++grades.equal.total;
  ++grades.same_text.total;
  ++grades.same_values.total;
  try {
    TracedSchedule schedule(tir::parse_module(c.sections.at("before"), "before"));
    Trace trace = parse_trace(c.sections.at("trace"));
    follow_all(schedule, trace, trace.instructions.size());
    const tir::TirModule& found = schedule.schedule().module;
    const tir::TirModule wanted = tir::parse_module(c.sections.at("after"), "after");
    const std::string text = tir::print(found);
    if (text == c.sections.at("after")) ++grades.same_text.passed;
    if (tir::structural_equal(found, wanted)) {
      ++grades.equal.passed;
      ++grades.same_values.passed;
    } else {
      if (compute_the_same(found, wanted)) ++grades.same_values.passed;
      grades.equal.failures.push_back(c.name + where_different(c.sections.at("after"), text));
    }
  } catch (const std::exception& error) {
    grades.equal.failures.push_back(c.name + ": " + error.what());
  }
}

void grade_refused(const PrimitiveCase& c, Grades& grades) {
  ++grades.refused.total;
  try {
    TracedSchedule schedule(tir::parse_module(c.sections.at("before"), "before"));
    std::string text = c.sections.at("trace");
    Trace trace = parse_trace(text);
    std::size_t last = trace.instructions.size() - 1;
    follow_all(schedule, trace, last);
    Instruction step = trace.instructions[last];
    try {
      schedule.apply(step.kind, step.inputs, step.attrs);
      grades.refused.failures.push_back(c.name + ": accepted, wanted " +
                                        c.sections.at("error").substr(0, 160));
    } catch (const UserError&) {
      ++grades.refused.passed;
    }
  } catch (const std::exception& error) {
    grades.refused.failures.push_back(c.name + ": " + error.what());
  }
}

std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::vector<KindResult> run_primitives_oracle(const std::filesystem::path& dir) {
  std::vector<KindResult> results;
  KindResult all_equal{"primitives", 0, 0, {}}, all_text{"primitives.text", 0, 0, {}};
  KindResult all_values{"primitives.values", 0, 0, {}};
  KindResult all_refused{"primitives.refused", 0, 0, {}};
  auto add = [](KindResult& sum, const KindResult& part) {
    sum.passed += part.passed;
    sum.total += part.total;
  };
  for (const auto& folder : sorted_entries(dir)) {
    const std::string kind = "primitives." + folder.filename().string();
    Grades grades{{kind, 0, 0, {}},
                  {kind + ".text", 0, 0, {}},
                  {kind + ".values", 0, 0, {}},
                  {kind + ".refused", 0, 0, {}}};
    for (const auto& file : sorted_entries(folder)) {
      PrimitiveCase c = read_case(file);
      if (c.sections.count("error")) {
        grade_refused(c, grades);
      } else {
        grade_accepted(c, grades);
      }
    }
    add(all_equal, grades.equal);
    add(all_text, grades.same_text);
    add(all_values, grades.same_values);
    add(all_refused, grades.refused);
    results.push_back(grades.equal);
    results.push_back(grades.refused);
  }
  results.push_back(all_equal);
  results.push_back(all_text);
  results.push_back(all_values);
  results.push_back(all_refused);
  return results;
}

}  // namespace tenon
