// compute_inline(B): what B writes is computed where it is read, and B is gone.
//
//   block B: B[i] = A[i] + 1;  block C: C[i] = B[i] * 2   ->   block C: C[i] = (A[i] + 1) * 2
#include <algorithm>
#include <set>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/inline.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Definition {
  Buffer buffer;
  std::vector<Expr> indices;  // distinct variables, or constants for dimensions of extent 1
  Expr value;
};

bool loads_buffer(const Expr& value, const Buffer& buffer) {
  bool found = false;
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    const auto* l = e.as<Load>();
    found |= l && l->buffer.same_as(buffer);
    return !found;
  };
  walk(value, visitor);
  return found;
}

std::optional<std::string> why_not_definition(const Block& block, const Store& write) {
  if (block.writes.size() != 1) return "it does not write exactly one buffer";
  std::set<Expr, IdLess> seen;
  for (const Expr& index : write.indices) {
    if (as_int(index)) continue;
    if (!index.as<Var>()) return "it stores at indices that are not plain iters";
    if (!seen.insert(index).second) return "it stores at the same iter twice";
  }
  for (const Expr& v : vars_of(write.value)) {
    bool is_iter = std::any_of(block.iter_vars.begin(), block.iter_vars.end(),
                               [&](const IterVar& iter) { return iter.var.same_as(v); });
    if (is_iter && !seen.count(v)) return "its value uses an iter that does not index the store";
  }
  if (loads_buffer(write.value, write.buffer)) return "it reads what it writes";
  return std::nullopt;
}

Definition definition_of(const Schedule& schedule, const Site& site, const std::string& what) {
  auto write = single_store(site.block());
  if (!write || site.block().init) {
    schedule_error(schedule, site,
                   what + ": the body of block " + site.block().name + " is not one store");
  }
  if (auto why = why_not_definition(site.block(), *write)) {
    schedule_error(schedule, site,
                   what + ": block " + site.block().name + " cannot be inlined: " + *why);
  }
  return {write->buffer, write->indices, write->value};
}

Expr inlined(const Expr& e, const Definition& definition) {
  const auto* l = e.as<Load>();
  if (!l || !l->buffer.same_as(definition.buffer)) return e;
  VarMap map;
  for (std::size_t i = 0; i < definition.indices.size(); ++i) {
    const Expr& index = definition.indices[i];
    if (index.as<Var>()) map[index] = cast(dtype_of(index), l->indices[i]);
  }
  return substitute(definition.value, map);
}

Stmt inline_into(const Stmt& block, const Definition& definition) {
  Rewriter rewriter;
  rewriter.expr = [&](const Expr& e) { return inlined(e, definition); };
  rewriter.stmt = [&](const Stmt& s) -> Stmt {
    const auto* b = s.as<Block>();
    if (!b) return s;
    bool reads = std::any_of(b->reads.begin(), b->reads.end(), [&](const BufferRegion& r) {
      return r.buffer.same_as(definition.buffer);
    });
    return reads ? with_found_regions(s) : s;
  };
  return rewrite(block, rewriter);
}

}  // namespace

Schedule compute_inline(const Schedule& schedule, const BlockRef& ref) {
  Site site = site_of(schedule, ref);
  const std::string what = "compute_inline(" + site.block().name + ")";
  Site scope = cut(site, scope_index(schedule, site, what));
  check_stage_pipeline(schedule, scope, what);
  check_complete(schedule, site, what);
  if (is_output_block(scope, site.stmt())) {
    schedule_error(schedule, site, what + ": block " + site.block().name + " writes an output");
  }
  Definition definition = definition_of(schedule, site, what);
  StmtMap edits{{site.stmt(), {}}};
  for (const Stmt& block : child_blocks(scope.stmt())) {
    if (block.same_as(site.stmt())) continue;
    Stmt changed = inline_into(block, definition);
    if (!changed.same_as(block)) edits[block] = changed;
  }
  if (edits.size() == 1 && child_blocks(scope.stmt()).size() == 1) {
    schedule_error(schedule, site, what + ": it is the only block of its scope");
  }
  Stmt body = without_allocation(replace_stmts(scope.stmt(), edits), definition.buffer);
  return replace(schedule, scope, body);
}

}  // namespace tenon
