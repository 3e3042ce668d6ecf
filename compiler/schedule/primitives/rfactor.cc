// rfactor(k, axis): a reduction in two stages. The first keeps one partial result for every
// iteration of loop k, as a new axis; the second reduces over that axis.
//
//   for i, k: block C: C[i] += A[i, k]
//   -> for i, k: block C_rf: C_rf[i, k] = A[i, k];  for i, k: block C: C[i] += C_rf[i, k]
#include <algorithm>
#include <set>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/reducer.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Source {
  Site loop, block;
  std::vector<Stmt> loops;        // all around the block, outermost first
  std::set<Expr, IdLess> reduce;  // variables of those that feed reduce iters
  Reduction reduction;
  std::size_t axis = 0;
  Buffer partial;  // C_rf
};

Site only_block(const Schedule& schedule, const Site& loop, const std::string& what) {
  std::vector<Stmt> blocks = child_blocks(loop.stmt());
  if (blocks.size() != 1) {
    schedule_error(schedule, loop,
                   str_cat(what, ": ", blocks.size(), " blocks are below the loop, one is needed"));
  }
  return child_site(loop, blocks.front());
}

void check_loops(const Schedule& schedule, Source& source, const std::string& what) {
  const Block& block = source.block.block();
  bool met_reduction = false;
  for (const Stmt& s : source.loops) {
    const For& loop = s.get<For>();
    bool feeds_spatial = false, feeds_reduce = false;
    for (const IterVar& iter : block.iter_vars) {
      if (!uses_var(iter.binding, loop.var)) continue;
      (iter.kind == IterKind::kReduce ? feeds_reduce : feeds_spatial) = true;
    }
    const std::string name = var(loop.var).name;
    bool is_target = s.same_as(source.loop.stmt());
    if (feeds_spatial && (feeds_reduce || is_target)) {
      schedule_error(schedule, source.block,
                     what + ": loop " + name + " feeds a spatial iter of block " + block.name);
    }
    if (feeds_reduce) source.reduce.insert(loop.var);
    if (feeds_reduce && !met_reduction) {
      only_block(schedule, site_of(schedule, source.block.function, s), what);
      met_reduction = true;
    }
    if (!feeds_spatial && !feeds_reduce && (is_target || (met_reduction && !is_one(loop.extent)))) {
      schedule_error(schedule, source.block,
                     what + ": loop " + name + " feeds no iter of block " + block.name);
    }
  }
}

Buffer partial_buffer(const Source& source) {
  BufferNode copy = node(source.reduction.update.buffer);
  copy.name += "_rf";
  copy.data = make_pointer(copy.name, var(copy.data).pointee, copy.scope);
  copy.strides.clear();
  copy.shape.insert(copy.shape.begin() + static_cast<std::ptrdiff_t>(source.axis),
                    source.loop.loop().extent);
  return copy;
}

Source read_source(const Schedule& schedule, const LoopRef& ref, std::int64_t factor_axis,
                   const std::string& what) {
  Source source;
  source.loop = site_of(schedule, ref);
  source.block = only_block(schedule, source.loop, what);
  source.loops = loops_above(source.block);
  Site scope = cut(source.block, scope_index(schedule, source.block, what));
  check_stage_pipeline(schedule, scope, what);
  check_reduction(schedule, source.block, what);
  check_loops(schedule, source, what);
  auto reduction = find_reduction(source.block.block());
  if (!reduction) {
    schedule_error(schedule, source.block,
                   what + ": block " + source.block.block().name +
                       " does not combine one value by a commutative operator");
  }
  source.reduction = *reduction;
  auto rank = static_cast<std::int64_t>(node(reduction->update.buffer).shape.size());
  std::int64_t axis = factor_axis < 0 ? factor_axis + rank + 1 : factor_axis;
  if (axis < 0 || axis > rank) {
    schedule_error(schedule, source.block,
                   str_cat(what, ": the axis must be from ", -rank - 1, " to ", rank));
  }
  source.axis = static_cast<std::size_t>(axis);
  source.partial = partial_buffer(source);
  return source;
}

IterVar iter_of_loop(const For& loop, IterKind kind) {
  IterVar iter;
  iter.var = make_var("v" + var(loop.var).name, dtype_of(loop.var));
  iter.domain = {loop.min, loop.extent};
  iter.kind = kind;
  iter.binding = loop.var;
  return iter;
}

template <class T>
std::vector<T> inserted(std::vector<T> items, std::size_t at, T item) {
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), std::move(item));
  return items;
}

// The iters of the first stage: the factored loop as a spatial one, the block's own, and one for
// each other loop of a reduce iter that the factored loop feeds. `map` gets what replaces old
// iters.
std::vector<IterVar> first_stage_iters(const Source& source, VarMap& map) {
  const For& factored = source.loop.loop();
  std::vector<IterVar> iters{iter_of_loop(factored, IterKind::kSpatial)};
  VarMap by_loop{{factored.var, iters.front().var}};
  for (const IterVar& old : source.block.block().iter_vars) {
    if (old.kind == IterKind::kSpatial || !uses_var(old.binding, factored.var)) {
      iters.push_back(old);
      continue;
    }
    for (const Stmt& s : source.loops) {
      const For& loop = s.get<For>();
      if (!uses_var(old.binding, loop.var) || by_loop.count(loop.var)) continue;
      iters.push_back(iter_of_loop(loop, IterKind::kReduce));
      by_loop[loop.var] = iters.back().var;
    }
    map[old.var] = substitute(old.binding, by_loop);
  }
  return iters;
}

std::vector<BufferRegion> partial_regions(const Source& source,
                                          const std::vector<BufferRegion>& regions,
                                          const Expr& factor, const VarMap& map) {
  std::vector<BufferRegion> result = substitute_regions(regions, map);
  for (BufferRegion& region : result) {
    if (!region.buffer.same_as(source.reduction.update.buffer)) continue;
    region.buffer = source.partial;
    region.region =
        inserted(region.region, source.axis, Range{factor, int_imm(dtype_of(factor), 1)});
  }
  return result;
}

Block first_stage(const Source& source) {
  const Block& old = source.block.block();
  VarMap map;
  Block block = old;
  block.id = new_block_id();
  block.name = old.name + "_rf";
  block.iter_vars = first_stage_iters(source, map);
  const Expr& factor = block.iter_vars.front().var;
  std::vector<Expr> indices = inserted(source.reduction.update.indices, source.axis, factor);
  Expr value = substitute(source.reduction.value, map);
  bool reduces = !has_only_spatial_iters(block);
  block.init = reduces ? store(source.partial, indices, source.reduction.init.value) : Stmt{};
  Expr combined =
      reduces ? binary(source.reduction.op, load(source.partial, indices), value) : value;
  block.body = store(source.partial, indices, combined);
  block.reads = partial_regions(source, old.reads, factor, map);
  block.writes = partial_regions(source, old.writes, factor, map);
  return block;
}

// Copies of all the loops, with variables of their own.
Stmt first_nest(const Source& source, Block block) {
  VarMap fresh;
  for (const Stmt& s : source.loops) {
    const Expr& v = s.get<For>().var;
    fresh[v] = make_var(var(v).name, dtype_of(v));
  }
  for (IterVar& iter : block.iter_vars) iter.binding = substitute(iter.binding, fresh);
  block.predicate = substitute(block.predicate, fresh);
  Stmt nest = block;
  for (std::size_t i = source.loops.size(); i-- > 0;) {
    For loop = source.loops[i].get<For>();
    loop.var = fresh.at(loop.var);
    loop.min = substitute(loop.min, fresh);
    loop.extent = substitute(loop.extent, fresh);
    loop.body = nest;
    nest = loop;
  }
  return nest;
}

Block second_stage(const Source& source) {
  const Block& old = source.block.block();
  Block block = old;
  block.iter_vars = {iter_of_loop(source.loop.loop(), IterKind::kReduce)};
  VarMap map;
  for (const IterVar& iter : old.iter_vars) {
    if (iter.kind != IterKind::kSpatial) continue;
    block.iter_vars.push_back(iter);
    block.iter_vars.back().var = make_var(var(iter.var).name, dtype_of(iter.var));
    map[iter.var] = block.iter_vars.back().var;
  }
  std::vector<Expr> indices;
  for (const Expr& index : source.reduction.update.indices)
    indices.push_back(substitute(index, map));
  const Expr& factor = block.iter_vars.front().var;
  std::vector<Expr> partial = inserted(indices, source.axis, factor);
  const Buffer& target = source.reduction.update.buffer;
  block.init = substitute(old.init, map);
  block.body =
      store(target, indices,
            binary(source.reduction.op, load(target, indices), load(source.partial, partial)));
  block.writes = substitute_regions(old.writes, map);
  block.reads = partial_regions(source, block.writes, factor, {});
  Expr kept = bool_imm(true);
  for (const Expr& part : conjuncts(old.predicate)) {
    bool drops = std::any_of(source.reduce.begin(), source.reduce.end(),
                             [&](const Expr& v) { return uses_var(part, v); });
    if (!drops) kept = conjunction(kept, part);
  }
  block.predicate = kept;
  return block;
}

// The old nest around the second stage, without the reduction loops that it no longer has.
Stmt second_nest(const Source& source, const Stmt& stmt, const Stmt& stage) {
  if (stmt.same_as(source.block.stmt())) return stage;
  if (const auto* loop = stmt.as<For>()) {
    Stmt body = second_nest(source, loop->body, stage);
    bool dropped = source.reduce.count(loop->var) && !stmt.same_as(source.loop.stmt());
    return dropped ? body : body.same_as(loop->body) ? stmt : with_loop_body(stmt, body);
  }
  if (is_block(stmt)) return stmt;
  Rewriter children;
  children.stmt = [&](const Stmt& s) { return s ? second_nest(source, s, stage) : s; };
  return map_stmt_children(stmt, children);
}

}  // namespace

Changed<BlockRef> rfactor(const Schedule& schedule, const LoopRef& ref, std::int64_t factor_axis) {
  const std::string what = str_cat("rfactor(", name_of(ref), ", ", factor_axis, ")");
  Source source = read_source(schedule, ref, factor_axis, what);
  Block first = first_stage(source);
  BlockRef made{first.id};
  Stmt outermost = source.loops.front();
  Stmt both =
      seq({first_nest(source, first), second_nest(source, outermost, second_stage(source))});
  Site scope = cut(source.block, scope_index(schedule, source.block, what));
  Stmt body = edit_block(replace_stmts(scope.stmt(), {{outermost, both}}),
                         [&](Block& b) { b.alloc_buffers.push_back(source.partial); });
  return {replace(schedule, scope, body), made};
}

}  // namespace tenon
