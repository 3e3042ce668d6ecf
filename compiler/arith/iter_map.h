// Affine iterator maps: whether index expressions split and fuse loop variables without overlap.
// Block bindings, layout maps and tensorized regions are legal because this analysis says so.
//
// A map is a sum per index: base + sum of ((source // lower_factor) % extent) * scale, where a
// source is a loop variable or again a sum that was fused to one iterator.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/arith/analyzer.h"
#include "compiler/arith/int_set.h"
#include "compiler/tir/expr.h"
#include "compiler/tir/visit.h"

namespace tenon {

struct IterSum;

// An iterator over [0, extent): either the expression `source` (usually a variable) or `sum`.
struct IterMark {
  tir::Expr source;                    // null when `sum` is set
  std::shared_ptr<const IterSum> sum;  // null when `source` is set
  tir::Expr extent;
};
// ((source // lower_factor) % extent) * scale
struct IterSplit {
  IterMark source;
  tir::Expr lower_factor, extent, scale;
};
// base + sum of args
struct IterSum {
  std::vector<IterSplit> args;
  tir::Expr base;
};

// kBijective: every combination of values of the iterators is reached exactly once from the indices
// and all iterators are used. kSurjective: indices are independent and each covers its range, but
// some iterators may be unused or ignored in part. kNoCheck: each index is a valid sum of splits.
enum class IterMapLevel : std::uint8_t { kBijective, kSurjective, kNoCheck };

struct IterMapResult {
  std::vector<IterSum> indices;  // one an index; empty when not found
  // Condition on the iterators of padding positions added for splits that do not divide; false
  // (an IntImm) when nothing was padded.
  tir::Expr padding_predicate;
  // An index steps by less than an iterator inside it reaches (y * 2 + r with r in [0, 3)): its
  // values are dense, but one value comes from several iterations.
  bool has_overlap = false;
  std::string error;  // why there is no map; empty when found
  explicit operator bool() const { return error.empty(); }
};

struct IterMapOptions {
  IterMapLevel level = IterMapLevel::kSurjective;
  // Iterators of extent 1 are replaced by their value first.
  bool simplify_trivial = true;
};

// The map of `indices` over `iters`, under `predicate` (null: true), which may narrow iterators.
IterMapResult detect_iter_map(const std::vector<tir::Expr>& indices, const RangeMap& iters,
                              const tir::Expr& predicate, Analyzer& analyzer,
                              const IterMapOptions& options = {});

tir::Expr normalize_iter_map_to_expr(const IterSum& sum);
tir::Expr normalize_iter_map_to_expr(const IterSplit& split);
tir::Expr normalize_iter_map_to_expr(const IterMark& mark);

// Each index rewritten through its map where that makes it simpler; equal wherever predicate holds.
std::vector<tir::Expr> iter_map_simplify(const std::vector<tir::Expr>& indices,
                                         const RangeMap& iters, const tir::Expr& predicate,
                                         Analyzer& analyzer, const IterMapOptions& options = {});

// `index` as one sum of splits of iterators ordered by scale, largest first; nullopt when it is
// not.
std::optional<IterSum> normalize_to_iter_sum(const tir::Expr& index, const RangeMap& iters,
                                             Analyzer& analyzer);

// For a bijective map: the value of every source variable from the values of the indices.
tir::VarMap inverse_affine_iter_map(const std::vector<IterSum>& map,
                                    const std::vector<tir::Expr>& outputs, Analyzer& analyzer);

// index = outer * inner.extent + inner, with `inner` made of the inner iterators only.
struct SubspaceDivision {
  struct Index {
    IterMark outer, inner;
  };
  std::vector<Index> indices;
  tir::Expr outer_predicate, inner_predicate;  // never null
};
// Divides bindings into what iterators outside `inner_vars` do and what those inside do; nullopt
// when an index mixes them. predicate (null: true) is divided too.
std::optional<SubspaceDivision> subspace_divide(const std::vector<tir::Expr>& indices,
                                                const RangeMap& iters,
                                                const std::vector<tir::Expr>& inner_vars,
                                                const tir::Expr& predicate, Analyzer& analyzer,
                                                const IterMapOptions& options = {});

}  // namespace tenon
