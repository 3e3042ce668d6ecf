// transform_block_layout(block, map): the block's iters through an index map, and loops of their
// own for the new ones.
//
//   for i: block B: B[i] = A[i]   ->   for ax0, ax1: block B: B[v0 * 4 + v1] = A[v0 * 4 + v1]
#include <algorithm>

#include "compiler/schedule/access_simplifier.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

void check_block(const Schedule& schedule, const Site& site, const IndexMap& map,
                 const std::string& what) {
  const Block& block = site.block();
  std::vector<Stmt> loops = loops_above(site);
  bool is_trivial = loops.size() == block.iter_vars.size() && is_int(block.predicate, 1);
  for (std::size_t i = 0; is_trivial && i < loops.size(); ++i) {
    is_trivial = block.iter_vars[i].binding.same_as(loops[i].get<For>().var);
  }
  if (!is_trivial) {
    schedule_error(schedule, site,
                   what + ": the iters of block " + block.name +
                       " are not bound to its loops, one each and in their order");
  }
  if (map.initial_vars.size() != block.iter_vars.size()) {
    schedule_error(schedule, site,
                   str_cat(what, ": block ", block.name, " has ", block.iter_vars.size(),
                           " iters, the map takes ", map.initial_vars.size()));
  }
  if (!loops.empty() && child_blocks(loops.front()).size() != 1) {
    schedule_error(schedule, site,
                   what + ": loop " + var(loops.front().get<For>().var).name +
                       " holds more than block " + block.name);
  }
}

// The kind shared by all old iters that the expression uses; nothing when they differ.
std::optional<IterKind> kind_of(const Expr& e, const Block& block) {
  std::optional<IterKind> kind;
  for (const IterVar& iter : block.iter_vars) {
    if (!uses_var(e, iter.var)) continue;
    if (kind && *kind != iter.kind) return std::nullopt;
    kind = iter.kind;
  }
  return kind;
}

struct NewIters {
  std::vector<IterVar> iters;
  VarMap old_values;  // old iter var -> its value in terms of the new ones
};

NewIters transform(const Schedule& schedule, const Site& site, const IndexMap& map,
                   const std::string& what) {
  const Block& block = site.block();
  Analyzer analyzer;
  std::vector<Expr> old_vars, extents, new_vars;
  RangeMap domains;
  for (const IterVar& iter : block.iter_vars) {
    old_vars.push_back(iter.var);
    extents.push_back(iter.domain.extent);
    domains[iter.var] = iter.domain;
  }
  std::vector<Expr> mapped = map_indices(map, old_vars, analyzer);
  std::vector<Expr> new_extents = map_shape(map, extents, analyzer);
  NewIters result;
  for (std::size_t i = 0; i < mapped.size(); ++i) {
    auto kind = kind_of(mapped[i], block);
    if (!kind || *kind == IterKind::kOpaque) {
      schedule_error(
          schedule, site,
          str_cat(what, ": output ", i, " of the map mixes kinds of iters, or uses none"));
    }
    IterVar iter;
    iter.var = make_var(str_cat("v", i), dtype_of(mapped[i]));
    iter.domain = {zero_of(iter.var), cast(dtype_of(iter.var), new_extents[i])};
    iter.kind = *kind;
    iter.binding = make_var(str_cat("ax", i), dtype_of(iter.var));
    new_vars.push_back(iter.var);
    result.iters.push_back(iter);
  }
  IterMapResult iter_map = detect_iter_map(mapped, domains, bool_imm(true), analyzer,
                                           {IterMapLevel::kBijective, /*simplify_trivial=*/false});
  if (!iter_map) {
    schedule_error(schedule, site, what + ": the map is not bijective: " + iter_map.error);
  }
  result.old_values = inverse_affine_iter_map(iter_map.indices, new_vars, analyzer);
  for (auto& [old, value] : result.old_values) value = analyzer.simplify(value);
  for (const Expr& old : old_vars) result.old_values.emplace(old, zero_of(old));
  return result;
}

}  // namespace

Schedule transform_block_layout(const Schedule& schedule, const BlockRef& ref,
                                const IndexMap& map) {
  Site site = site_of(schedule, ref);
  const std::string what = "transform_block_layout(" + site.block().name + ")";
  scope_index(schedule, site, what);
  check_block(schedule, site, map, what);
  NewIters made = transform(schedule, site, map, what);
  std::vector<Stmt> loops = loops_above(site);
  Stmt block = edit_block(site.stmt(), [&](Block& b) {
    b.iter_vars = made.iters;
    b.reads = substitute_regions(b.reads, made.old_values);
    b.writes = substitute_regions(b.writes, made.old_values);
    for (MatchBuffer& match : b.match_buffers) {
      match.source = substitute_regions({match.source}, made.old_values).front();
    }
    b.body = substitute(b.body, made.old_values);
    if (b.init) b.init = substitute(b.init, made.old_values);
  });
  std::vector<Expr> vars, extents;
  for (const IterVar& iter : made.iters) {
    vars.push_back(iter.binding);
    extents.push_back(iter.domain.extent);
  }
  Stmt nest = serial_loops(vars, extents, with_normal_accesses(block));
  const Stmt& top = loops.empty() ? site.stmt() : loops.front();
  return replace(schedule, site_of(schedule, site.function, top), nest);
}

}  // namespace tenon
