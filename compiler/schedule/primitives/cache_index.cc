// cache_index(block, "global", 1): index arithmetic and conditions of the block's accesses are
// computed once into buffers of their own, each where it is used at least that many times.
//
//   block B: B[i] = A[i // 8, i % 8]
//   -> block index_0: index_var_0[i] = i // 8;  block index_1: index_var_1[i] = i % 8;
//      block B: B[i] = A[index_var_0[i], index_var_1[i]]
#include <algorithm>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Candidate {
  Expr value;
  int size = 0, count = 0;
};

int size_of(const Expr& e) {
  int size = 0;
  Visitor visitor;
  visitor.expr = [&](const Expr&) { return ++size > 0; };
  walk(e, visitor);
  return size;
}

// Arithmetic on the block's iters alone: neither a plain value nor anything that is loaded.
bool is_index_value(const Expr& e, const Block& block) {
  if (e.as<Var>() || e.as<IntImm>() || !(dtype_of(e).is_integer() || dtype_of(e).is_bool()) ||
      dtype_of(e).is_vector()) {
    return false;
  }
  bool uses_iter = false, is_plain = true;
  Visitor visitor;
  visitor.expr = [&](const Expr& x) {
    if (x.as<Load>() || x.as<Let>() || x.as<FloatImm>() || x.as<Ramp>()) is_plain = false;
    if (const auto* c = x.as<Call>()) is_plain &= c->op == Intrinsic::kIfThenElse;
    if (x.as<Var>()) {
      bool is_iter = std::any_of(block.iter_vars.begin(), block.iter_vars.end(),
                                 [&](const IterVar& iter) { return iter.var.same_as(x); });
      uses_iter |= is_iter;
      is_plain &= is_iter;
    }
    return is_plain;
  };
  walk(e, visitor);
  return is_plain && uses_iter;
}

// The largest such values in the stores of the block, largest first, each once.
std::vector<Candidate> candidates_in(const Block& block) {
  std::vector<Candidate> found;
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    if (!is_index_value(e, block)) return true;
    auto at = std::find_if(found.begin(), found.end(),
                           [&](const Candidate& c) { return structural_equal(c.value, e); });
    if (at == found.end()) at = found.insert(found.end(), Candidate{e, size_of(e), 0});
    ++at->count;
    return false;
  };
  visitor.stmt = [&](const Stmt& s) {
    const auto* w = s.as<Store>();
    if (!w) return !is_block(s);
    for (const Expr& index : w->indices) walk(index, visitor);
    walk(w->value, visitor);
    return false;
  };
  walk(block.body, visitor);
  std::stable_sort(found.begin(), found.end(),
                   [](const Candidate& a, const Candidate& b) { return a.size > b.size; });
  return found;
}

struct IndexCache {
  Candidate source;
  Buffer buffer;
  std::vector<Expr> iters;  // of the block, in order of first use
  Stmt nest;
  BlockRef made;
};

IndexCache make_cache(const Block& block, const Candidate& source, std::size_t number,
                      const std::string& scope) {
  IndexCache cache{source, {}, {}, {}, {}};
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    bool is_new = e.as<Var>() && std::none_of(cache.iters.begin(), cache.iters.end(),
                                              [&](const Expr& v) { return v.same_as(e); });
    if (is_new) cache.iters.push_back(e);
    return true;
  };
  walk(source.value, visitor);
  Block stage;
  stage.id = new_block_id();
  stage.name = str_cat("index_", number);
  stage.predicate = bool_imm(true);
  std::vector<Expr> loop_vars, extents, shape, indices;
  VarMap fresh;
  for (const Expr& v : cache.iters) {
    IterVar iter = *std::find_if(block.iter_vars.begin(), block.iter_vars.end(),
                                 [&](const IterVar& i) { return i.var.same_as(v); });
    loop_vars.push_back(make_var(str_cat("ax", loop_vars.size()), dtype_of(v)));
    extents.push_back(iter.domain.extent);
    shape.push_back(iter.domain.extent);
    iter.kind = IterKind::kSpatial;
    iter.var = make_var(str_cat("v", indices.size()), dtype_of(v));
    iter.binding = add(iter.domain.min, loop_vars.back());
    fresh[v] = iter.var;
    indices.push_back(iter.var);
    stage.iter_vars.push_back(iter);
  }
  BufferNode buffer =
      node(make_buffer({str_cat("index_var_", number), dtype_of(source.value), shape, scope}));
  buffer.strides = {i32(1)};
  cache.buffer = buffer;
  stage.writes = {element_region(cache.buffer, indices)};
  stage.body = store(cache.buffer, indices, substitute(source.value, fresh));
  cache.made = {stage.id};
  cache.nest = serial_loops(loop_vars, extents, stage);
  return cache;
}

Expr replaced(const Expr& e, const std::vector<IndexCache>& caches) {
  for (const IndexCache& cache : caches) {
    if (structural_equal(e, cache.source.value)) return load(cache.buffer, cache.iters);
  }
  Rewriter children;
  children.expr = [&](const Expr& child) { return child ? replaced(child, caches) : child; };
  return map_expr_children(e, children);
}

}  // namespace

Changed<std::vector<BlockRef>> cache_index(const Schedule& schedule, const CacheIndexArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what =
      str_cat("cache_index(", site.block().name, ", ", quote(args.scope), ", ", args.min_uses, ")");
  check_scope(schedule, site, args.scope, what);
  std::size_t scope_at = scope_index(schedule, site, what);
  Site scope = cut(site, scope_at);
  std::vector<IndexCache> caches;
  for (const Candidate& candidate : candidates_in(site.block())) {
    if (candidate.count < args.min_uses) continue;
    caches.push_back(make_cache(site.block(), candidate, caches.size(), args.scope));
  }
  if (caches.empty()) {
    schedule_error(schedule, site,
                   str_cat(what, ": block ", site.block().name, " computes no index ",
                           args.min_uses, " times"));
  }
  Rewriter in_stores;
  in_stores.expr = [&](const Expr& e) { return e ? replaced(e, caches) : e; };
  Rewriter deep;
  deep.stmt = [&](const Stmt& s) -> Stmt {
    return s.as<Store>() ? map_stmt_children(s, in_stores) : s;
  };
  Stmt block = edit_block(site.stmt(), [&](Block& b) {
    b.body = rewrite(b.body, deep);
    if (b.init) b.init = rewrite(b.init, deep);
  });
  // In front of the statement of the scope that holds the block.
  std::size_t top_at = scope_at + 1;
  while (site.path[top_at].as<Seq>()) ++top_at;
  const Stmt& top = site.path[top_at];
  std::vector<Stmt> stmts;
  std::vector<BlockRef> made;
  for (const IndexCache& cache : caches) {
    stmts.push_back(cache.nest);
    made.push_back(cache.made);
  }
  stmts.push_back(replace_stmts(top, {{site.stmt(), block}}));
  Stmt body = edit_block(replace_stmts(scope.stmt(), {{top, seq(stmts)}}), [&](Block& b) {
    for (const IndexCache& cache : caches) b.alloc_buffers.push_back(cache.buffer);
  });
  return {replace(schedule, scope, body), made};
}

}  // namespace tenon
