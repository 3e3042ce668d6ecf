// What TensorIR's scalar operations compute. The interpreter calls these functions; code generation
// must give the same results.
//
// Integers wrap at their width. div and mod round towards zero, floor_div and floor_mod towards
// minus infinity; division by zero is an error here. Floats are rounded to their type after every
// operation, to nearest, ties to even.
//
// Fused multiply-add: in a float sum (TypeCode kFloat), a factor written as a product contracts: it
// is c + a*b with one rounding. When both sides are products the right one contracts. Nothing else
// contracts: not differences, not products bound to a variable, not bfloat16.
//
// max(a, b) is a > b ? a : b and min(a, b) is a < b ? a : b: with a NaN on either side, or zeros of
// different sign, the result is b.
//
// A cast of a float to an integer drops the fraction; outside the integer's range, and for NaN, a
// program must not depend on it (here: the nearest value of the range, and 0).
#pragma once
#include <cstdint>
#include <optional>

#include "compiler/tir/expr.h"

namespace tenon::tir {

// A scalar value: `f` for float types, else `i` (unsigned and bool zero-extended, signed
// sign-extended).
union Scalar {
  std::int64_t i = 0;
  double f;
};

// A product of a sum that contracts.
struct Contraction {
  Expr a, b, addend;
  bool product_on_right;
};
std::optional<Contraction> contraction_of(const Binary& sum);

// `type` is the operands' element type. Throws UserError for division by zero.
Scalar apply_binary(BinaryOp op, DataType type, Scalar a, Scalar b);
// a * b + c with one rounding.
double fused_multiply_add(DataType type, double a, double b, double c);
Scalar apply_cast(DataType from, DataType to, Scalar value);
// The value brought into the range of an integer type.
std::int64_t wrap(DataType type, std::int64_t value);

// The elementwise mathematics of intrinsic.h on one value; `b` is the second operand where there
// is one. Nothing for intrinsics of another group.
std::optional<Scalar> apply_intrinsic(Intrinsic op, DataType type, Scalar a, Scalar b);
bool is_elementwise(Intrinsic op);

}  // namespace tenon::tir
