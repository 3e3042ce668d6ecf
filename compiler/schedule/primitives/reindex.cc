// reindex(block, read 0): the block reads a copy whose axes are the block's iters, one each.
//
//   block C: C[i] = A[i // 4 + 1]
//   -> block A_reindex_reindex: A_reindex[v] = A[v // 4 + 1];  block C: C[i] = A_reindex[i]
#include <algorithm>
#include <set>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

bool same_indices(const std::vector<Expr>& a, const std::vector<Expr>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!structural_equal(a[i], b[i])) return false;
  }
  return true;
}

// The one index list at which the block accesses `buffer`.
std::vector<Expr> only_access(const Schedule& schedule, const Site& site, const Buffer& buffer,
                              const std::string& what) {
  std::vector<std::vector<Expr>> found;
  auto add_access = [&](const std::vector<Expr>& indices) {
    bool known = std::any_of(found.begin(), found.end(),
                             [&](const auto& other) { return same_indices(other, indices); });
    if (!known) found.push_back(indices);
  };
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    if (const auto* l = e.as<Load>(); l && l->buffer.same_as(buffer)) add_access(l->indices);
    return true;
  };
  visitor.stmt = [&](const Stmt& s) {
    if (const auto* w = s.as<Store>(); w && w->buffer.same_as(buffer)) add_access(w->indices);
    return true;
  };
  walk(site.block().body, visitor);
  if (site.block().init) walk(site.block().init, visitor);
  if (found.size() != 1 || !child_blocks(site.stmt()).empty()) {
    schedule_error(
        schedule, site,
        str_cat(what, ": block ", site.block().name, " accesses buffer ", node(buffer).name, " at ",
                found.size(), " places, one in a block without blocks is needed"));
  }
  return found.front();
}

struct Axes {
  std::vector<IterVar> iters;  // those of the block that the access uses, in the block's order
  std::vector<Expr> vars;
};

Axes axes_of(const Block& block, const std::vector<Expr>& indices) {
  std::set<Expr, IdLess> used;
  for (const Expr& index : indices) used.merge(vars_of(index));
  Axes axes;
  for (const IterVar& iter : block.iter_vars) {
    if (!used.count(iter.var)) continue;
    axes.iters.push_back(iter);
    axes.vars.push_back(iter.var);
  }
  return axes;
}

Buffer reindexed_buffer(const Buffer& buffer, const Axes& axes) {
  BufferNode copy = node(buffer);
  copy.name += "_reindex";
  copy.data = make_pointer(copy.name, var(copy.data).pointee, copy.scope);
  copy.shape.clear();
  copy.strides.clear();
  for (const IterVar& iter : axes.iters) copy.shape.push_back(iter.domain.extent);
  return copy;
}

Stmt make_stage(const Buffer& buffer, const Buffer& copy, const Axes& axes,
                const std::vector<Expr>& indices, BufferUse use, BlockRef& made) {
  Block block;
  block.id = new_block_id();
  made = {block.id};
  block.name = node(use == BufferUse::kRead ? copy : buffer).name + "_reindex";
  block.predicate = bool_imm(true);
  std::vector<Expr> loop_vars, extents, vars, outer;
  VarMap map;
  for (std::size_t i = 0; i < axes.iters.size(); ++i) {
    IterVar iter = axes.iters[i];
    loop_vars.push_back(make_var(str_cat("ax", i), dtype_of(iter.var)));
    extents.push_back(iter.domain.extent);
    iter.kind = IterKind::kSpatial;
    iter.var = make_var(str_cat("v", i), dtype_of(iter.var));
    iter.binding = loop_vars.back();
    map[axes.iters[i].var] = iter.var;
    vars.push_back(iter.var);
    block.iter_vars.push_back(iter);
  }
  for (const Expr& index : indices) outer.push_back(substitute(index, map));
  BufferRegion whole = element_region(buffer, outer), own = element_region(copy, vars);
  bool is_read = use == BufferUse::kRead;
  block.reads = {is_read ? whole : own};
  block.writes = {is_read ? own : whole};
  block.body =
      is_read ? store(copy, vars, load(buffer, outer)) : store(buffer, outer, load(copy, vars));
  return serial_loops(loop_vars, extents, block);
}

Stmt redirected(const Stmt& block, const Buffer& buffer, const Buffer& copy,
                const std::vector<Expr>& vars) {
  Rewriter rewriter;
  rewriter.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    return l && l->buffer.same_as(buffer) ? load(copy, vars) : e;
  };
  rewriter.stmt = [&](const Stmt& s) -> Stmt {
    const auto* w = s.as<Store>();
    return w && w->buffer.same_as(buffer) ? store(copy, vars, w->value) : s;
  };
  return edit_block(block, [&](Block& b) {
    b.body = rewrite(b.body, rewriter);
    if (b.init) b.init = rewrite(b.init, rewriter);
    for (auto* regions : {&b.reads, &b.writes}) {
      for (BufferRegion& region : *regions) {
        if (region.buffer.same_as(buffer)) region = element_region(copy, vars);
      }
    }
  });
}

// The outermost statement above the block in its scope; every loop down to it has one statement.
Stmt outermost(const Schedule& schedule, const Site& site, std::size_t scope,
               const std::string& what) {
  std::vector<Stmt> loops = loops_above(site);
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const Stmt& inner = i + 1 < loops.size() ? loops[i + 1] : site.stmt();
    if (loops[i].get<For>().body.same_as(inner)) continue;
    schedule_error(schedule, site,
                   what + ": loop " + var(loops[i].get<For>().var).name +
                       " holds more than block " + site.block().name);
  }
  return loops.empty() ? site.path[scope + 1].as<Seq>() ? site.stmt() : site.path[scope + 1]
                       : loops.front();
}

}  // namespace

Changed<BlockRef> reindex(const Schedule& schedule, const ReindexArgs& args) {
  Site site = site_of(schedule, args.block);
  bool is_read = args.use == BufferUse::kRead;
  const std::string what = str_cat("reindex(", site.block().name, ", ",
                                   is_read ? "read " : "write ", args.buffer_index, ")");
  Buffer buffer = is_read ? read_buffer(schedule, site, args.buffer_index, what)
                          : written_buffer(schedule, site, args.buffer_index, what);
  std::size_t scope_at = scope_index(schedule, site, what);
  Site scope = cut(site, scope_at);
  check_stage_pipeline(schedule, scope, what);
  std::vector<Expr> indices = only_access(schedule, site, buffer, what);
  Axes axes = axes_of(site.block(), indices);
  Buffer copy = reindexed_buffer(buffer, axes);
  BlockRef made;
  Stmt stage = make_stage(buffer, copy, axes, indices, args.use, made);
  Stmt top = outermost(schedule, site, scope_at, what);
  Stmt changed =
      replace_stmts(top, {{site.stmt(), redirected(site.stmt(), buffer, copy, axes.vars)}});
  Stmt both = is_read ? seq({stage, changed}) : seq({changed, stage});
  Stmt body = edit_block(replace_stmts(scope.stmt(), {{top, both}}),
                         [&](Block& b) { b.alloc_buffers.push_back(copy); });
  return {replace(schedule, scope, body), made};
}

}  // namespace tenon
