// What every graph pass is written with: the straight-line body of a function, who uses what, and a
// rebuild that walks the bindings in order and re-emits them.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/relax/builder.h"

namespace tenon::relax {

// Relax leaves by identity.
using ExprMap = std::map<Expr, Expr, IdLess>;

// Calls `use` for every variable inside an expression, each time it occurs.
void each_var(const Expr& e, const std::function<void(const Expr&)>& use);
// Number of uses of every variable in the bindings' values and in the result.
std::map<Expr, int, IdLess> count_uses(const Function& func);
// The binding that defines each variable.
std::map<Expr, const Binding*, IdLess> definitions(const Function& func);
// The call that defines `e` when it is a bound variable with that operator's name; else null.
const Call* defined_by(const std::map<Expr, const Binding*, IdLess>& defs, const Expr& e,
                       std::string_view op);

Expr replace_leaves(const Expr& value, const ExprMap& map);

// Calls `step` for every binding in order, with its value's leaves already replaced. It emits what
// it wants into the builder and gives the leaf that stands for the binding's variable from then on.
using Step = std::function<Expr(const Binding& binding, const Expr& value, Builder& builder)>;
Expr rebuild(const Function& func, const Step& step);

// Applies a pass on functions to every Relax function of the module.
Module map_functions(const Module& module, const std::function<Expr(const Function&)>& pass);

}  // namespace tenon::relax
