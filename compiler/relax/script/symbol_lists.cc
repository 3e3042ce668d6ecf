#include "compiler/relax/script/symbol_lists.h"

#include <algorithm>

namespace tenon::relax {
namespace {

struct Collector {
  std::vector<tir::Expr> found;

  void operator()(const tir::Expr& e) {
    if (!e) return;
    if (!e.as<tir::Var>()) return visit_children(e, *this);
    const bool is_known = std::any_of(found.begin(), found.end(),
                                      [&](const tir::Expr& other) { return other.same_as(e); });
    if (!is_known) found.push_back(e);
  }
  // Attributes hold no symbols of the function: what looks like one is a lambda's parameter.
  void operator()(const tir::AttrMap&) {}
  void operator()(const Type& type) {
    if (type) visit_children(type, *this);
  }
  void operator()(const Expr& e) {
    if (!e) return;
    if (const auto* v = e.as<Var>()) return (*this)(v->type);
    if (e.as<Function>() || e.as<Constant>()) return;
    visit_children(e, *this);
  }
};

void collect_scalars(const Expr& variable, std::vector<tir::Expr>& found) {
  const Type& type = var(variable).type;
  const auto* prim = type ? type.as<PrimType>() : nullptr;
  if (prim && prim->value && prim->value.as<tir::Var>()) found.push_back(prim->value);
}

void collect_scalars_of_body(const Expr& e, std::vector<tir::Expr>& found) {
  const auto* seq = e ? e.as<SeqExpr>() : nullptr;
  if (!seq) return;
  for (const BindingBlock& block : seq->blocks) {
    for (const Binding& binding : block.bindings) {
      collect_scalars(binding.var, found);
      if (const auto* branch = binding.value.as<If>()) {
        collect_scalars_of_body(branch->then_branch, found);
        collect_scalars_of_body(branch->else_branch, found);
      }
    }
  }
}

}  // namespace

std::vector<tir::Expr> signature_symbols(const Function& f) {
  Collector collector;
  for (const Expr& param : f.params) collector(var(param).type);
  collector(f.result);
  return collector.found;
}

std::vector<tir::Expr> body_symbols(const Function& f) {
  Collector collector;
  collector(f.body);
  return collector.found;
}

std::vector<tir::Expr> scalar_symbols(const Function& f) {
  std::vector<tir::Expr> found;
  for (const Expr& param : f.params) collect_scalars(param, found);
  collect_scalars_of_body(f.body, found);
  return found;
}

std::vector<tir::Expr> symbols_of(const Type& type) {
  Collector collector;
  collector(type);
  return collector.found;
}

}  // namespace tenon::relax
