// One recorded question to an integer analyzer, shared by the files that check the answers.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "compiler/arith/analyzer.h"
#include "tests/conformance/oracle_sexpr.h"

namespace tenon {

struct ArithCase {
  nlohmann::json line;
  NamedVars vars = {};
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> limits = {};  // both inclusive
  DataType dtype = kInt32;

  tir::Expr read(const std::string& text) const;
  tir::Expr read_field(const char* field) const;
  void bind_all(Analyzer& analyzer) const;
  // Values of the variables within their limits: the point of the line, then random ones.
  std::vector<Point> points() const;
};

ArithCase read_arith_case(const nlohmann::json& line);
// Where the two have different values, in words.
std::optional<std::string> differs(const ArithCase& c, const tir::Expr& left,
                                   const tir::Expr& right);

// Each gives "" when the answer passes, else what is wrong with it.
std::string check_int_set(const ArithCase& c);
std::string check_iter_map(const ArithCase& c);
std::string check_subspace_divide(const ArithCase& c);

}  // namespace tenon
