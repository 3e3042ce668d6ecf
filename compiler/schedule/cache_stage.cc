#include "compiler/schedule/cache_stage.h"

#include <algorithm>

#include "compiler/arith/int_set.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/analysis/touched.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::vector<Stmt> statements_of(const Stmt& body) {
  if (const auto* sequence = body.as<Seq>()) return sequence->body;
  return {body};
}

const Stmt& body_of(const Stmt& parent) {
  if (const auto* loop = parent.as<For>()) return loop->body;
  return parent.get<Block>().body;
}

bool holds(const Stmt& stmt, const std::vector<Stmt>& wanted) {
  bool found = false;
  each_stmt(stmt, [&](const Stmt& s) {
    for (const Stmt& w : wanted) found |= s.same_as(w);
    return !found;
  });
  return found;
}

// The innermost loop or block of the path at or above `index`.
std::size_t owner_of(const Site& site, std::size_t index) {
  while (!is_loop(site.path[index]) && !is_block(site.path[index])) --index;
  return index;
}

}  // namespace

StagePlace place_after(const Site& scope, const Stmt& writer, const std::vector<Stmt>& readers) {
  Site site = child_site(scope, writer);
  const std::size_t scope_depth = scope.path.size() - 1;
  for (std::size_t i = site.path.size() - 1; i-- > scope_depth;) {
    const auto* sequence = site.path[i].as<Seq>();
    if (!sequence) continue;
    for (std::size_t k = 0; k < sequence->body.size(); ++k) {
      if (!sequence->body[k].same_as(site.path[i + 1])) continue;
      bool is_last_chance = i == scope_depth + 1;
      for (std::size_t later = 0; later < sequence->body.size(); ++later) {
        if (later == k || !holds(sequence->body[later], readers)) continue;
        return {cut(site, owner_of(site, i)), later < k ? later : k + 1};
      }
      if (is_last_chance && readers.empty()) return {scope, sequence->body.size()};
    }
  }
  return {scope, statements_of(body_of(scope.stmt())).size()};
}

std::vector<Range> relaxed_region(const Site& block, const BufferRegion& region,
                                  const Site& parent) {
  Analyzer analyzer;
  for (const Stmt& s : parent.path) {
    if (const auto* loop = s.as<For>()) analyzer.bind(loop->var, Range{loop->min, loop->extent});
  }
  BufferRegion unbound = region;
  VarMap bindings = bindings_of(block.block());
  for (Range& r : unbound.region) {
    r = {substitute(r.min, bindings), substitute(r.extent, bindings)};
  }
  std::vector<IntSet> sets =
      touched_region(unbound.region, ranges_of(loops_above(block, parent.path.size())),
                     block.block().predicate, analyzer);
  std::vector<Range> result;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const Expr& extent = node(region.buffer).shape[i];
    result.push_back(sets[i].is_bounded() ? sets[i].to_range(analyzer)
                                          : Range{zero_of(extent), extent});
  }
  return result;
}

Cache make_cache(const Buffer& original, const std::vector<Range>& region, const StagePlace& place,
                 const std::string& scope) {
  const std::string name = node(original).name + "_" + scope;
  Cache cache{renamed_buffer(original, name, scope), original, {}};
  bool is_whole = is_loop(place.parent.stmt());
  BufferNode copy = node(cache.buffer);
  for (std::size_t i = 0; i < region.size(); ++i) {
    cache.offset.push_back(is_whole ? zero_of(region[i].min) : region[i].min);
    if (!is_whole) copy.shape[i] = region[i].extent;
  }
  bool is_changed = false;
  for (std::size_t i = 0; i < region.size(); ++i) {
    is_changed |= !structural_equal(copy.shape[i], node(original).shape[i]);
  }
  if (is_changed) copy.strides.clear();
  cache.buffer = copy;
  return cache;
}

Stmt make_copy_stage(const Cache& cache, const std::vector<Range>& region,
                     CopyDirection direction) {
  Block block;
  block.id = new_block_id();
  block.name = node(cache.buffer).name;
  block.predicate = bool_imm(true);
  std::vector<Expr> loop_vars, extents, indices, original;
  for (std::size_t i = 0; i < region.size(); ++i) {
    const Range& range = region[i];
    const Expr& size = node(cache.buffer).shape[i];
    const DataType dtype = dtype_of(range.extent);
    loop_vars.push_back(make_var(str_cat("ax", i), dtype));
    extents.push_back(range.extent);
    IterVar iter;
    iter.var = make_var(str_cat("v", i), dtype);
    iter.domain = {zero_of(size), size};
    // An offset cache is filled from its first element on.
    bool is_shifted = !is_zero(cache.offset[i]);
    iter.binding = is_shifted ? loop_vars.back() : add(range.min, loop_vars.back());
    block.iter_vars.push_back(iter);
    indices.push_back(iter.var);
    original.push_back(is_shifted ? add(cache.offset[i], iter.var) : iter.var);
  }
  bool into = direction == CopyDirection::kIntoCache;
  const Buffer& source = into ? cache.original : cache.buffer;
  const Buffer& target = into ? cache.buffer : cache.original;
  const std::vector<Expr>& from = into ? original : indices;
  const std::vector<Expr>& to = into ? indices : original;
  block.reads = {element_region(source, from)};
  block.writes = {element_region(target, to)};
  block.body = store(target, to, load(source, from));
  return serial_loops(loop_vars, extents, block);
}

Stmt insert_stage(const Stmt& parent, std::size_t position, const Stmt& stage) {
  std::vector<Stmt> stmts = statements_of(body_of(parent));
  stmts.insert(stmts.begin() + static_cast<std::ptrdiff_t>(position), stage);
  if (is_loop(parent)) return with_loop_body(parent, seq(stmts));
  return edit_block(parent, [&](Block& b) { b.body = seq(stmts); });
}

Changed<BlockRef> put_stage(const Schedule& schedule, const Site& scope, const StagePlace& place,
                            const Stmt& nest, const Buffer& cache, const BlockRef& made,
                            StmtMap edits) {
  // Statements inside the parent change first; it is put back by its own identity.
  const Stmt& parent = place.parent.stmt();
  Stmt changed = replace_stmts(insert_stage(parent, place.position, nest), edits);
  edits[parent] = changed;
  Stmt body = parent.same_as(scope.stmt()) ? changed : replace_stmts(scope.stmt(), edits);
  body = edit_block(body, [&](Block& b) { b.alloc_buffers.push_back(cache); });
  return {replace(schedule, scope, body), made};
}

Stmt redirect_buffer(const Stmt& block, const Buffer& from, const Buffer& to) {
  return substitute(block, {{node(from).data, node(to).data}}, {{from, to}});
}

namespace {

std::vector<Expr> shifted(const Cache& cache, const std::vector<Expr>& indices) {
  Analyzer analyzer;
  std::vector<Expr> result = indices;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!is_zero(cache.offset[i])) result[i] = analyzer.simplify(result[i] - cache.offset[i]);
  }
  return result;
}

std::vector<BufferRegion> shifted(const Cache& cache, std::vector<BufferRegion> regions) {
  for (BufferRegion& region : regions) {
    if (!region.buffer.same_as(cache.original)) continue;
    region.buffer = cache.buffer;
    std::vector<Expr> starts;
    for (const Range& range : region.region) starts.push_back(range.min);
    starts = shifted(cache, starts);
    for (std::size_t i = 0; i < starts.size(); ++i) region.region[i].min = starts[i];
  }
  return regions;
}

bool reads_or_matches(const Block& block, const Buffer& buffer) {
  return std::any_of(block.reads.begin(), block.reads.end(),
                     [&](const BufferRegion& r) { return r.buffer.same_as(buffer); }) ||
         std::any_of(block.match_buffers.begin(), block.match_buffers.end(),
                     [&](const MatchBuffer& m) { return m.source.buffer.same_as(buffer); });
}

Stmt redirect(const Stmt& block, const Cache& cache, bool with_writes) {
  Rewriter rewriter;
  rewriter.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    if (l && l->buffer.same_as(cache.original)) {
      return load(cache.buffer, shifted(cache, l->indices), l->predicate);
    }
    return with_writes && e.same_as(node(cache.original).data) ? node(cache.buffer).data : e;
  };
  rewriter.stmt = [&](const Stmt& s) -> Stmt {
    const auto* w = s.as<Store>();
    if (w && with_writes && w->buffer.same_as(cache.original)) {
      return store(cache.buffer, shifted(cache, w->indices), w->value, w->predicate);
    }
    const auto* b = s.as<Block>();
    if (!b || (!with_writes && !reads_or_matches(*b, cache.original))) return s;
    return edit_block(s, [&](Block& copy) {
      copy.reads = shifted(cache, copy.reads);
      if (with_writes) copy.writes = shifted(cache, copy.writes);
      for (MatchBuffer& m : copy.match_buffers) m.source = shifted(cache, {m.source}).front();
    });
  };
  return rewrite(block, rewriter);
}

}  // namespace

Stmt redirect_to_cache(const Stmt& block, const Cache& cache) {
  return redirect(block, cache, /*with_writes=*/true);
}
Stmt redirect_reads(const Stmt& block, const Cache& cache) {
  return redirect(block, cache, /*with_writes=*/false);
}

std::vector<Stmt> consumers_in(const Schedule& schedule, const Site& scope,
                               const std::vector<BlockRef>& refs, const std::string& what) {
  std::vector<Stmt> known = child_blocks(scope.stmt()), found;
  for (const BlockRef& ref : refs) {
    Site site = site_of(schedule, ref);
    bool is_child = std::any_of(known.begin(), known.end(),
                                [&](const Stmt& s) { return s.same_as(site.stmt()); });
    if (!is_child) {
      schedule_error(schedule, site,
                     what + ": consumer " + site.block().name + " is not directly in block " +
                         scope.block().name);
    }
    found.push_back(site.stmt());
  }
  return found;
}

void check_not_matched(const Schedule& schedule, const Site& site, const Buffer& buffer,
                       const std::string& scope, const std::string& what) {
  for (const Stmt& block : all_blocks(site.stmt())) {
    for (const MatchBuffer& match : block.get<Block>().match_buffers) {
      if (!match.source.buffer.same_as(buffer) || node(match.buffer).scope == scope) continue;
      schedule_error(schedule, site,
                     what + ": view " + node(match.buffer).name + " of buffer " +
                         node(buffer).name + " is in scope " + node(match.buffer).scope);
    }
  }
}

std::vector<Stmt> writers_in(const Site& scope, const Buffer& buffer) {
  std::vector<Stmt> writers;
  for (const Stmt& block : child_blocks(scope.stmt())) {
    for (const BufferRegion& write : block.get<Block>().writes) {
      if (write.buffer.same_as(buffer)) {
        writers.push_back(block);
        break;
      }
    }
  }
  return writers;
}

}  // namespace tenon
