// remove_dead_code: bindings that nothing uses are dropped, and so are TensorIR functions that no
// call names. Run-time checks (match_cast) stay.
#include <algorithm>

#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"

namespace tenon::relax {
namespace {

Expr prune(const Function& func) {
  const std::vector<Binding>& bindings = straight_bindings(func);
  std::set<Expr, IdLess> live;
  const auto mark = [&](const auto& self, const Expr& e) -> void {
    if (!e) return;
    if (e.as<Var>()) live.insert(e);
    if (const auto* tuple = e.as<Tuple>()) {
      for (const Expr& value : tuple->values) self(self, value);
    }
    if (const auto* call = e.as<Call>()) {
      for (const Expr& arg : call->args) self(self, arg);
    }
    if (const auto* item = e.as<TupleGetItem>()) self(self, item->tuple);
  };
  const Expr result = func.body.get<SeqExpr>().body;
  mark(mark, result);
  std::vector<Binding> kept;
  for (auto it = bindings.rbegin(); it != bindings.rend(); ++it) {
    if (!live.count(it->var) && !it->cast_type) continue;
    mark(mark, it->value);
    kept.push_back(*it);
  }
  if (kept.size() == bindings.size()) return func;
  std::reverse(kept.begin(), kept.end());
  return with_bindings(func, std::move(kept), result);
}

}  // namespace

Module remove_dead_code(const Module& module) { return map_functions(module, prune); }

}  // namespace tenon::relax
