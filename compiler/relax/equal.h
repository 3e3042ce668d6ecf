// Structural equality of graph functions and modules: equal up to the names of variables and
// symbols bound alike on both sides, and the names that models give to constants. What counts:
// names, order-free, of functions; types, with dimensions as written; operators, attributes,
// purity; the elements of constants. Derived from the nodes' fields().
#pragma once
#include <string>

#include "compiler/relax/expr.h"

namespace tenon::relax {

bool structural_equal(const Type& a, const Type& b);
bool structural_equal(const Expr& a, const Expr& b);
bool structural_equal(const Module& a, const Module& b);
bool same_elements(const TensorData& a, const TensorData& b);

// Where two modules first differ, for messages; "" when they are equal.
std::string first_difference(const Module& a, const Module& b);

}  // namespace tenon::relax
