// S-expressions of the arithmetic cases: reading them as TensorIR, writing and evaluating TensorIR.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/tir/expr.h"

namespace tenon {

using NamedVars = std::map<std::string, tir::Expr>;
// A value for every variable.
using Point = std::map<tir::Expr, std::int64_t, IdLess>;

// Numbers have type `dtype`. Throws UserError on what is no expression of the grammar.
tir::Expr read_sexpr(std::string_view text, const NamedVars& vars, DataType dtype);
std::string write_sexpr(const tir::Expr& e);
// Words and opening parentheses of write_sexpr(e).
int count_nodes(const tir::Expr& e);
// Nothing when a division by zero is met or an intermediate value leaves the type.
std::optional<std::int64_t> evaluate(const tir::Expr& e, const Point& point);

}  // namespace tenon
