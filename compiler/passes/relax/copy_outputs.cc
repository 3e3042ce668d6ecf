// copy_outputs: every result of a function gets bytes of its own, written by a kernel.
//   def main(x): return x, y, reshape(y), c
//   ->  return identity(x), y, identity(reshape(y)), identity(c)
// Runs after the last simplification, which would take the copies for nothing.
#include "compiler/passes/relax/group.h"
#include "compiler/passes/relax/passes.h"

namespace tenon::relax {
namespace {

// The tensor whose bytes these are, reshapes looked through.
Expr owner_of(Expr e, const Definitions& defs) {
  while (true) {
    const auto it = defs.find(e);
    const auto* call = it == defs.end() ? nullptr : it->second->value.as<Call>();
    if (!call || !call->op || it->second->cast_type || !is_reshape(call->op->name)) return e;
    e = call->args[0];
  }
}

Expr with_own_results(const Function& func) {
  const Definitions defs = definitions(func);
  const Expr body = func.body.get<SeqExpr>().body;
  const auto* tuple = body.as<Tuple>();
  std::vector<Expr> results = tuple ? tuple->values : std::vector<Expr>{body};
  Builder builder;
  for (const Binding& binding : straight_bindings(func)) builder.append(binding);
  std::set<Expr, IdLess> taken;
  bool has_copies = false;
  for (Expr& result : results) {
    if (!type_of(result).as<TensorType>()) continue;
    const Expr owner = owner_of(result, defs);
    if (defs.count(owner) && taken.insert(owner).second) continue;
    result = builder.emit("identity", {result}, {}, "copy");
    has_copies = true;
  }
  if (!has_copies) return func;
  return with_bindings(func, builder.bindings(), tuple ? Expr(Tuple{results}) : results[0]);
}

}  // namespace

Module copy_outputs(const Module& module) { return map_functions(module, with_own_results); }

}  // namespace tenon::relax
