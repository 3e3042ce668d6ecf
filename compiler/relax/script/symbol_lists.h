// The symbolic variables of a function, by where they stand. Each list is in order of first
// appearance, each symbol once.
#pragma once
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

// Of the parameters' types and the result's.
std::vector<tir::Expr> signature_symbols(const Function& f);
// Of the types, shapes and scalars inside the body; local functions' signatures are left out, their
// bodies too.
std::vector<tir::Expr> body_symbols(const Function& f);
// The symbols that scalar variables (parameters and bindings of PrimType) stand for.
std::vector<tir::Expr> scalar_symbols(const Function& f);
// Of one type.
std::vector<tir::Expr> symbols_of(const Type& type);

}  // namespace tenon::relax
