// Sums in a canonical form that unrolled code needs in great numbers: terms with coefficients and a
// constant. Cheaper than the simplifier and enough where indices are sums of products.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/tir/expr.h"

namespace tenon {

// sum of coefficient * atom, plus constant. Atoms are variables or what is no sum (x // 4, loads);
// equal atoms are one term. In order of first appearance.
struct LinearSum {
  struct Term {
    tir::Expr atom;
    std::int64_t coefficient;
  };
  std::vector<Term> terms;
  std::int64_t constant = 0;
};

LinearSum linear_sum(const tir::Expr& e);
// Terms, then the constant; int64 needs no cast when atoms have it.
tir::Expr to_expr(const LinearSum& sum, DataType type);
// The same value in canonical form; vectors (Ramp of a sum) too.
tir::Expr canonical_index(const tir::Expr& e);

}  // namespace tenon
