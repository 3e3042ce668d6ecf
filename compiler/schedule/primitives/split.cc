// split(j, [None, 16]): one loop becomes several.
//
//   for j in range(64): C[.., j]   ->   for j_0 in range(4): for j_1 in range(16): C[.., j_0 * 16 +
//   j_1]
//
// When the factors may cover more than the loop, the blocks below get the predicate that stops
// them, unless disable_predication says that running over is harmless.
#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::string call_text(const SplitArgs& args) {
  std::vector<std::string> factors;
  for (const Expr& factor : args.factors) {
    auto value = factor ? as_int(factor) : std::nullopt;
    factors.push_back(!factor ? "None" : value ? str_cat(*value) : "n");
  }
  return "split(" + name_of(args.loop) + ", [" + join(factors, ", ") + "])";
}

void check_loop(const Schedule& schedule, const Site& site, const std::string& what) {
  const For& loop = site.loop();
  if (!loop.annotations.empty() || loop.kind == ForKind::kThreadBinding) {
    schedule_error(schedule, site, what + ": the loop has annotations or a thread binding",
                   "split first, annotate the parts afterwards");
  }
  if (!is_zero(loop.min)) {
    schedule_error(schedule, site, what + ": the loop does not start at 0");
  }
}

void check_factors(const Schedule& schedule, const Site& site, const SplitArgs& args,
                   const std::string& what) {
  if (args.factors.empty()) schedule_error(schedule, site, what + ": no factors");
  auto num_open =
      std::count_if(args.factors.begin(), args.factors.end(), [](const Expr& f) { return !f; });
  if (num_open > 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": ", num_open,
                           " factors are open, at most one "
                           "can be inferred"));
  }
  for (std::size_t i = 0; i < args.factors.size(); ++i) {
    if (!args.factors[i]) continue;
    if (auto value = as_int(args.factors[i]); value && *value <= 0) {
      schedule_error(schedule, site,
                     str_cat(what, ": factor ", i, " is ", *value, ", it must be positive"));
    }
  }
}

std::vector<Expr> complete_factors(const Schedule& schedule, const Site& site,
                                   const SplitArgs& args, DataType dtype, Analyzer& analyzer,
                                   const std::string& what) {
  std::vector<Expr> factors = args.factors;
  Expr product = int_imm(dtype, 1);
  for (Expr& factor : factors) {
    if (!factor) continue;
    factor = cast(dtype, factor);
    product = product * factor;
  }
  Expr extent = cast(dtype, site.loop().extent);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (factors[i]) continue;
    Expr rounded = extent + product - int_imm(dtype, 1);
    factors[i] = analyzer.simplify(floor_div(rounded, product));
    return factors;
  }
  product = analyzer.simplify(product);
  if (!analyzer.can_prove_greater_equal(product, extent)) {
    auto runs = as_int(extent), covered = as_int(product);
    schedule_error(schedule, site,
                   what + ": factors multiply to " + (covered ? str_cat(*covered) : "a symbol") +
                       ", but loop " + name_of(args.loop) + " runs " +
                       (runs ? str_cat(*runs) : "a symbolic number of") + " times",
                   "leave one factor open: split(" + name_of(args.loop) + ", [None, ...])");
  }
  return factors;
}

}  // namespace

Changed<std::vector<LoopRef>> split(const Schedule& schedule, const SplitArgs& args) {
  const std::string what = call_text(args);
  Site site = site_of(schedule, args.loop);
  check_loop(schedule, site, what);
  check_factors(schedule, site, args, what);
  const For& loop = site.loop();

  Analyzer analyzer;
  std::vector<Expr> typed{loop.var};
  for (const Expr& factor : args.factors) {
    if (factor && !as_int(factor)) typed.push_back(factor);
  }
  const DataType dtype = common_int_type(typed);
  std::vector<Expr> factors = complete_factors(schedule, site, args, dtype, analyzer, what);

  std::vector<Expr> vars;
  Expr value = int_imm(dtype, 0);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    vars.push_back(make_var(str_cat(var(loop.var).name, "_", i), dtype));
    analyzer.bind(vars[i], Range{int_imm(dtype, 0), factors[i]});
    value = i == 0 ? vars[0] : add(multiply(value, factors[i]), vars[i]);
  }
  Stmt body = substitute(loop.body, {{loop.var, cast(dtype_of(loop.var), value)}});
  Expr inside = less(value, cast(dtype, loop.extent));
  if (!args.disable_predication && !analyzer.can_prove(inside)) {
    body = append_predicate(body, inside);
  }
  Stmt nest = serial_loops(vars, factors, body);
  nest = simplify_bindings(nest, ranges_of(loops_above(site)), args.preserve_unit_iters);

  std::vector<LoopRef> made;
  for (const Expr& v : vars) made.push_back({v});
  return {replace(schedule, site, nest), made};
}

}  // namespace tenon
