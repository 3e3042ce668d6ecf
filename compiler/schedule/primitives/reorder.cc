// reorder(k, i): the named loops of one chain take each other's places, the others stay.
//
//   for i, j, k in T.grid(4, 5, 6): ...   ->   for k, j, i in T.grid(6, 5, 4): ...
#include <algorithm>
#include <set>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::string call_text(const std::vector<LoopRef>& loops) {
  std::vector<std::string> names;
  for (const LoopRef& loop : loops) names.push_back(name_of(loop));
  return "reorder(" + join(names, ", ") + ")";
}

void check_distinct(const Schedule& schedule, const std::vector<Site>& sites,
                    const std::string& what) {
  std::set<Stmt, IdLess> seen;
  for (const Site& site : sites) {
    if (seen.insert(site.stmt()).second) continue;
    schedule_error(schedule, site,
                   what + ": loop " + var(site.loop().var).name + " is named twice");
  }
}

// The loops from the outermost to the innermost of the named ones, which must form one chain
// without branches.
std::vector<Stmt> chain_of(const Schedule& schedule, const std::vector<Site>& sites,
                           const std::string& what) {
  auto depth = [](const Site& a, const Site& b) { return a.path.size() < b.path.size(); };
  const Site& top = *std::min_element(sites.begin(), sites.end(), depth);
  const Site& bottom = *std::max_element(sites.begin(), sites.end(), depth);
  const std::string top_name = var(top.loop().var).name;
  for (const Site& site : sites) {
    auto at = std::find_if(bottom.path.begin(), bottom.path.end(),
                           [&](const Stmt& s) { return s.same_as(site.stmt()); });
    if (at == bottom.path.end()) {
      schedule_error(schedule, site,
                     what + ": loops " + var(bottom.loop().var).name + " and " +
                         var(site.loop().var).name + " are not nested");
    }
  }
  std::vector<Stmt> chain(bottom.path.begin() + static_cast<std::ptrdiff_t>(top.path.size()) - 1,
                          bottom.path.end());
  for (const Stmt& stmt : chain) {
    if (is_loop(stmt)) continue;
    const std::string between =
        is_block(stmt) ? "block " + stmt.get<Block>().name : std::string("a branch");
    schedule_error(schedule, bottom,
                   what + ": " + between + " stands between loop " + top_name + " and loop " +
                       var(bottom.loop().var).name);
  }
  return chain;
}

void check_blocks(const Schedule& schedule, const Site& top, const std::string& what) {
  for (const Stmt& stmt : child_blocks(top.stmt())) {
    Site block = child_site(top, stmt);
    if (!has_only_spatial_and_reduce_iters(block.block())) {
      schedule_error(
          schedule, block,
          what + ": block " + block.block().name + " has iters neither spatial nor reduce");
    }
    check_affine_binding(schedule, block, what);
  }
}

void check_domains(const Schedule& schedule, const Site& top, const std::vector<Stmt>& order,
                   const std::string& what) {
  for (std::size_t outer = 0; outer < order.size(); ++outer) {
    const For& loop = order[outer].get<For>();
    for (std::size_t inner = outer; inner < order.size(); ++inner) {
      const Expr& v = order[inner].get<For>().var;
      if (!uses_var(loop.min, v) && !uses_var(loop.extent, v)) continue;
      schedule_error(schedule, top,
                     what + ": loop " + var(loop.var).name + " would stand outside loop " +
                         var(v).name + ", which its range depends on");
    }
  }
}

}  // namespace

Schedule reorder(const Schedule& schedule, const std::vector<LoopRef>& loops) {
  if (loops.empty()) throw UserError("reorder(): no loops");
  const std::string what = call_text(loops);
  std::vector<Site> sites;
  for (const LoopRef& loop : loops) sites.push_back(site_of(schedule, loop));
  check_distinct(schedule, sites, what);
  std::vector<Stmt> chain = chain_of(schedule, sites, what);
  Site top = site_of(schedule, sites.front().function, chain.front());
  check_blocks(schedule, top, what);

  std::set<Stmt, IdLess> named;
  for (const Site& site : sites) named.insert(site.stmt());
  std::vector<Stmt> order;
  std::size_t next = 0;
  for (const Stmt& stmt : chain) order.push_back(named.count(stmt) ? sites[next++].stmt() : stmt);
  check_domains(schedule, top, order, what);

  Stmt nest = chain.back().get<For>().body;
  for (std::size_t i = order.size(); i-- > 0;) nest = with_loop_body(order[i], nest);
  return replace(schedule, top, nest);
}

}  // namespace tenon
