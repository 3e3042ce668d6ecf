// Building blocks of expanded functions: values bound once, polynomials, bits of floats.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/tir/expr.h"

namespace tenon {

// The true quotient.
inline tir::Expr operator/(tir::Expr a, tir::Expr b) {
  return tir::binary(tir::BinaryOp::kDiv, std::move(a), std::move(b));
}

// Collects named values; wrap() puts them around the result as nested lets.
class MathBuilder {
 public:
  explicit MathBuilder(DataType type) : type_(type) {}

  DataType type() const { return type_; }
  DataType int_type() const {
    return DataType{TypeCode::kInt, type_.bits, type_.lanes, type_.scalable};
  }
  tir::Expr number(double value) const { return tir::constant(type_, value); }
  tir::Expr integer(std::int64_t value) const;
  // The value under a name: used as often as one likes, computed once.
  tir::Expr let(const std::string& name, const tir::Expr& value);
  // c[0] + c[1] x + ..., by Horner's rule; every step is one fused multiply-add.
  tir::Expr polynomial(const tir::Expr& x, const std::vector<double>& coefficients);
  // One-argument intrinsics of the same type.
  tir::Expr unary(tir::Intrinsic op, const tir::Expr& x) const;
  tir::Expr bits_of(const tir::Expr& x) const;
  tir::Expr float_of(const tir::Expr& bits) const;
  // 2^n for an integer-valued n in the range of normal exponents.
  tir::Expr power_of_two(const tir::Expr& n) const;
  tir::Expr wrap(tir::Expr result) const;

 private:
  DataType type_;
  std::vector<std::pair<tir::Expr, tir::Expr>> lets_;
};

// The functions, for float32 and float64 of any lanes. `x` is named by the caller.
tir::Expr expand_exp(MathBuilder& m, const tir::Expr& x);
tir::Expr expand_exp2(MathBuilder& m, const tir::Expr& x);
tir::Expr expand_log(MathBuilder& m, const tir::Expr& x);
tir::Expr expand_tanh(MathBuilder& m, const tir::Expr& x);
tir::Expr expand_erf(MathBuilder& m, const tir::Expr& x);  // float32 only
// float64 only; float32 arguments are widened first.
tir::Expr expand_sin_cos(MathBuilder& m, const tir::Expr& x, bool is_cos);
tir::Expr expand_atan(MathBuilder& m, const tir::Expr& x);
tir::Expr expand_pow(MathBuilder& m, const tir::Expr& x, const tir::Expr& y);

}  // namespace tenon
