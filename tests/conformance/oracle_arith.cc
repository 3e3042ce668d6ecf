// Replays the recorded questions to an integer analyzer. An answer passes when it is right on
// random points and at least as good as the recorded one.
#include <fstream>
#include <functional>
#include <random>

#include <nlohmann/json.hpp>

#include "compiler/arith/analyzer.h"
#include "compiler/arith/integer.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/oracle_arith.h"

namespace tenon {

using nlohmann::json;
using tir::Expr;

ArithCase read_arith_case(const json& line) {
  ArithCase c{.line = line};
  for (const auto& [name, v] : line.at("vars").items()) {
    DataType dtype = parse_dtype(v.at(0).get<std::string>());
    if (dtype == kInt64) c.dtype = kInt64;
    c.vars[name] = tir::make_var(name, dtype);
    c.limits[name] = {v.at(1).get<std::int64_t>(), v.at(2).get<std::int64_t>()};
  }
  return c;
}

Expr ArithCase::read(const std::string& text) const { return read_sexpr(text, vars, dtype); }
Expr ArithCase::read_field(const char* field) const {
  return read(line.at(field).get<std::string>());
}

void ArithCase::bind_all(Analyzer& analyzer) const {
  for (const auto& [name, var] : vars) {
    auto [low, high] = limits.at(name);
    analyzer.bind(var, {tir::int_imm(tir::dtype_of(var), low),
                        tir::int_imm(tir::dtype_of(var), high - low + 1)});
  }
}

std::vector<Point> ArithCase::points() const {
  std::mt19937_64 random(5);
  std::vector<Point> out;
  if (line.contains("at")) {
    Point p;
    for (const auto& [name, value] : line.at("at").items()) {
      if (vars.count(name)) p[vars.at(name)] = value.get<std::int64_t>();
    }
    if (p.size() == vars.size()) out.push_back(p);
  }
  for (int i = 0; i < 60; ++i) {
    Point p;
    for (const auto& [name, var] : vars) {
      auto [low, high] = limits.at(name);
      std::int64_t any = std::uniform_int_distribution<std::int64_t>(low, high)(random);
      std::int64_t choices[] = {low, high, any, any};
      p[var] = choices[random() % 4];
    }
    out.push_back(p);
  }
  return out;
}

// A point where the two differ, where the left one has a value.
std::optional<std::string> differs(const ArithCase& c, const Expr& left, const Expr& right) {
  for (const Point& p : c.points()) {
    auto a = evaluate(left, p);
    if (!a) continue;
    auto b = evaluate(right, p);
    if (b && *b == *a) continue;
    std::string at;
    for (const auto& [var, value] : p) at += str_cat(" ", tir::var(var).name, "=", value);
    return str_cat("WRONG at", at, ": ", *a, " but ", b ? std::to_string(*b) : "undefined");
  }
  return std::nullopt;
}

namespace {

std::string check_simplify(const ArithCase& c) {
  Analyzer analyzer;
  c.bind_all(analyzer);
  Expr in = c.read_field("in"), out = analyzer.simplify(in);
  if (auto wrong = differs(c, in, out)) return *wrong + " got " + write_sexpr(out);
  if (c.line.contains("at")) return "";
  int expected = c.line.at("nodes").at(1).get<int>();
  int found = count_nodes(out);
  if (found <= expected) return "";
  return str_cat(found, " > ", expected, " nodes: ", write_sexpr(out), " expected ",
                 c.line.at("out").get<std::string>());
}

std::string check_bound(const ArithCase& c) {
  Analyzer analyzer;
  c.bind_all(analyzer);
  Expr in = c.read_field("in");
  ConstIntBound b = analyzer.const_int_bound(in);
  for (const Point& p : c.points()) {
    auto value = evaluate(in, p);
    if (value && (*value < b.min || *value > b.max)) {
      return str_cat("WRONG: [", b.min, ", ", b.max, "] but ", *value);
    }
  }
  std::int64_t min = c.line.at("min"), max = c.line.at("max");
  bool knows_min = min > INT32_MIN, knows_max = max < INT32_MAX;
  if ((!knows_min || b.min >= min) && (!knows_max || b.max <= max)) return "";
  return str_cat("[", b.min, ", ", b.max, "] expected [", min, ", ", max, "]");
}

std::string check_modular(const ArithCase& c) {
  Analyzer analyzer;
  c.bind_all(analyzer);
  Expr in = c.read_field("in");
  ModularSet m = analyzer.modular_set(in);
  auto holds = [](std::int64_t value, std::int64_t coeff, std::int64_t base) {
    return coeff == 0 ? value == base : (value - base) % coeff == 0;
  };
  for (const Point& p : c.points()) {
    auto value = evaluate(in, p);
    if (value && !holds(*value, m.coeff, m.base)) {
      return str_cat("WRONG: ", m.coeff, " k + ", m.base, " but ", *value);
    }
  }
  std::int64_t coeff = c.line.at("coeff"), base = c.line.at("base");
  bool is_fine = coeff == 0 ? m.coeff == 0 && m.base == base
                            : m.coeff % coeff == 0 && holds(m.base, coeff, base);
  return is_fine ? "" : str_cat(m.coeff, " k + ", m.base, " expected ", coeff, " k + ", base);
}

std::string check_prove(const ArithCase& c) {
  Analyzer analyzer;
  c.bind_all(analyzer);
  Expr in = c.read_field("in");
  bool is_proved = analyzer.can_prove(in);
  for (const Point& p : c.points()) {
    auto value = evaluate(in, p);
    if (value && is_proved && !*value) return "WRONG: proved what is false";
  }
  bool expected = c.line.at("proved");
  return expected && !is_proved ? "not proved" : "";
}

using Check = std::string (*)(const ArithCase&);
struct ArithFile {
  const char* name;
  Check check;
};
constexpr ArithFile kFiles[] = {
    {"simplify", check_simplify},         {"simplify_bool", check_simplify},
    {"rewrite_simplify", check_simplify}, {"canonical_simplify", check_simplify},
    {"const_int_bound", check_bound},     {"modular_set", check_modular},
    {"int_set", check_int_set},           {"can_prove", check_prove},
    {"iter_map", check_iter_map},         {"subspace_divide", check_subspace_divide},
};

// Lines on which the recorded answer is refuted: only being right counts.
std::string check_wrong(const ArithCase& c) {
  std::string file = c.line.at("file");
  for (const ArithFile& f : kFiles) {
    if (file != f.name) continue;
    std::string text = f.check(c);
    return text.find("WRONG") == std::string::npos ? "" : text;
  }
  return "no check for " + file;
}

KindResult run_file(const std::filesystem::path& dir, const std::string& name, Check check) {
  KindResult result;
  result.kind = "arith/" + name;
  std::ifstream in(dir / (name + ".jsonl"));
  if (!in) throw IoError(str_cat("cannot read ", (dir / (name + ".jsonl")).string()));
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    ++result.total;
    std::string failure = check(read_arith_case(json::parse(text)));
    if (failure.empty())
      ++result.passed;
    else
      result.failures.push_back(str_cat(name, ":", number, ": ", failure, "\n    ", text));
  }
  return result;
}

}  // namespace

std::vector<KindResult> run_arith_oracle(const std::filesystem::path& dir) {
  std::vector<KindResult> out;
  for (const ArithFile& f : kFiles) out.push_back(run_file(dir, f.name, f.check));
  out.push_back(run_file(dir, "wrong", check_wrong));
  return out;
}

}  // namespace tenon
