#include "compiler/tir/shape_symbols.h"

#include <algorithm>

#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

void add_vars(const Expr& e, std::vector<Expr>& vars) {
  walk(e, {.expr = [&](const Expr& x) {
         const bool is_new =
             x.as<Var>() &&
             std::none_of(vars.begin(), vars.end(), [&](const Expr& v) { return v.same_as(x); });
         if (is_new) vars.push_back(x);
         return true;
       }});
}

}  // namespace

std::vector<Expr> vars_in_order(const Expr& e) {
  std::vector<Expr> vars;
  add_vars(e, vars);
  return vars;
}

std::vector<Expr> shape_symbols(const PrimFunc& func) {
  std::vector<Expr> symbols;
  for (const Param& param : func.params) {
    if (!param.buffer) continue;
    for (const Expr& dim : node(param.buffer).shape) add_vars(dim, symbols);
  }
  return symbols;
}

}  // namespace tenon::tir
