// What regions touch over a domain, on top of integer sets and iterator maps.
#include <optional>

#include "compiler/arith/int_set.h"
#include "compiler/arith/iter_map.h"
#include "compiler/support/error.h"

namespace tenon {

using tir::Expr;

namespace {

// The dense interval of base + scale * [0, extent) with `width` elements touched at each value.
std::optional<IntSet> dense_interval(const IterSum& sum, const Expr& width, Analyzer& analyzer) {
  DataType dtype = tir::dtype_of(width);
  Expr one = tir::int_imm(dtype, 1);
  if (sum.args.empty()) {
    return IntSet::interval(analyzer.simplify(sum.base), analyzer.simplify(sum.base + width - one));
  }
  if (sum.args.size() != 1) return std::nullopt;
  const IterSplit& split = sum.args[0];
  Expr zero = tir::int_imm(dtype, 0);
  bool is_negative = analyzer.can_prove_less(split.scale, zero);
  Expr step = is_negative ? zero - split.scale : split.scale;
  if (!analyzer.can_prove_greater_equal(width, step)) return std::nullopt;
  Expr reach = (split.extent - one) * step;
  Expr first = is_negative ? sum.base - reach : sum.base;
  Expr last = is_negative ? sum.base + width - one : sum.base + reach + width - one;
  return IntSet::interval(analyzer.simplify(first), analyzer.simplify(last));
}

std::optional<std::vector<IntSet>> touched(const Region& region, const RangeMap& domain,
                                           const Expr& predicate, IterMapLevel level,
                                           Analyzer& analyzer) {
  std::vector<Expr> starts;
  for (const tir::Range& r : region) starts.push_back(r.min);
  IterMapResult map = detect_iter_map(starts, domain, predicate, analyzer, {.level = level});
  if (!map) return std::nullopt;
  std::vector<IntSet> out;
  for (std::size_t i = 0; i < region.size(); ++i) {
    auto set = dense_interval(map.indices[i], region[i].extent, analyzer);
    if (!set) return std::nullopt;
    out.push_back(*set);
  }
  return out;
}

void collect_conjuncts(const Expr& e, std::vector<Expr>& out) {
  const auto* b = e.as<tir::Binary>();
  if (b && b->op == tir::BinaryOp::kAnd) {
    collect_conjuncts(b->a, out);
    collect_conjuncts(b->b, out);
  } else {
    out.push_back(e);
  }
}

// Domains narrowed by those parts of the predicate that compare one variable of the domain with
// what is free of them.
DomainMap narrowed(const RangeMap& domain, const Expr& predicate, Analyzer& analyzer) {
  using tir::BinaryOp;
  DomainMap sets = domains_of(domain, analyzer);
  if (!predicate) return sets;
  std::vector<Expr> parts;
  collect_conjuncts(analyzer.simplify(predicate), parts);
  for (const Expr& part : parts) {
    const auto* b = part.as<tir::Binary>();
    bool is_order = b && (b->op == BinaryOp::kLt || b->op == BinaryOp::kLe);
    if (!is_order) continue;
    Expr one = tir::int_imm(tir::dtype_of(b->a), 1);
    auto is_free = [&](const Expr& e) {
      for (const Expr& v : tir::vars_of(e)) {
        if (domain.count(v)) return false;
      }
      return true;
    };
    bool is_strict = b->op == BinaryOp::kLt;
    if (sets.count(b->a) && is_free(b->b)) {
      Expr max = is_strict ? b->b - one : b->b;
      sets[b->a] = intersection_of({sets[b->a], IntSet::interval({}, max)}, analyzer);
    } else if (sets.count(b->b) && is_free(b->a)) {
      Expr min = is_strict ? b->a + one : b->a;
      sets[b->b] = intersection_of({sets[b->b], IntSet::interval(min, {})}, analyzer);
    }
  }
  return sets;
}

}  // namespace

std::optional<std::vector<IntSet>> estimate_region_strict_bound(const Region& region,
                                                                const RangeMap& domain,
                                                                const Expr& predicate,
                                                                Analyzer& analyzer) {
  return touched(region, domain, predicate, IterMapLevel::kSurjective, analyzer);
}

std::optional<std::vector<IntSet>> estimate_region_lower_bound(const Region& region,
                                                               const RangeMap& domain,
                                                               const Expr& predicate,
                                                               Analyzer& analyzer) {
  return estimate_region_strict_bound(region, domain, predicate, analyzer);
}

std::vector<IntSet> estimate_region_upper_bound(const Region& region, const RangeMap& domain,
                                                const Expr& predicate, Analyzer& analyzer) {
  if (auto exact = touched(region, domain, predicate, IterMapLevel::kSurjective, analyzer)) {
    return *exact;
  }
  DomainMap sets = narrowed(domain, predicate, analyzer);
  std::vector<IntSet> out;
  for (const tir::Range& r : region) {
    auto alone = touched({r}, domain, predicate, IterMapLevel::kNoCheck, analyzer);
    if (alone) {
      out.push_back((*alone)[0]);
      continue;
    }
    Expr one = tir::int_imm(tir::dtype_of(r.extent), 1);
    IntSet first = eval_int_set(r.min, sets, analyzer);
    IntSet last = eval_int_set(r.min + r.extent - one, sets, analyzer);
    out.push_back(first.empty || last.empty ? IntSet::nothing()
                                            : IntSet::interval(first.min, last.max));
  }
  return out;
}

}  // namespace tenon
