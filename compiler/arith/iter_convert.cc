// Iterator maps back to expressions, and what is simplified by going there and back.
#include "compiler/arith/iter_map.h"
#include "compiler/arith/iter_rewrite.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::Expr;

namespace {

int size_of(const Expr& e) {
  int size = 0;
  tir::walk(e, {.expr = [&](const Expr&) { return ++size > 0; }, .stmt = {}, .buffer = {}});
  return size;
}

}  // namespace

Expr normalize_iter_map_to_expr(const IterMark& mark) {
  return mark.source ? mark.source : normalize_iter_map_to_expr(*mark.sum);
}

Expr normalize_iter_map_to_expr(const IterSplit& split) {
  Analyzer analyzer;
  Expr source = normalize_iter_map_to_expr(split.source);
  bool is_whole = analyzer.can_prove_equal(split.extent, split.source.extent) &&
                  tir::is_int(split.lower_factor, 1);
  Expr value = source;
  if (!is_whole) {
    if (!tir::is_int(split.lower_factor, 1)) value = tir::floor_div(value, split.lower_factor);
    Expr reach = analyzer.simplify(split.lower_factor * split.extent);
    if (!analyzer.can_prove_greater_equal(reach, split.source.extent)) {
      value = tir::floor_mod(source, reach);
      if (!tir::is_int(split.lower_factor, 1)) value = tir::floor_div(value, split.lower_factor);
    }
  }
  return tir::is_int(split.scale, 1) ? value : value * split.scale;
}

Expr normalize_iter_map_to_expr(const IterSum& sum) {
  Expr e;
  for (const IterSplit& split : sum.args) {
    Expr part = normalize_iter_map_to_expr(split);
    e = e ? e + part : part;
  }
  if (!e) return sum.base;
  return tir::is_int(sum.base, 0) ? e : e + sum.base;
}

std::vector<Expr> iter_map_simplify(const std::vector<Expr>& indices, const RangeMap& iters,
                                    const Expr& predicate, Analyzer& analyzer,
                                    const IterMapOptions& options) {
  Analyzer local;
  for (const auto& [var, range] : iters) local.bind(var, range);
  std::optional<Analyzer::Constraint> scope;
  if (predicate) scope.emplace(local, predicate);
  std::vector<Expr> out;
  IterMapResult map = detect_iter_map(indices, iters, predicate, analyzer, options);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Expr plain = local.simplify(indices[i]);
    if (map) {
      Expr through = local.simplify(normalize_iter_map_to_expr(map.indices[i]));
      if (size_of(through) < size_of(plain)) plain = through;
    }
    out.push_back(plain);
  }
  return out;
}

}  // namespace tenon
