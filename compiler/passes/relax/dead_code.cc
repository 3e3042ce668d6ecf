// remove_dead_code: bindings that nothing uses are dropped, and so are private functions that no
// public one leads to. Run-time checks (match_cast) stay.
#include <algorithm>

#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/tir/visit.h"

namespace tenon::relax {
namespace {

Expr prune(const Function& func) {
  const std::vector<Binding>& bindings = straight_bindings(func);
  std::set<Expr, IdLess> live;
  const auto mark = [&](const Expr& e) { live.insert(e); };
  const Expr result = func.body.get<SeqExpr>().body;
  each_var(result, mark);
  std::vector<Binding> kept;
  for (auto it = bindings.rbegin(); it != bindings.rend(); ++it) {
    if (!live.count(it->var) && !it->cast_type) continue;
    each_var(it->value, mark);
    kept.push_back(*it);
  }
  if (kept.size() == bindings.size()) return func;
  std::reverse(kept.begin(), kept.end());
  return with_bindings(func, std::move(kept), result);
}

using AnyFunction = std::variant<Expr, tir::PrimFunc>;

bool is_private(const AnyFunction& func) {
  if (const auto* prim = std::get_if<tir::PrimFunc>(&func)) return prim->is_private;
  const auto* function = std::get<Expr>(func).as<Function>();
  return function && function->is_private;
}

void collect_names(const Expr& e, std::set<std::string>& names) {
  if (!e) return;
  if (const auto* global = e.as<GlobalVar>()) names.insert(global->name);
  visit_children(e, [&](const Expr& child) { collect_names(child, names); });
}

// Names of functions that a function may call.
std::set<std::string> called_names(const AnyFunction& func) {
  std::set<std::string> names;
  if (const auto* expr = std::get_if<Expr>(&func)) {
    collect_names(*expr, names);
    return names;
  }
  tir::walk(std::get<tir::PrimFunc>(func).body, {.expr = [&](const tir::Expr& e) {
              if (const auto* text = e.as<tir::StringImm>()) names.insert(text->value);
              return true;
            }});
  return names;
}

Module without_unreachable(const Module& module) {
  std::set<std::string> reached;
  std::vector<std::string> open;
  const auto reach = [&](const std::string& name) {
    if (reached.insert(name).second) open.push_back(name);
  };
  for (const auto& [name, func] : module.functions) {
    if (!is_private(func)) reach(name);
  }
  while (!open.empty()) {
    const std::string at = open.back();
    open.pop_back();
    for (const auto& [name, func] : module.functions) {
      if (name != at) continue;
      for (const std::string& callee : called_names(func)) reach(callee);
    }
  }
  Module result = module;
  std::erase_if(result.functions, [&](const auto& entry) { return !reached.count(entry.first); });
  return result;
}

}  // namespace

Module remove_dead_code(const Module& module) {
  return without_unreachable(map_functions(module, prune));
}

}  // namespace tenon::relax
