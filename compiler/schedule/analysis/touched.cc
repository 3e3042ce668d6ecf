#include "compiler/schedule/analysis/touched.h"

#include <algorithm>
#include <set>

#include "compiler/schedule/rewrite.h"
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
  bool first_holds = can_prove_includes(first, second, analyzer);
  bool second_holds = can_prove_includes(second, first, analyzer);
  if (first_holds != second_holds) return first_holds ? second : first;
  int first_size = size_of(first.min) + size_of(first.max);
  return size_of(second.min) + size_of(second.max) < first_size ? second : first;
}

// The conditions on the running loops alone. One that also names other loops would make limits
// that change from iteration to iteration of those, and loops of symbolic extent out of them.
Expr local_part(const Expr& predicate, const RangeMap& loops) {
  Expr kept = bool_imm(true);
  for (const Expr& part : conjuncts(predicate)) {
    std::set<Expr, IdLess> vars = vars_of(part);
    bool is_local =
        std::all_of(vars.begin(), vars.end(), [&](const Expr& v) { return loops.count(v) > 0; });
    if (is_local) kept = conjunction(kept, part);
  }
  return kept;
}

// Memory in `scope` is shared by the threads of this axis, so one block serves all of them.
bool is_shared_by(const std::string& scope, const std::string& thread_tag) {
  bool is_thread = thread_tag.rfind("threadIdx", 0) == 0;
  if (scope.rfind("shared", 0) == 0) return is_thread;
  if (scope == "warp") return thread_tag == "threadIdx.x";
  return false;
}

}  // namespace

RangeMap relaxed_loops(const Site& block, std::size_t last, const Buffer& buffer) {
  RangeMap ranges = ranges_of(loops_above(block, last + 1));
  for (std::size_t i = 0; i <= last; ++i) {
    const auto* outer = block.path[i].as<For>();
    if (!outer || outer->kind != ForKind::kThreadBinding) continue;
    if (is_shared_by(node(buffer).scope, outer->thread_tag)) {
      ranges[outer->var] = {outer->min, outer->extent};
    }
  }
  return ranges;
}

std::vector<IntSet> relaxed_region(const Region& region, const RangeMap& loops,
                                   Analyzer& analyzer) {
  DomainMap domains = domains_of(loops, analyzer);
  std::vector<IntSet> sets;
  for (const Range& range : region) {
    Expr one = int_imm(dtype_of(range.extent), 1);
    Expr last = analyzer.simplify(range.min + range.extent - one);
    sets.push_back(IntSet::interval(eval_int_set(range.min, domains, analyzer).min,
                                    eval_int_set(last, domains, analyzer).max));
  }
  return sets;
}

std::vector<IntSet> touched_region(const Region& region, const RangeMap& loops,
                                   const Expr& predicate, Analyzer& analyzer) {
  std::vector<IntSet> sets =
      estimate_region_upper_bound(region, loops, local_part(predicate, loops), analyzer);
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
