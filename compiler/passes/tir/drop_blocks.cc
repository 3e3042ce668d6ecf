#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

Stmt drop(const Stmt& s) {
  const auto* n = s.as<Block>();
  if (!n) return s;
  CHECK(!n->init && n->iter_vars.empty() && n->match_buffers.empty() && n->alloc_buffers.empty())
      << "block " << n->name << " is not ready to be dropped";
  if (is_int(n->predicate, 1)) return n->body;
  return If{n->predicate, n->body, {}};
}

// What T.assume says has no effect at run time.
Stmt drop_assumption(const Stmt& s) {
  const auto* n = s.as<Evaluate>();
  const auto* called = n ? n->value.as<Call>() : nullptr;
  return called && called->op == Intrinsic::kAssume ? Stmt(Evaluate{i32(0)}) : s;
}

bool is_nothing(const Stmt& s) {
  const auto* n = s.as<Evaluate>();
  return n && as_int(n->value);
}

// Loops and branches around nothing are nothing.
Stmt drop_empty(const Stmt& s) {
  if (const auto* n = s.as<For>()) return is_nothing(n->body) ? n->body : s;
  if (const auto* n = s.as<If>()) {
    return is_nothing(n->then_body) && !n->else_body ? n->then_body : s;
  }
  const auto* n = s.as<Seq>();
  if (!n) return s;
  std::vector<Stmt> kept;
  for (const Stmt& child : n->body) {
    if (!is_nothing(child)) kept.push_back(child);
  }
  return kept.size() == n->body.size() ? s : seq(std::move(kept));
}

}  // namespace

PrimFunc drop_blocks(const PrimFunc& func) {
  return with_body(func, rewrite(func.body, {.stmt = [](const Stmt& s) {
                                   return drop_empty(drop_assumption(drop(s)));
                                 }}));
}

}  // namespace tenon
