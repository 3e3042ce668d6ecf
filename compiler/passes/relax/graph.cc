#include "compiler/passes/relax/graph.h"

#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

const SeqExpr& body_of(const Function& func) {
  const auto* body = func.body.as<SeqExpr>();
  CHECK(body) << "a function's body is a SeqExpr";
  return *body;
}

}  // namespace

void each_var(const Expr& e, const std::function<void(const Expr&)>& use) {
  if (!e) return;
  if (e.as<Var>()) {
    use(e);
  } else {
    visit_children(e, [&](const Expr& child) { each_var(child, use); });
  }
}

std::map<Expr, int, IdLess> count_uses(const Function& func) {
  std::map<Expr, int, IdLess> uses;
  const auto count = [&](const Expr& e) { ++uses[e]; };
  for (const Binding& binding : straight_bindings(func)) each_var(binding.value, count);
  each_var(body_of(func).body, count);
  return uses;
}

std::map<Expr, const Binding*, IdLess> definitions(const Function& func) {
  std::map<Expr, const Binding*, IdLess> defs;
  for (const Binding& binding : straight_bindings(func)) defs[binding.var] = &binding;
  return defs;
}

const Call* defined_by(const std::map<Expr, const Binding*, IdLess>& defs, const Expr& e,
                       std::string_view op) {
  const auto it = defs.find(e);
  if (it == defs.end()) return nullptr;
  const auto* call = it->second->value.as<Call>();
  return call && call->op && call->op->name == op ? call : nullptr;
}

Expr replace_leaves(const Expr& value, const ExprMap& map) {
  if (!value) return value;
  const auto it = map.find(value);
  if (it != map.end()) return it->second;
  if (value.as<Var>() || value.as<Constant>()) return value;
  struct Replace {
    const ExprMap& map;
    Expr operator()(const Expr& e) { return replace_leaves(e, map); }
  };
  return map_children(value, Replace{map});
}

Expr rebuild(const Function& func, const Step& step) {
  ExprMap map;
  Builder builder;
  for (const Binding& binding : straight_bindings(func)) {
    const Expr value = replace_leaves(binding.value, map);
    const Expr leaf = step(binding, value, builder);
    if (leaf) map[binding.var] = leaf;
  }
  const Expr result = replace_leaves(body_of(func).body, map);
  const Expr rebuilt = builder.finish(func.params, result, func.attrs);
  Function copy = rebuilt.get<Function>();
  copy.is_pure = func.is_pure;
  copy.is_private = func.is_private;
  return copy;
}

Module map_functions(const Module& module, const std::function<Expr(const Function&)>& pass) {
  Module result = module;
  for (auto& [name, func] : result.functions) {
    if (auto* expr = std::get_if<Expr>(&func)) {
      if (const auto* function = expr->as<Function>()) *expr = pass(*function);
    }
  }
  return result;
}

}  // namespace tenon::relax
