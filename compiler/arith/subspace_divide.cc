// Division of a map into what the outer and what the inner iterators do.
#include <algorithm>

#include "compiler/arith/iter_map.h"
#include "compiler/arith/iter_rewrite.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::Expr;

namespace {

struct Division {
  IterMark outer, inner;
};

class Divider {
 public:
  Divider(const std::vector<Expr>& inner_vars, DataType dtype, Analyzer& analyzer)
      : analyzer_(analyzer), dtype_(dtype) {
    inner_vars_.insert(inner_vars.begin(), inner_vars.end());
    outer_predicate = inner_predicate = tir::bool_imm(true);
  }

  Expr outer_predicate, inner_predicate;

  // `extent` is null where the sum is not an iterator of its own.
  std::optional<Division> divide(const IterSum& sum, const Expr& extent) {
    if (sum.args.empty()) return Division{unit(), constant_mark(sum.base)};
    std::vector<IterSplit> outer, inner;
    Expr product = num(1);
    if (sum.args.size() == 1 && !extent) return divide_alone(sum);
    for (auto it = sum.args.rbegin(); it != sum.args.rend(); ++it) {
      auto part = divide(*it);
      if (!part) return std::nullopt;
      bool is_inner = is_unit(part->outer), is_outer = is_unit(part->inner);
      if (!is_inner && !is_outer) {
        if (sum.args.size() != 1) return std::nullopt;
        return part;
      }
      // Inner iterators lie inside of outer ones.
      if (is_inner && !is_outer && !outer.empty()) return std::nullopt;
      bool goes_inner = is_inner && outer.empty();
      (goes_inner ? inner : outer).insert((goes_inner ? inner : outer).begin(), *it);
      product = analyzer_.simplify(product * it->extent);
    }
    return join(sum, outer, inner, product, extent);
  }

 private:
  Expr num(std::int64_t v) const { return tir::int_imm(dtype_, v); }
  IterMark mark_of(std::vector<IterSplit> args, const Expr& base, const Expr& extent) const {
    return {{}, std::make_shared<IterSum>(IterSum{std::move(args), base}), extent};
  }
  IterMark constant_mark(const Expr& base) const { return mark_of({}, base, num(1)); }
  IterMark unit() const { return constant_mark(num(0)); }
  bool is_unit(const IterMark& m) const {
    return m.sum && m.sum->args.empty() && tir::is_int(m.extent, 1);
  }

  // An index: one split and a base.
  std::optional<Division> divide_alone(const IterSum& sum) {
    const IterSplit& split = sum.args[0];
    auto part = divide(split);
    if (!part) return std::nullopt;
    bool has_base = !tir::is_int(sum.base, 0);
    if (!has_base && tir::is_int(split.scale, 1)) return part;
    // A scaled or shifted index is one side's alone.
    if (is_unit(part->inner)) {
      return Division{mark_of({split}, sum.base, split.extent), unit()};
    }
    if (is_unit(part->outer)) {
      return Division{unit(), mark_of({split}, sum.base, split.extent)};
    }
    if (!tir::is_int(split.scale, 1)) return std::nullopt;
    IterMark inner = part->inner;
    IterSum shifted = inner.sum ? *inner.sum : IterSum{{whole(inner)}, num(0)};
    shifted.base = analyzer_.simplify(shifted.base + sum.base);
    part->inner = {{}, std::make_shared<IterSum>(shifted), inner.extent};
    return part;
  }
  IterSplit whole(const IterMark& m) const { return {m, num(1), m.extent, num(1)}; }

  std::optional<Division> join(const IterSum& sum, std::vector<IterSplit> outer,
                               std::vector<IterSplit> inner, const Expr& product,
                               const Expr& extent) {
    Expr inner_extent = num(1), outer_extent = num(1);
    for (const IterSplit& s : inner) inner_extent = analyzer_.simplify(inner_extent * s.extent);
    for (const IterSplit& s : outer) outer_extent = analyzer_.simplify(outer_extent * s.extent);
    bool is_narrowed = extent && !analyzer_.can_prove_equal(product, extent);
    bool has_base = !tir::is_int(sum.base, 0);
    if (is_narrowed || has_base) {
      // The predicate on the sum or its shift belongs to one side or to none.
      if (!outer.empty() && !inner.empty()) return std::nullopt;
      IterMark mark = mark_of(sum.args, sum.base, extent ? extent : product);
      if (extent)
        require(outer.empty() ? inner_predicate : outer_predicate, sum, extent, is_narrowed);
      return outer.empty() ? Division{unit(), mark} : Division{mark, unit()};
    }
    for (IterSplit& s : outer) s.scale = analyzer_.simplify(tir::floor_div(s.scale, inner_extent));
    Division d{unit(), unit()};
    if (!outer.empty()) d.outer = mark_of(outer, num(0), outer_extent);
    if (!inner.empty()) d.inner = mark_of(inner, num(0), inner_extent);
    return d;
  }

  void require(Expr& predicate, const IterSum& sum, const Expr& extent, bool is_narrowed) {
    if (!is_narrowed) return;
    Expr value = normalize_iter_map_to_expr(sum);
    Expr condition = tir::less(value, extent);
    if (!tir::is_int(sum.base, 0)) {
      condition = tir::logical_and(condition, tir::less_equal(num(0), value));
    }
    condition = analyzer_.simplify(condition);
    bool is_first = tir::is_int(predicate, 1);
    predicate = is_first ? condition : tir::logical_and(predicate, condition);
  }

  std::optional<Division> divide(const IterSplit& split) {
    IterSplit plain = split;
    plain.scale = num(1);
    IterMark itself = mark_of({plain}, num(0), split.extent);
    if (!split.source.sum) {
      bool is_inner = false, is_outer = false;
      for (const Expr& v : tir::vars_of(split.source.source)) {
        (inner_vars_.count(v) ? is_inner : is_outer) = true;
      }
      if (is_inner && is_outer) return std::nullopt;
      return is_inner ? Division{unit(), itself} : Division{itself, unit()};
    }
    auto mark = divide_mark(split.source);
    if (!mark) return std::nullopt;
    if (is_unit(mark->outer)) return Division{unit(), itself};
    if (is_unit(mark->inner)) return Division{itself, unit()};
    // The iterator is outer * inner.extent + inner: the split lies on one side, or is all of it.
    const Expr& boundary = mark->inner.extent;
    bool is_whole = tir::is_int(split.lower_factor, 1) &&
                    analyzer_.can_prove_equal(split.extent, split.source.extent);
    if (is_whole) return mark;
    Expr reach = analyzer_.simplify(split.lower_factor * split.extent);
    if (can_prove_divisible(boundary, reach, analyzer_)) {
      IterSplit part{mark->inner, split.lower_factor, split.extent, num(1)};
      return Division{unit(), mark_of({part}, num(0), split.extent)};
    }
    if (can_prove_divisible(split.lower_factor, boundary, analyzer_)) {
      Expr lower = analyzer_.simplify(tir::floor_div(split.lower_factor, boundary));
      IterSplit part{mark->outer, lower, split.extent, num(1)};
      return Division{mark_of({part}, num(0), split.extent), unit()};
    }
    return std::nullopt;
  }

  // Each iterator is divided once: its predicate is noted once.
  std::optional<Division> divide_mark(const IterMark& mark) {
    for (const auto& [m, d] : divided_) {
      if (same_mark(m, mark, analyzer_)) return d;
    }
    auto d = divide(*mark.sum, mark.extent);
    divided_.push_back({mark, d});
    return d;
  }

  Analyzer& analyzer_;
  DataType dtype_;
  std::set<Expr, IdLess> inner_vars_;
  std::vector<std::pair<IterMark, std::optional<Division>>> divided_;
};

}  // namespace

std::optional<SubspaceDivision> subspace_divide(const std::vector<Expr>& indices,
                                                const RangeMap& iters,
                                                const std::vector<Expr>& inner_vars,
                                                const Expr& predicate, Analyzer& analyzer,
                                                const IterMapOptions& options) {
  IterMapResult map = detect_iter_map(indices, iters, predicate, analyzer, options);
  if (!map) return std::nullopt;
  DataType dtype = indices.empty() ? kInt32 : tir::dtype_of(indices[0]);
  Divider divider(inner_vars, dtype, analyzer);
  SubspaceDivision out;
  for (const IterSum& index : map.indices) {
    auto d = divider.divide(index, Expr{});
    if (!d) return std::nullopt;
    out.indices.push_back({d->outer, d->inner});
  }
  out.outer_predicate = divider.outer_predicate;
  out.inner_predicate = divider.inner_predicate;
  return out;
}

}  // namespace tenon
