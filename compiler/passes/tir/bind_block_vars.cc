#include "compiler/passes/tir/passes.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// Top-down: an inner block's bindings may use the outer block's iterators.
Stmt bind_vars(const Stmt& s, VarMap& values) {
  const auto* n = s.as<Block>();
  if (!n) {
    return map_stmt_children(s,
                             {.expr = [&](const Expr& e) { return substitute(e, values); },
                              .stmt = [&](const Stmt& child) { return bind_vars(child, values); }});
  }
  for (const IterVar& iter : n->iter_vars) values[iter.var] = substitute(iter.binding, values);
  Block block = *n;
  block.iter_vars.clear();
  const Stmt mapped = map_stmt_children(
      block, {.expr = [&](const Expr& e) { return substitute(e, values); },
              .stmt = [&](const Stmt& child) { return bind_vars(child, values); }});
  return mapped;
}

}  // namespace

PrimFunc bind_block_vars(const PrimFunc& func) {
  VarMap values;
  return with_body(func, bind_vars(func.body, values));
}

}  // namespace tenon
