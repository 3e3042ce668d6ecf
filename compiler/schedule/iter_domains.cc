// Solving the region that a block provides in one instance for the values of its iter vars.
#include <map>

#include "compiler/arith/iter_map.h"
#include "compiler/schedule/move_block.h"
#include "compiler/schedule/rewrite.h"

namespace tenon {

using namespace tir;

namespace {

// What is known of one iter var so far: nothing, or sets.
struct Partial {
  std::optional<IntSet> domain, bound;
};
using Partials = std::map<Expr, Partial, IdLess>;

struct Solved {
  Expr var;
  std::optional<IntSet> domain, bound;
};

const Binary* binary_of(const Expr& e, BinaryOp op) {
  const auto* b = e.as<Binary>();
  return b && b->op == op ? b : nullptr;
}

// v * e or e * v: the variable and the factor.
std::optional<std::pair<Expr, Expr>> scaled_var(const Expr& e) {
  const Binary* product = binary_of(e, BinaryOp::kMul);
  if (!product) return std::nullopt;
  if (product->a.as<Var>()) return std::pair{product->a, product->b};
  if (product->b.as<Var>()) return std::pair{product->b, product->a};
  return std::nullopt;
}

// Solves provided == required in one dimension for one variable.
std::optional<Solved> solve_dimension(const IntSet& provided, const IntSet& required,
                                      const Expr& last, Analyzer& analyzer) {
  Expr first = analyzer.simplify(provided.min);
  Expr low = analyzer.simplify(required.min), high = analyzer.simplify(required.max);
  Expr zero = zero_of(last);
  if (auto scaled = scaled_var(first)) {
    const Expr& by = scaled->second;
    return Solved{scaled->first, IntSet::interval(floor_div(low, by), floor_div(high, by)),
                  IntSet::interval(zero, floor_div(last, by))};
  }
  if (!provided.can_prove_point(analyzer)) return std::nullopt;
  if (first.as<Var>()) {
    return Solved{first, IntSet::interval(low, high), IntSet::interval(zero, last)};
  }
  if (const Binary* quotient = binary_of(first, BinaryOp::kFloorDiv)) {
    const Expr& by = quotient->b;
    Expr one = int_imm(dtype_of(by), 1);
    if (!quotient->a.as<Var>() || !analyzer.can_prove_greater_equal(by, one)) return std::nullopt;
    auto end = [&](const Expr& e) { return analyzer.simplify(e * by + by - one); };
    return Solved{quotient->a, IntSet::interval(low * by, end(high)),
                  IntSet::interval(zero, end(last))};
  }
  if (const Binary* rest = binary_of(first, BinaryOp::kFloorMod); rest && rest->a.as<Var>()) {
    return Solved{rest->a, std::nullopt, std::nullopt};
  }
  return std::nullopt;
}

void add_solution(Partials& partials, const Solved& solved, Analyzer& analyzer) {
  Partial& partial = partials[solved.var];
  if (solved.domain) {
    partial.domain =
        partial.domain ? union_of({*partial.domain, *solved.domain}, analyzer) : *solved.domain;
  }
  if (solved.bound) {
    partial.bound =
        partial.bound ? intersection_of({*partial.bound, *solved.bound}, analyzer) : *solved.bound;
  }
}

Expr last_index(const Expr& extent, Analyzer& analyzer) {
  Expr one = int_imm(dtype_of(extent), 1);
  return analyzer.simplify(max(extent - one, zero_of(extent)));
}

// Dimension by dimension; false when one of them cannot be solved.
bool solve_by_dimension(const RegionPair& pair, Partials& partials, Analyzer& analyzer) {
  std::vector<Solved> all;
  const std::vector<Expr>& shape = node(pair.buffer).shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!pair.provided[i].is_bounded() || !pair.required[i].is_bounded()) return false;
    if (pair.provided[i].can_prove_point(analyzer) && as_int(pair.provided[i].min)) continue;
    auto solved = solve_dimension(pair.provided[i], pair.required[i],
                                  last_index(shape[i], analyzer), analyzer);
    if (!solved) return false;
    all.push_back(*solved);
  }
  for (const Solved& solved : all) add_solution(partials, solved, analyzer);
  return true;
}

// All dimensions at once, through the inverse of the map from iter vars to the provided point.
bool solve_by_inverse(const Block& block, const RegionPair& pair, Partials& partials,
                      Analyzer& analyzer) {
  RangeMap ranges;
  for (const IterVar& iter : block.iter_vars) ranges[iter.var] = iter.domain;
  std::vector<Expr> indices, outputs;
  DomainMap required, whole;
  const std::vector<Expr>& shape = node(pair.buffer).shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!pair.provided[i].can_prove_point(analyzer)) return false;
    indices.push_back(pair.provided[i].min);
    outputs.push_back(make_var("o", dtype_of(pair.provided[i].min)));
    required[outputs[i]] = pair.required[i];
    whole[outputs[i]] = IntSet::interval(zero_of(shape[i]), last_index(shape[i], analyzer));
  }
  IterMapResult map = detect_iter_map(indices, ranges, bool_imm(true), analyzer,
                                      {IterMapLevel::kBijective, /*simplify_trivial=*/false});
  if (!map) return false;
  for (const auto& [iter_var, value] : inverse_affine_iter_map(map.indices, outputs, analyzer)) {
    add_solution(
        partials,
        {iter_var, eval_int_set(value, required, analyzer), eval_int_set(value, whole, analyzer)},
        analyzer);
  }
  return true;
}

IntSet simplified(const IntSet& set, Analyzer& analyzer) {
  IntSet result = set;
  if (result.min) result.min = analyzer.simplify(result.min);
  if (result.max) result.max = analyzer.simplify(result.max);
  return result;
}

bool same_limits(const IntSet& a, const IntSet& b, Analyzer& analyzer) {
  return a.is_bounded() && b.is_bounded() && analyzer.can_prove_equal(a.min, b.min) &&
         analyzer.can_prove_equal(a.max, b.max);
}

IterDomain finish(const IterVar& iter, const Partial& partial, Analyzer& analyzer) {
  IntSet whole = IntSet::from_range(iter.domain, analyzer);
  IntSet bound = partial.bound ? intersection_of({*partial.bound, whole}, analyzer) : whole;
  if (!partial.domain) return {simplified(bound, analyzer), std::nullopt};
  IntSet domain = simplified(*partial.domain, analyzer);
  bound = simplified(bound, analyzer);
  IntSet both = simplified(intersection_of({domain, bound}, analyzer), analyzer);
  if (same_limits(domain, both, analyzer)) return {domain, std::nullopt};
  if (same_limits(bound, both, analyzer)) return {bound, std::nullopt};
  return {domain, bound};
}

}  // namespace

std::optional<std::vector<IterDomain>> solve_iter_domains(const Block& block,
                                                          const std::vector<RegionPair>& pairs,
                                                          Analyzer& analyzer) {
  Partials partials;
  for (const RegionPair& pair : pairs) {
    if (!solve_by_dimension(pair, partials, analyzer) &&
        !solve_by_inverse(block, pair, partials, analyzer)) {
      return std::nullopt;
    }
  }
  std::vector<IterDomain> domains;
  for (const IterVar& iter : block.iter_vars) {
    domains.push_back(finish(iter, partials[iter.var], analyzer));
  }
  return domains;
}

}  // namespace tenon
