// Comparisons and operations on truth values and bits, with NumPy broadcasting, and where.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::BinaryOp;
using tir::Expr;
using tir::Intrinsic;

void require_same_type(const Call& call, std::size_t a, std::size_t b) {
  if (dtype_arg(call, a) == dtype_arg(call, b)) return;
  op_error(call, "arguments have types " + to_string(dtype_arg(call, a)) + " and " +
                     to_string(dtype_arg(call, b)) + "; both must be the same");
}

Type infer_comparison(const Call& call) {
  require_same_type(call, 0, 1);
  return tensor_type(broadcast_shapes(call, shape_arg(call, 0), shape_arg(call, 1)), kBoolType);
}

Type infer_logical(const Call& call) {
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (!dtype_arg(call, i).is_bool()) {
      op_error(call, "needs bool tensors, got " + to_string(dtype_arg(call, i)));
    }
  }
  if (call.args.size() == 1) return tensor_type(shape_arg(call, 0), kBoolType);
  return infer_comparison(call);
}

Type infer_bitwise(const Call& call) {
  const DataType dtype = dtype_arg(call, 0);
  if (!dtype.is_integer() || dtype.is_bool()) {
    op_error(call, "needs integer tensors, got " + to_string(dtype));
  }
  if (call.args.size() == 1) return tensor_type(shape_arg(call, 0), dtype);
  require_same_type(call, 0, 1);
  return tensor_type(broadcast_shapes(call, shape_arg(call, 0), shape_arg(call, 1)), dtype);
}

Type infer_where(const Call& call) {
  if (!dtype_arg(call, 0).is_bool()) {
    op_error(call, "the condition must be bool, got " + to_string(dtype_arg(call, 0)));
  }
  require_same_type(call, 1, 2);
  const Shape values = broadcast_shapes(call, shape_arg(call, 1), shape_arg(call, 2));
  return tensor_type(broadcast_shapes(call, shape_arg(call, 0), values), dtype_arg(call, 1));
}

Expr operand(const Definition& def, int i, const Indices& index) {
  return tir::load(def.input(i), broadcast_index(tir::node(def.input(i)).shape, index));
}

template <Expr (*rule)(const Expr&, const Expr&)>
tir::PrimFunc define_binary(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute(std::string(call.op->name), def.output(),
              [&](const Indices& i) { return rule(operand(def, 0, i), operand(def, 1, i)); });
  return def.finish();
}

template <Expr (*rule)(const Expr&)>
tir::PrimFunc define_unary(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute(std::string(call.op->name), def.output(),
              [&](const Indices& i) { return rule(operand(def, 0, i)); });
  return def.finish();
}

tir::PrimFunc define_where(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute("where", def.output(), [&](const Indices& i) {
    return tir::select(operand(def, 0, i), operand(def, 1, i), operand(def, 2, i));
  });
  return def.finish();
}

template <BinaryOp op>
Expr apply(const Expr& a, const Expr& b) {
  return tir::binary(op, a, b);
}
template <Intrinsic op>
Expr bits(const Expr& a, const Expr& b) {
  return tir::call(op, tir::dtype_of(a), {a, b});
}
// A shift by the width or more leaves nothing, as in ONNX and NumPy; processors and LLVM disagree.
template <Intrinsic op>
Expr shift(const Expr& a, const Expr& b) {
  const DataType dtype = tir::dtype_of(a);
  const Expr width = tir::int_imm(dtype, dtype.bits);
  const Expr within = tir::less(b, width);
  const Expr amount = tir::select(within, b, tir::int_imm(dtype, 0));
  return tir::select(within, tir::call(op, dtype, {a, amount}), tir::int_imm(dtype, 0));
}
Expr complement(const Expr& a) { return tir::call(Intrinsic::kBitwiseNot, tir::dtype_of(a), {a}); }
Expr negation(const Expr& a) { return tir::logical_not(a); }

constexpr Pattern kBcast = Pattern::kBroadcast, kElem = Pattern::kElementwise;

}  // namespace

const OpInfo kNotEqual{"not_equal", 2, kBcast, infer_comparison,
                       define_binary<apply<BinaryOp::kNe>>};
const OpInfo kLessEqual{"less_equal", 2, kBcast, infer_comparison,
                        define_binary<apply<BinaryOp::kLe>>};
const OpInfo kGreaterEqual{"greater_equal", 2, kBcast, infer_comparison,
                           define_binary<apply<BinaryOp::kGe>>};
const OpInfo kLogicalAnd{"logical_and", 2, kBcast, infer_logical,
                         define_binary<apply<BinaryOp::kAnd>>};
const OpInfo kLogicalOr{"logical_or", 2, kBcast, infer_logical,
                        define_binary<apply<BinaryOp::kOr>>};
const OpInfo kLogicalXor{"logical_xor", 2, kBcast, infer_logical,
                         define_binary<apply<BinaryOp::kNe>>};
const OpInfo kLogicalNot{"logical_not", 1, kElem, infer_logical, define_unary<negation>};
const OpInfo kBitwiseAnd{"bitwise_and", 2, kBcast, infer_bitwise,
                         define_binary<bits<Intrinsic::kBitwiseAnd>>};
const OpInfo kBitwiseOr{"bitwise_or", 2, kBcast, infer_bitwise,
                        define_binary<bits<Intrinsic::kBitwiseOr>>};
const OpInfo kBitwiseXor{"bitwise_xor", 2, kBcast, infer_bitwise,
                         define_binary<bits<Intrinsic::kBitwiseXor>>};
const OpInfo kBitwiseNot{"bitwise_not", 1, kElem, infer_bitwise, define_unary<complement>};
const OpInfo kLeftShift{"left_shift", 2, kBcast, infer_bitwise,
                        define_binary<shift<Intrinsic::kShiftLeft>>};
const OpInfo kRightShift{"right_shift", 2, kBcast, infer_bitwise,
                         define_binary<shift<Intrinsic::kShiftRight>>};
const OpInfo kWhere{"where", 3, kBcast, infer_where, define_where};

}  // namespace tenon::relax
