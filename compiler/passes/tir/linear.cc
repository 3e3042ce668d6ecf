#include "compiler/passes/tir/linear.h"

#include <algorithm>

#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

void add_atom(LinearSum& sum, const Expr& atom, std::int64_t coefficient) {
  for (LinearSum::Term& term : sum.terms) {
    const bool is_same = term.atom.same_as(atom) || (!atom.as<Var>() && !term.atom.as<Var>() &&
                                                     structural_equal(term.atom, atom));
    if (is_same) {
      term.coefficient += coefficient;
      return;
    }
  }
  sum.terms.push_back({atom, coefficient});
}

void accumulate(LinearSum& sum, const Expr& e, std::int64_t scale) {
  if (const auto value = as_int(e)) {
    sum.constant += scale * *value;
    return;
  }
  if (const auto* n = e.as<Cast>(); n && n->dtype == kInt64 && dtype_of(n->value) == kInt32 &&
                                    !n->value.as<Load>() && !n->value.as<Call>()) {
    if (n->value.as<Binary>()) return accumulate(sum, n->value, scale);
  }
  const auto* n = e.as<Binary>();
  if (n && n->op == BinaryOp::kAdd) {
    accumulate(sum, n->a, scale);
    accumulate(sum, n->b, scale);
  } else if (n && n->op == BinaryOp::kSub) {
    accumulate(sum, n->a, scale);
    accumulate(sum, n->b, -scale);
  } else if (n && n->op == BinaryOp::kMul && as_int(n->b)) {
    accumulate(sum, n->a, scale * *as_int(n->b));
  } else if (n && n->op == BinaryOp::kMul && as_int(n->a)) {
    accumulate(sum, n->b, scale * *as_int(n->a));
  } else {
    add_atom(sum, e, scale);
  }
}

}  // namespace

LinearSum linear_sum(const Expr& e) {
  LinearSum sum;
  accumulate(sum, e, 1);
  std::erase_if(sum.terms, [](const LinearSum::Term& t) { return t.coefficient == 0; });
  return sum;
}

Expr to_expr(const LinearSum& sum, DataType type) {
  Expr result;
  for (const LinearSum::Term& term : sum.terms) {
    const Expr atom = cast(type, term.atom);
    const Expr product = term.coefficient == 1 ? atom : atom * int_imm(type, term.coefficient);
    result = result ? result + product : product;
  }
  if (!result) return int_imm(type, sum.constant);
  return sum.constant == 0 ? result : result + int_imm(type, sum.constant);
}

Expr canonical_index(const Expr& e) {
  if (const auto* n = e.as<Ramp>()) {
    return Ramp{canonical_index(n->base), canonical_index(n->stride), n->lanes};
  }
  if (const auto* n = e.as<Broadcast>()) return Broadcast{canonical_index(n->value), n->lanes};
  const DataType type = dtype_of(e);
  return type.is_int() && !type.is_vector() ? to_expr(linear_sum(e), type) : e;
}

}  // namespace tenon
