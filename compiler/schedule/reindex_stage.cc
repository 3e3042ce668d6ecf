#include "compiler/schedule/reindex_stage.h"

#include <algorithm>

#include "compiler/arith/iter_map.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

bool any_uses(const std::vector<Expr>& exprs, const Expr& v) {
  return std::any_of(exprs.begin(), exprs.end(), [&](const Expr& e) { return uses_var(e, v); });
}

std::vector<Expr> point_of(const Schedule& schedule, const Site& site, const BufferRegion& region,
                           const std::string& what) {
  std::vector<Expr> point;
  for (const Range& range : region.region) {
    if (!is_one(range.extent)) {
      schedule_error(schedule, site,
                     what + ": block " + site.block().name + " accesses more than one element of " +
                         node(region.buffer).name + " at a time");
    }
    point.push_back(range.min);
  }
  return point;
}

// The iters that the stage keeps: those that the map and the access use.
std::vector<IterVar> shared_iters(const Schedule& schedule, const Site& site,
                                  const std::vector<Expr>& point, const std::vector<Expr>& indices,
                                  const std::string& what) {
  std::vector<IterVar> kept;
  for (const IterVar& iter : site.block().iter_vars) {
    bool in_access = any_uses(point, iter.var), in_map = any_uses(indices, iter.var);
    if (in_access != in_map) {
      schedule_error(schedule, site,
                     what + ": iter " + var(iter.var).name + " is used by the " +
                         (in_access ? "access" : "map") + " alone");
    }
    if (in_access) kept.push_back(iter);
  }
  return kept;
}

Buffer make_cache(const Buffer& buffer, const std::vector<Expr>& shape, const std::string& scope) {
  BufferNode copy = node(buffer);
  copy.name += "_" + scope;
  copy.data = make_pointer(copy.name, var(copy.data).pointee, scope);
  copy.scope = scope;
  copy.shape = shape;
  copy.strides.clear();
  return copy;
}

// The stage's block under copies of those loops below `parent` that its iters follow.
Stmt make_nest(const Site& site, const Site& parent, Block block) {
  VarMap fresh;
  std::vector<Expr> vars, extents;
  for (const Stmt& s : loops_above(site, parent.path.size())) {
    const For& loop = s.get<For>();
    bool is_used =
        std::any_of(block.iter_vars.begin(), block.iter_vars.end(),
                    [&](const IterVar& iter) { return uses_var(iter.binding, loop.var); });
    if (!is_used) continue;
    vars.push_back(make_var(var(loop.var).name, dtype_of(loop.var)));
    extents.push_back(substitute(loop.extent, fresh));
    fresh[loop.var] = vars.back();
  }
  for (IterVar& iter : block.iter_vars) iter.binding = substitute(iter.binding, fresh);
  return serial_loops(vars, extents, block);
}

// Two values of the iters must not share an element of the cache.
void check_injective(const Schedule& schedule, const Site& site, const std::vector<IterVar>& iters,
                     const std::vector<Expr>& indices, const std::string& what) {
  Analyzer analyzer;
  RangeMap domains;
  for (const IterVar& iter : iters) domains[iter.var] = iter.domain;
  IterMapResult map = detect_iter_map(indices, domains, bool_imm(true), analyzer,
                                      {IterMapLevel::kSurjective, /*simplify_trivial=*/false});
  if (map && !map.has_overlap) return;
  schedule_error(schedule, site,
                 what + ": the map does not keep the values of the iters apart" +
                     (map ? "" : ": " + map.error));
}

}  // namespace

ReindexStage make_reindex_stage(const Schedule& schedule, const Site& site, const Site& parent,
                                const BufferRegion& region, const ReindexCacheArgs& args,
                                BufferUse use, const std::string& what) {
  if (args.map.initial_vars.size() != site.block().iter_vars.size()) {
    schedule_error(
        schedule, site,
        str_cat(what, ": block ", site.block().name, " has ", site.block().iter_vars.size(),
                " iters, the map takes ", args.map.initial_vars.size()));
  }
  Analyzer analyzer;
  std::vector<Expr> iter_vars, extents;
  for (const IterVar& iter : site.block().iter_vars) {
    iter_vars.push_back(iter.var);
    extents.push_back(iter.domain.extent);
  }
  std::vector<Expr> point = point_of(schedule, site, region, what);
  ReindexStage stage;
  stage.indices = map_indices(args.map, iter_vars, analyzer);
  std::vector<IterVar> kept = shared_iters(schedule, site, point, stage.indices, what);
  check_injective(schedule, site, kept, stage.indices, what);
  stage.cache = make_cache(region.buffer, map_shape(args.map, extents, analyzer), args.scope);

  Block block;
  block.id = new_block_id();
  block.name = node(region.buffer).name + "_" + args.scope;
  block.predicate = bool_imm(true);
  VarMap fresh;
  for (IterVar iter : kept) {
    fresh[iter.var] = make_var(var(iter.var).name, dtype_of(iter.var));
    iter.var = fresh.at(iter.var);
    iter.kind = IterKind::kSpatial;
    block.iter_vars.push_back(iter);
  }
  std::vector<Expr> outer, inner;
  for (const Expr& e : point) outer.push_back(substitute(e, fresh));
  for (const Expr& e : stage.indices) inner.push_back(substitute(e, fresh));
  bool is_read = use == BufferUse::kRead;
  const Buffer& source = is_read ? region.buffer : stage.cache;
  const Buffer& target = is_read ? stage.cache : region.buffer;
  const std::vector<Expr>& from = is_read ? outer : inner;
  const std::vector<Expr>& to = is_read ? inner : outer;
  block.reads = {element_region(source, from)};
  block.writes = {element_region(target, to)};
  block.body = store(target, to, load(source, from));
  stage.made = {block.id};
  stage.nest = make_nest(site, parent, block);
  return stage;
}

Stmt redirect_to_stage(const Stmt& block, const Buffer& buffer, const ReindexStage& stage) {
  Rewriter rewriter;
  rewriter.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    return l && l->buffer.same_as(buffer) ? load(stage.cache, stage.indices) : e;
  };
  rewriter.stmt = [&](const Stmt& s) -> Stmt {
    const auto* w = s.as<Store>();
    return w && w->buffer.same_as(buffer) ? store(stage.cache, stage.indices, w->value) : s;
  };
  return edit_block(block, [&](Block& b) {
    b.body = rewrite(b.body, rewriter);
    if (b.init) b.init = rewrite(b.init, rewriter);
    for (auto* regions : {&b.reads, &b.writes}) {
      for (BufferRegion& region : *regions) {
        if (region.buffer.same_as(buffer)) region = element_region(stage.cache, stage.indices);
      }
    }
  });
}

}  // namespace tenon
