// The values of symbolic dimensions at run time: bound from the shapes of tensors, with the place
// each came from, so that a contradiction names both places and both sizes.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

class SymbolValues {
 public:
  // Gives the symbol a value; UserError naming `place` and the earlier one when it has another.
  void define(const tir::Expr& symbol, std::int64_t value, const std::string& place);
  // A dimension that is an unknown symbol, or one times a positive constant, defines the symbol.
  // UserError when the extent is no multiple of that constant.
  void solve(const Dim& dim, std::int64_t extent, const std::string& place);
  // UserError unless the dimension has that extent under the values bound so far.
  void check(const Dim& dim, std::int64_t extent, const std::string& place) const;

  bool knows(const tir::Expr& symbol) const { return bound_.count(symbol) > 0; }
  // An integer expression of bound symbols; UserError naming a symbol without value, or an
  // expression that cannot be evaluated.
  std::int64_t evaluate(const tir::Expr& e) const;
  std::vector<std::int64_t> evaluate(const Shape& shape) const;
  // The expression with every bound symbol replaced.
  tir::Expr substitute(const tir::Expr& e) const;
  // "n = 3 by dimension 0 of input x" for the symbols of an expression; empty without symbols.
  std::string explain(const tir::Expr& e) const;

 private:
  struct Bound {
    std::int64_t value;
    std::string place;
  };
  std::map<tir::Expr, Bound, IdLess> bound_;
};

}  // namespace tenon::relax
