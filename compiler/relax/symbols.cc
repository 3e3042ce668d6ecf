#include "compiler/relax/symbols.h"

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/semantics.h"
#include "compiler/tir/visit.h"

namespace tenon::relax {
namespace {

std::string name_of(const tir::Expr& symbol) { return tir::var(symbol).name; }

}  // namespace

void SymbolValues::define(const tir::Expr& symbol, std::int64_t value, const std::string& place) {
  const auto [it, fresh] = bound_.emplace(symbol, Bound{value, place});
  if (fresh || it->second.value == value) return;
  throw UserError(str_cat("symbol ", name_of(symbol), " is ", it->second.value, " by ",
                          it->second.place, ", but ", value, " by ", place));
}

void SymbolValues::solve(const Dim& dim, std::int64_t extent, const std::string& place) {
  if (dim.as<tir::Var>()) {
    define(dim, extent, place);
    return;
  }
  const auto* product = dim.as<tir::Binary>();
  if (!product || product->op != tir::BinaryOp::kMul) return;
  const bool constant_first = tir::as_int(product->a).has_value();
  const auto factor = tir::as_int(constant_first ? product->a : product->b);
  const tir::Expr& symbol = constant_first ? product->b : product->a;
  if (!factor || *factor <= 0 || !symbol.as<tir::Var>() || knows(symbol)) return;
  if (extent % *factor != 0) {
    throw UserError(str_cat(place, " is ", extent, ", but ", tir::print(dim),
                            " needs a multiple of ", *factor));
  }
  define(symbol, extent / *factor, place);
}

void SymbolValues::check(const Dim& dim, std::int64_t extent, const std::string& place) const {
  const std::int64_t wanted = evaluate(dim);
  if (wanted == extent) return;
  const std::string why = explain(dim);
  if (why.empty()) throw UserError(str_cat(place, " is ", extent, "; ", wanted, " is needed"));
  throw UserError(str_cat(place, " is ", extent, "; ", tir::print(dim), " = ", wanted,
                          " is needed (", why, ")"));
}

std::int64_t SymbolValues::evaluate(const tir::Expr& e) const {
  if (const auto value = tir::as_int(e)) return *value;
  if (e.as<tir::Var>()) {
    const auto it = bound_.find(e);
    if (it != bound_.end()) return it->second.value;
    throw UserError("symbol " + name_of(e) + " has no value: no input and no match_cast binds it");
  }
  const auto scalar = [&](const tir::Expr& x) {
    tir::Scalar value;
    value.i = evaluate(x);
    return value;
  };
  if (const auto* n = e.as<tir::Binary>()) {
    return tir::apply_binary(n->op, tir::dtype_of(n->a), scalar(n->a), scalar(n->b)).i;
  }
  if (const auto* n = e.as<tir::Cast>()) {
    return tir::apply_cast(tir::dtype_of(n->value), n->dtype, scalar(n->value)).i;
  }
  if (const auto* n = e.as<tir::Not>()) return evaluate(n->a) == 0 ? 1 : 0;
  if (const auto* n = e.as<tir::Select>()) {
    return evaluate(evaluate(n->condition) != 0 ? n->true_value : n->false_value);
  }
  if (const auto* n = e.as<tir::Call>(); n && n->op == tir::Intrinsic::kIfThenElse) {
    return evaluate(evaluate(n->args[0]) != 0 ? n->args[1] : n->args[2]);
  }
  throw UserError("a dimension is " + tir::print(e) +
                  ", which is no integer expression of symbols");
}

std::vector<std::int64_t> SymbolValues::evaluate(const Shape& shape) const {
  std::vector<std::int64_t> dims;
  for (const Dim& dim : shape) {
    dims.push_back(evaluate(dim));
    if (dims.back() < 0) {
      throw UserError(str_cat("a dimension ", tir::print(dim), " is ", dims.back(), " (",
                              explain(dim), "); 0 or more is needed"));
    }
  }
  return dims;
}

tir::Expr SymbolValues::substitute(const tir::Expr& e) const {
  tir::VarMap map;
  for (const auto& [symbol, bound] : bound_) {
    map[symbol] = tir::int_imm(tir::dtype_of(symbol), bound.value);
  }
  return tir::substitute(e, map);
}

std::string SymbolValues::explain(const tir::Expr& e) const {
  std::string text;
  std::vector<tir::Expr> seen;
  tir::walk(e, {.expr =
                    [&](const tir::Expr& x) {
                      const auto it = x.as<tir::Var>() ? bound_.find(x) : bound_.end();
                      if (it == bound_.end()) return true;
                      for (const tir::Expr& known : seen) {
                        if (known.same_as(x)) return true;
                      }
                      seen.push_back(x);
                      text += str_cat(text.empty() ? "" : ", ", name_of(x), " = ", it->second.value,
                                      " by ", it->second.place);
                      return true;
                    },
                .stmt = {},
                .buffer = {}});
  return text;
}

}  // namespace tenon::relax
