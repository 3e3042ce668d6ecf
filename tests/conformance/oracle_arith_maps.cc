// Checks of integer sets, iterator maps and subspace division against the recorded answers.
#include "compiler/arith/int_set.h"
#include "compiler/arith/iter_map.h"
#include "compiler/support/text.h"
#include "tests/conformance/oracle_arith.h"

namespace tenon {

using nlohmann::json;
using tir::Expr;

namespace {

RangeMap ranges_of(const ArithCase& c) {
  RangeMap out;
  for (const auto& [name, var] : c.vars) {
    auto [low, high] = c.limits.at(name);
    out[var] = {tir::int_imm(c.dtype, low), tir::int_imm(c.dtype, high - low + 1)};
  }
  return out;
}

std::vector<Expr> read_list(const ArithCase& c, const json& list) {
  std::vector<Expr> out;
  for (const json& text : list) out.push_back(c.read(text.get<std::string>()));
  return out;
}

std::string write_all(const std::vector<Expr>& list) {
  std::string out = "[";
  for (const Expr& e : list) out += " " + write_sexpr(e);
  return out + " ]";
}

// Whether one limit is at least as tight as the recorded one on all points; sign 1 for maxima.
bool is_as_tight(const ArithCase& c, const Expr& found, const std::string& expected, int sign) {
  if (expected == "neg_inf" || expected == "pos_inf") return true;
  if (!found) return false;
  Expr e = c.read(expected);
  for (const Point& p : c.points()) {
    auto a = evaluate(found, p), b = evaluate(e, p);
    if (a && b && sign * *a > sign * *b) return false;
  }
  return true;
}

}  // namespace

std::string check_int_set(const ArithCase& c) {
  Analyzer analyzer;
  DomainMap domains;
  for (const json& name : c.line.at("domain")) {
    auto [low, high] = c.limits.at(name.get<std::string>());
    domains[c.vars.at(name.get<std::string>())] =
        IntSet::interval(tir::int_imm(c.dtype, low), tir::int_imm(c.dtype, high));
  }
  Expr in = c.read_field("in");
  IntSet set = eval_int_set(in, domains, analyzer);
  std::string text = str_cat("[", set.min ? write_sexpr(set.min) : "-", ", ",
                             set.max ? write_sexpr(set.max) : "-", "]");
  for (const Point& p : c.points()) {
    auto value = evaluate(in, p);
    auto low = set.min ? evaluate(set.min, p) : std::nullopt;
    auto high = set.max ? evaluate(set.max, p) : std::nullopt;
    if (value && ((low && *low > *value) || (high && *high < *value))) {
      return str_cat("WRONG: ", text, " but ", *value);
    }
  }
  bool is_fine =
      is_as_tight(c, set.min, c.line.at("min"), -1) && is_as_tight(c, set.max, c.line.at("max"), 1);
  return is_fine ? ""
                 : text + " expected " + c.line.at("min").dump() + " " + c.line.at("max").dump();
}

namespace {

// Where the predicate holds, `out` has the values of `in`.
std::optional<std::string> differ_under(const ArithCase& c, const Expr& predicate,
                                        const std::vector<Expr>& in, const std::vector<Expr>& out) {
  for (std::size_t i = 0; i < in.size(); ++i) {
    Expr left = tir::if_then_else(predicate, in[i], tir::int_imm(c.dtype, 0));
    Expr right = tir::if_then_else(predicate, out[i], tir::int_imm(c.dtype, 0));
    if (auto wrong = differs(c, left, right)) return *wrong + " in index " + write_sexpr(in[i]);
  }
  return std::nullopt;
}

std::string check_level(const ArithCase& c, const std::string& name, IterMapLevel level) {
  const json& expected = c.line.at(name);
  if (expected.is_object() && expected.contains("refused")) return "";
  Analyzer analyzer;
  std::vector<Expr> in = read_list(c, c.line.at("in"));
  Expr predicate = c.read_field("predicate");
  IterMapResult map = detect_iter_map(in, ranges_of(c), predicate, analyzer, {.level = level});
  if (!map) return expected.is_null() ? "" : name + ": none (" + map.error + ")";
  std::vector<Expr> out;
  for (const IterSum& s : map.indices) out.push_back(normalize_iter_map_to_expr(s));
  if (auto wrong = differ_under(c, predicate, in, out)) return name + ": " + *wrong;
  return expected.is_null() ? name + ": found, expected none: " + write_all(out) : "";
}

}  // namespace

std::string check_iter_map(const ArithCase& c) {
  std::vector<Expr> in = read_list(c, c.line.at("in"));
  Expr predicate = c.read_field("predicate");
  Analyzer analyzer;
  std::vector<Expr> simple = iter_map_simplify(in, ranges_of(c), predicate, analyzer);
  if (auto wrong = differ_under(c, predicate, in, simple)) return "simplified: " + *wrong;
  for (std::string text : {check_level(c, "surjective", IterMapLevel::kSurjective),
                           check_level(c, "bijective", IterMapLevel::kBijective),
                           check_level(c, "nocheck", IterMapLevel::kNoCheck)}) {
    if (!text.empty()) return text;
  }
  if (!c.line.at("simplified").is_array()) return "";
  for (std::size_t i = 0; i < simple.size(); ++i) {
    Expr expected = c.read(c.line.at("simplified").at(i));
    if (count_nodes(simple[i]) > count_nodes(expected)) {
      return str_cat("simplified: ", write_sexpr(simple[i]), " is longer than ",
                     write_sexpr(expected));
    }
  }
  return "";
}

std::string check_subspace_divide(const ArithCase& c) {
  Analyzer analyzer;
  std::vector<Expr> in = read_list(c, c.line.at("in")), inner;
  for (const json& name : c.line.at("inner")) inner.push_back(c.vars.at(name));
  Expr predicate = c.read_field("predicate");
  auto division = subspace_divide(in, ranges_of(c), inner, predicate, analyzer);
  const json& expected = c.line.at("out");
  bool is_known_wrong = c.line.contains("at");
  if (!division) return expected.is_null() || is_known_wrong ? "" : "none";
  std::vector<Expr> whole;
  Expr zero = tir::int_imm(c.dtype, 0);
  Expr all = tir::logical_and(division->outer_predicate, division->inner_predicate);
  for (const auto& d : division->indices) {
    Expr outer = normalize_iter_map_to_expr(d.outer), inside = normalize_iter_map_to_expr(d.inner);
    whole.push_back(outer * d.inner.extent + inside);
    for (const auto& [value, extent] :
         {std::pair{outer, d.outer.extent}, {inside, d.inner.extent}}) {
      all = tir::logical_and(
          all, tir::logical_and(tir::less_equal(zero, value), tir::less(value, extent)));
    }
  }
  if (auto wrong = differ_under(c, predicate, in, whole)) return *wrong;
  // The predicate lives in the extents and the two predicates.
  if (auto wrong = differs(c, predicate, all)) return *wrong + " in the predicates";
  if (expected.is_null()) return "found, expected none: " + write_all(whole);
  for (std::size_t i = 0; i < in.size() && expected.is_array(); ++i) {
    std::string outer = write_sexpr(division->indices[i].outer.extent);
    std::string inside = write_sexpr(division->indices[i].inner.extent);
    const json& e = expected.at(i);
    if (outer != e.at(0).at(1) || inside != e.at(1).at(1)) {
      return str_cat("extents ", outer, " ", inside, " expected ", e.dump());
    }
  }
  return "";
}

}  // namespace tenon
