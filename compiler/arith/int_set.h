// Sets of integers with symbolic limits, and the regions that a loop nest touches: what an access
// covers when some variables run over their domains and the others stay symbols.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "compiler/arith/analyzer.h"
#include "compiler/tir/expr.h"

namespace tenon {

// All integers x with min <= x <= max. A null side has no limit; both null is everything. `empty`
// sets hold nothing, whatever the limits say.
struct IntSet {
  tir::Expr min, max;
  bool empty = false;

  static IntSet everything() { return {}; }
  static IntSet nothing() { return {{}, {}, true}; }
  static IntSet point(const tir::Expr& value) { return {value, value, false}; }
  static IntSet interval(const tir::Expr& min, const tir::Expr& max) { return {min, max, false}; }
  // [range.min, range.min + range.extent), limits simplified by `analyzer`.
  static IntSet from_range(const tir::Range& range, Analyzer& analyzer);

  bool is_everything() const { return !empty && !min && !max; }
  // Min and max are the same expression object; see can_prove_point for equal values.
  bool is_point() const { return !empty && min && min.same_as(max); }
  bool is_bounded() const { return !empty && min && max; }
  bool can_prove_point(Analyzer& analyzer) const;
  // [min, max] as [min, min + extent); needs is_bounded().
  tir::Range to_range(Analyzer& analyzer) const;
};

using DomainMap = std::map<tir::Expr, IntSet, IdLess>;
using RangeMap = std::map<tir::Expr, tir::Range, IdLess>;
DomainMap domains_of(const RangeMap& ranges, Analyzer& analyzer);

// A set that holds every value of `e` when the variables in `domains` run over their sets; all
// other variables are symbols. What the analyzer knows of the symbols is used to compare limits.
IntSet eval_int_set(const tir::Expr& e, const DomainMap& domains, Analyzer& analyzer);
// The smallest interval found that holds all the sets.
IntSet union_of(const std::vector<IntSet>& sets, Analyzer& analyzer);
IntSet intersection_of(const std::vector<IntSet>& sets, Analyzer& analyzer);
// Whether every value of `inner` is in `outer`, proved.
bool can_prove_includes(const IntSet& outer, const IntSet& inner, Analyzer& analyzer);

using Region = std::vector<tir::Range>;

// What the region (one range a dimension) touches while the variables of `domain` run and
// `predicate` holds: a box around it, always right, perhaps too large.
std::vector<IntSet> estimate_region_upper_bound(const Region& region, const RangeMap& domain,
                                                const tir::Expr& predicate, Analyzer& analyzer);
// A box in which every point is touched, or nothing when none could be shown: the dimensions must
// be independent and dense in the variables of `domain`.
std::optional<std::vector<IntSet>> estimate_region_lower_bound(const Region& region,
                                                               const RangeMap& domain,
                                                               const tir::Expr& predicate,
                                                               Analyzer& analyzer);
// Exactly what is touched, or nothing. Equal to the lower bound when there is one.
std::optional<std::vector<IntSet>> estimate_region_strict_bound(const Region& region,
                                                                const RangeMap& domain,
                                                                const tir::Expr& predicate,
                                                                Analyzer& analyzer);

}  // namespace tenon
