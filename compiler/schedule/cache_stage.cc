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
        return {cut(site, owner_of(site, i)), k + 1};
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

Stmt make_copy_stage(const CopyStage& stage) {
  Block block;
  block.id = new_block_id();
  block.name = stage.name;
  block.predicate = bool_imm(true);
  std::vector<Expr> loop_vars, extents, indices;
  for (std::size_t i = 0; i < stage.region.size(); ++i) {
    const Range& range = stage.region[i];
    const Expr& size = node(stage.source).shape[i];
    DataType dtype = dtype_of(range.extent);
    loop_vars.push_back(make_var(str_cat("ax", i), dtype));
    extents.push_back(range.extent);
    IterVar iter;
    iter.var = make_var(str_cat("v", i), dtype);
    iter.domain = {zero_of(size), size};
    iter.binding = add(range.min, loop_vars.back());
    block.iter_vars.push_back(iter);
    indices.push_back(iter.var);
  }
  block.reads = {element_region(stage.source, indices)};
  block.writes = {element_region(stage.target, indices)};
  block.body = store(stage.target, indices, load(stage.source, indices));
  return serial_loops(loop_vars, extents, block);
}

Stmt insert_stage(const Stmt& parent, std::size_t position, const Stmt& stage) {
  std::vector<Stmt> stmts = statements_of(body_of(parent));
  stmts.insert(stmts.begin() + static_cast<std::ptrdiff_t>(position), stage);
  if (is_loop(parent)) return with_loop_body(parent, seq(stmts));
  return edit_block(parent, [&](Block& b) { b.body = seq(stmts); });
}

Stmt redirect_buffer(const Stmt& block, const Buffer& from, const Buffer& to) {
  return substitute(block, {{node(from).data, node(to).data}}, {{from, to}});
}

Stmt redirect_reads(const Stmt& block, const Buffer& from, const Buffer& to) {
  Rewriter rewriter;
  rewriter.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    if (!l || !l->buffer.same_as(from)) return e;
    return load(to, l->indices, l->predicate);
  };
  rewriter.stmt = [&](const Stmt& s) -> Stmt {
    const auto* b = s.as<Block>();
    if (!b) return s;
    bool used = std::any_of(b->reads.begin(), b->reads.end(),
                            [&](const BufferRegion& r) { return r.buffer.same_as(from); });
    bool matched = std::any_of(b->match_buffers.begin(), b->match_buffers.end(),
                               [&](const MatchBuffer& m) { return m.source.buffer.same_as(from); });
    if (!used && !matched) return s;
    return edit_block(s, [&](Block& copy) {
      copy.reads = replace_buffer(copy.reads, from, to);
      for (MatchBuffer& m : copy.match_buffers) {
        if (m.source.buffer.same_as(from)) m.source.buffer = to;
      }
    });
  };
  return rewrite(block, rewriter);
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
