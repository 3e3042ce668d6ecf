#include "compiler/schedule/analysis/touched.h"

#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

int size_of(const Expr& e) {
  int size = 0;
  Visitor visitor;
  visitor.expr = [&](const Expr&) { return ++size > 0; };
  walk(e, visitor);
  return size;
}

IntSet better(const IntSet& first, const IntSet& second, Analyzer& analyzer) {
  if (!second.is_bounded()) return first;
  if (!first.is_bounded()) return second;
  if (!can_prove_includes(first, second, analyzer)) return first;
  if (!can_prove_includes(second, first, analyzer)) return second;
  int first_size = size_of(first.min) + size_of(first.max);
  return size_of(second.min) + size_of(second.max) < first_size ? second : first;
}

}  // namespace

std::vector<IntSet> touched_region(const Region& region, const RangeMap& loops,
                                   const Expr& predicate, Analyzer& analyzer) {
  std::vector<IntSet> sets = estimate_region_upper_bound(region, loops, predicate, analyzer);
  DomainMap domains = domains_of(loops, analyzer);
  for (std::size_t i = 0; i < region.size(); ++i) {
    const Range& range = region[i];
    IntSet start = eval_int_set(range.min, domains, analyzer);
    if (!start.is_bounded()) continue;
    Expr one = int_imm(dtype_of(range.extent), 1);
    IntSet end = is_int(range.extent, 1)
                     ? start
                     : eval_int_set(range.min + (range.extent - one), domains, analyzer);
    if (!end.is_bounded()) continue;
    sets[i] = better(sets[i], IntSet::interval(start.min, end.max), analyzer);
  }
  return sets;
}

}  // namespace tenon
