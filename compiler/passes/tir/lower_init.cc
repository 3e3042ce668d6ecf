#include "compiler/passes/tir/passes.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

Stmt lower(const Stmt& s) {
  const auto* n = s.as<Block>();
  if (!n || !n->init) return s;
  Expr first;
  for (const IterVar& iter : n->iter_vars) {
    if (iter.kind != IterKind::kReduce) continue;
    const Expr here = equal(iter.var, iter.domain.min);
    first = first ? logical_and(first, here) : here;
  }
  Block block = *n;
  const Stmt init = first ? Stmt(If{first, n->init, {}}) : n->init;
  block.init = {};
  block.body = seq({init, n->body});
  return block;
}

}  // namespace

PrimFunc lower_init(const PrimFunc& func) {
  return with_body(func, rewrite(func.body, {.stmt = lower}));
}

}  // namespace tenon
