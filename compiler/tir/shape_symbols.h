// Symbolic dimensions in an order that the text gives: what is numbered or printed must not depend
// on where nodes lie in memory, as the order of vars_of does.
#pragma once
#include <vector>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// The variables of an expression in order of first appearance, each once.
std::vector<Expr> vars_in_order(const Expr& e);
// The variables of the shapes of a function's tensor parameters, in order of first appearance.
std::vector<Expr> shape_symbols(const PrimFunc& func);

}  // namespace tenon::tir
