// Maps from the indices of one layout to those of another, as transform_layout and
// transform_block_layout use them.
#pragma once
#include <string>
#include <vector>

#include "compiler/arith/analyzer.h"
#include "compiler/arith/iter_map.h"
#include "compiler/tir/expr.h"

namespace tenon {

// initial vars -> final exprs. `inverse`, when not empty, is the author's inverse (expressions of
// inverse_vars, one an initial index) and is used instead of deriving one.
struct IndexMap {
  std::vector<tir::Expr> initial_vars;
  std::vector<tir::Expr> final_exprs;
  std::vector<tir::Expr> inverse_vars;
  std::vector<tir::Expr> inverse_exprs;
};

// The final indices of `indices`, simplified. Needs one index per initial variable.
std::vector<tir::Expr> map_indices(const IndexMap& map, const std::vector<tir::Expr>& indices,
                                   Analyzer& analyzer);
// The box that holds the images of the box `ranges`; every range starts at its smallest value.
std::vector<tir::Range> map_ranges(const IndexMap& map, const std::vector<tir::Range>& ranges,
                                   Analyzer& analyzer);
// Extents of the final layout of a tensor of `shape`.
std::vector<tir::Expr> map_shape(const IndexMap& map, const std::vector<tir::Expr>& shape,
                                 Analyzer& analyzer);

// The map back, for initial indices over `ranges`. Throws UserError when the map is not bijective.
IndexMap inverse_of(const IndexMap& map, const std::vector<tir::Range>& ranges, Analyzer& analyzer);

struct PaddedInverse {
  IndexMap map;
  // Of the final indices (variables map.initial_vars): true where they are padding, that is, no
  // initial index maps there. An IntImm false when nothing is padded.
  tir::Expr padding_predicate;
};
// As inverse_of, for maps whose splits do not divide the shape. Throws UserError when the map is
// not injective.
PaddedInverse non_surjective_inverse_of(const IndexMap& map, const std::vector<tir::Range>& ranges,
                                        Analyzer& analyzer);

bool equivalent(const IndexMap& a, const IndexMap& b, Analyzer& analyzer);

}  // namespace tenon
