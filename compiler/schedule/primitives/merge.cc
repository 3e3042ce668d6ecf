// merge(i, a): loops of different nests with equal extents become one, which runs their bodies in
// the order given. It stands where the nest of the last one stood.
//
//   for i: block B;  for a: block C   ->   for i_m: { block B; block C }
//
// The caller answers for dependencies: a nest may move past others that it feeds.
#include <algorithm>
#include <set>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

// The loops from just below the lowest common ancestor of all nests down to the given one.
using Nest = std::vector<Stmt>;

std::string call_text(const std::vector<LoopRef>& loops) {
  std::vector<std::string> names;
  for (const LoopRef& loop : loops) names.push_back(name_of(loop));
  return "merge(" + join(names, ", ") + ")";
}

// Position in the paths of the lowest loop or block that is above all the sites.
std::size_t common_ancestor(const std::vector<Site>& sites) {
  std::size_t depth = sites.front().path.size() - 1;
  for (const Site& site : sites) {
    depth = std::min(depth, site.path.size() - 1);
    while (!sites.front().path[depth].same_as(site.path[depth])) --depth;
  }
  const std::vector<Stmt>& path = sites.front().path;
  while (!is_loop(path[depth]) && !is_block(path[depth])) --depth;
  return depth;
}

Nest nest_of(const Schedule& schedule, const Site& site, std::size_t ancestor,
             const std::string& what) {
  Nest nest;
  for (std::size_t i = ancestor + 1; i < site.path.size(); ++i) {
    const Stmt& stmt = site.path[i];
    if (is_block(stmt)) {
      schedule_error(schedule, site, what + ": the loops are not in one scope");
    }
    if (const auto* loop = stmt.as<For>()) {
      const std::string name = var(loop->var).name;
      if (!loop->annotations.empty() || loop->kind == ForKind::kThreadBinding) {
        schedule_error(schedule, site,
                       what + ": loop " + name + " has annotations or a thread binding");
      }
      if (!is_zero(loop->min)) {
        schedule_error(schedule, site, what + ": loop " + name + " does not start at 0");
      }
      if (!nest.empty() && !nest.back().get<For>().body.same_as(stmt)) {
        schedule_error(schedule, site,
                       what + ": loop " + name + " is not the only statement inside loop " +
                           var(nest.back().get<For>().var).name);
      }
      nest.push_back(stmt);
    }
  }
  return nest;
}

void check_extents(const Schedule& schedule, const Site& site, const Nest& first, const Nest& nest,
                   const std::string& what) {
  if (first.size() != nest.size() || nest.empty()) {
    schedule_error(schedule, site,
                   str_cat(what, ": one nest is ", first.size(), " loops deep, another ",
                           nest.size(), "; equal depths of at least 1 are needed"));
  }
  Analyzer analyzer;
  for (std::size_t i = 0; i < nest.size(); ++i) {
    const For& a = first[i].get<For>();
    const For& b = nest[i].get<For>();
    if (analyzer.can_prove_equal(a.extent, b.extent)) continue;
    schedule_error(schedule, site,
                   what + ": loops " + var(a.var).name + " and " + var(b.var).name +
                       " do not have the same extent");
  }
}

}  // namespace

Changed<LoopRef> merge(const Schedule& schedule, const std::vector<LoopRef>& loops) {
  if (loops.size() < 2) throw UserError("merge(): at least two loops are needed");
  const std::string what = call_text(loops);
  std::vector<Site> sites;
  for (const LoopRef& loop : loops) sites.push_back(site_of(schedule, loop));
  for (const Site& site : sites) {
    if (site.function == sites.front().function) continue;
    schedule_error(schedule, site, what + ": the loops are in different functions");
  }
  std::size_t ancestor = common_ancestor(sites);
  std::vector<Nest> nests;
  for (const Site& site : sites) {
    nests.push_back(nest_of(schedule, site, ancestor, what));
    check_extents(schedule, site, nests.front(), nests.back(), what);
  }

  std::vector<Expr> vars, extents;
  for (const Stmt& s : nests.front()) {
    const For& loop = s.get<For>();
    vars.push_back(make_var(var(loop.var).name + "_m", dtype_of(loop.var)));
    extents.push_back(loop.extent);
  }
  std::vector<Stmt> bodies;
  StmtMap edits;
  std::set<Stmt, IdLess> seen;
  for (const Nest& nest : nests) {
    if (!seen.insert(nest.front()).second) {
      schedule_error(schedule, sites.front(), what + ": a loop is named twice");
    }
    VarMap map;
    for (std::size_t i = 0; i < nest.size(); ++i) map[nest[i].get<For>().var] = vars[i];
    bodies.push_back(substitute(nest.back().get<For>().body, map));
    edits[nest.front()] = {};
  }
  edits[nests.back().front()] = serial_loops(vars, extents, seq(bodies));
  Stmt body = replace_stmts(sites.front().path.front(), edits);
  return {with_function_body(schedule, sites.front().function, body), {vars.back()}};
}

}  // namespace tenon
