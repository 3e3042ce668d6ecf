// fuse(i, j): loops nested directly in each other become one.
//
//   for i, j in T.grid(4, 8): C[i, j]   ->   for i_j_fused in range(32): C[i_j_fused // 8,
//   i_j_fused % 8]
#include "compiler/arith/analyzer.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::string call_text(const FuseArgs& args) {
  std::vector<std::string> names;
  for (const LoopRef& loop : args.loops) names.push_back(name_of(loop));
  return "fuse(" + join(names, ", ") + ")";
}

void check_loop(const Schedule& schedule, const Site& site, const std::string& what) {
  const For& loop = site.loop();
  const std::string name = var(loop.var).name;
  if (!loop.annotations.empty() || loop.kind == ForKind::kThreadBinding) {
    schedule_error(schedule, site,
                   what + ": loop " + name + " has annotations or a thread binding");
  }
  if (!is_zero(loop.min)) {
    schedule_error(schedule, site, what + ": loop " + name + " does not start at 0");
  }
}

void check_nested(const Schedule& schedule, const Site& outer, const Site& inner,
                  const std::string& what) {
  const std::string outer_name = var(outer.loop().var).name;
  const std::string inner_name = var(inner.loop().var).name;
  if (!outer.loop().body.same_as(inner.stmt())) {
    schedule_error(
        schedule, inner,
        what + ": loop " + inner_name + " is not the only statement inside loop " + outer_name);
  }
}

void check_extent(const Schedule& schedule, const Site& site, const std::vector<Stmt>& loops,
                  const std::string& what) {
  for (const Stmt& outer : loops) {
    if (!uses_var(site.loop().extent, outer.get<For>().var)) continue;
    schedule_error(schedule, site,
                   what + ": the extent of loop " + var(site.loop().var).name +
                       " depends on loop " + var(outer.get<For>().var).name);
  }
}

}  // namespace

Changed<LoopRef> fuse(const Schedule& schedule, const FuseArgs& args) {
  if (args.loops.empty()) throw UserError("fuse(): no loops");
  const std::string what = call_text(args);
  std::vector<Site> sites;
  for (const LoopRef& loop : args.loops) sites.push_back(site_of(schedule, loop));
  std::vector<Stmt> loops;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    check_loop(schedule, sites[i], what);
    if (i > 0) check_nested(schedule, sites[i - 1], sites[i], what);
    check_extent(schedule, sites[i], loops, what);
    loops.push_back(sites[i].stmt());
  }

  std::string name;
  std::vector<Expr> typed;
  for (const Stmt& loop : loops) {
    name += var(loop.get<For>().var).name + "_";
    typed.push_back(loop.get<For>().var);
  }
  const DataType dtype = common_int_type(typed);
  Expr fused = make_var(name + "fused", dtype);
  VarMap map;
  Expr rest = fused, extent = int_imm(dtype, 1);
  for (std::size_t i = loops.size(); i-- > 0;) {
    const For& loop = loops[i].get<For>();
    Expr size = cast(dtype, loop.extent);
    Expr part = i > 0 ? floor_mod(rest, size) : rest;
    map[loop.var] = cast(dtype_of(loop.var), is_one(size) ? int_imm(dtype, 0) : part);
    if (i > 0) rest = floor_div(rest, size);
    extent = size * extent;
  }
  Analyzer analyzer;
  extent = analyzer.simplify(extent);
  Stmt nest = serial_loop(fused, extent, substitute(loops.back().get<For>().body, map));
  nest = simplify_bindings(nest, ranges_of(loops_above(sites.front())), args.preserve_unit_iters);
  return {replace(schedule, sites.front(), nest), {fused}};
}

}  // namespace tenon
