// Elementwise mathematics beyond elementwise.cc: trigonometric and hyperbolic functions, signs,
// roundings, and the questions whether a number is NaN or infinite.
#include <limits>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;
using tir::Intrinsic;

template <bool is_question>
Type infer_float(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  if (!type.dtype->is_float()) {
    op_error(call, "needs a floating-point tensor, got " + to_string(*type.dtype));
  }
  return tensor_type(*type.shape, is_question ? kBoolType : *type.dtype);
}

Type infer_same(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  return tensor_type(*type.shape, *type.dtype);
}

template <Expr (*rule)(const Expr& x, const Call& call)>
tir::PrimFunc define_unary(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute(std::string(call.op->name), def.output(),
              [&](const Indices& i) { return rule(tir::load(def.input(0), i), call); });
  return def.finish();
}

template <Intrinsic op>
Expr intrinsic(const Expr& x, const Call&) {
  return tir::call(op, tir::dtype_of(x), {x});
}
Expr sign(const Expr& x, const Call&) {
  const DataType dtype = tir::dtype_of(x);
  const Expr zero = tir::constant(dtype, 0), one = tir::constant(dtype, 1);
  const Expr positive = tir::select(tir::less(zero, x), one, zero);
  if (dtype.is_uint()) return positive;
  return tir::select(tir::less(x, zero), zero - one, positive);
}
Expr is_nan(const Expr& x, const Call&) { return tir::binary(tir::BinaryOp::kNe, x, x); }
// Attributes detect_negative and detect_positive: which infinities count.
Expr is_infinite(const Expr& x, const Call& call) {
  const Expr infinity = tir::constant(tir::dtype_of(x), std::numeric_limits<double>::infinity());
  const Expr minus = tir::constant(tir::dtype_of(x), -std::numeric_limits<double>::infinity());
  const bool positive = attr_bool(call, "detect_positive", true);
  const bool negative = attr_bool(call, "detect_negative", true);
  if (positive && negative) {
    return tir::binary(tir::BinaryOp::kOr, tir::equal(x, infinity), tir::equal(x, minus));
  }
  if (positive) return tir::equal(x, infinity);
  if (negative) return tir::equal(x, minus);
  return tir::bool_imm(false);
}

constexpr Pattern kElem = Pattern::kElementwise;
constexpr auto infer_number = infer_float<false>;
constexpr auto infer_question = infer_float<true>;

}  // namespace

const OpInfo kSin{"sin", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kSin>>};
const OpInfo kCos{"cos", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kCos>>};
const OpInfo kTan{"tan", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kTan>>};
const OpInfo kAsin{"asin", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kAsin>>};
const OpInfo kAcos{"acos", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kAcos>>};
const OpInfo kAtan{"atan", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kAtan>>};
const OpInfo kSinh{"sinh", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kSinh>>};
const OpInfo kCosh{"cosh", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kCosh>>};
const OpInfo kAsinh{"asinh", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kAsinh>>};
const OpInfo kAcosh{"acosh", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kAcosh>>};
const OpInfo kAtanh{"atanh", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kAtanh>>};
const OpInfo kSign{"sign", 1, kElem, infer_same, define_unary<sign>};
// To the nearest integer, halves to the even one.
const OpInfo kRound{"round", 1, kElem, infer_number,
                    define_unary<intrinsic<Intrinsic::kNearbyint>>};
const OpInfo kTrunc{"trunc", 1, kElem, infer_number, define_unary<intrinsic<Intrinsic::kTrunc>>};
const OpInfo kIsNan{"isnan", 1, kElem, infer_question, define_unary<is_nan>};
const OpInfo kIsInf{"isinf", 1, kElem, infer_question, define_unary<is_infinite>};

}  // namespace tenon::relax
