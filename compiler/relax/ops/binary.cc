// Binary operators with NumPy broadcasting.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::BinaryOp;
using tir::Expr;
using tir::Intrinsic;

template <bool is_comparison>
Type infer_binary(const Call& call) {
  const TensorType a = tensor_arg(call, 0), b = tensor_arg(call, 1);
  if (*a.dtype != *b.dtype) {
    op_error(call, "arguments have types " + to_string(*a.dtype) + " and " + to_string(*b.dtype) +
                       "; both must be the same");
  }
  return tensor_type(broadcast_shapes(call, *a.shape, *b.shape),
                     is_comparison ? kBoolType : *a.dtype);
}

template <Expr (*rule)(Expr, Expr)>
tir::PrimFunc define_binary(const Call& call, const Type& result) {
  Definition def(call, result);
  const Shape& a = tir::node(def.input(0)).shape;
  const Shape& b = tir::node(def.input(1)).shape;
  def.compute(std::string(call.op->name), def.output(), [&](const Indices& i) {
    return rule(tir::load(def.input(0), broadcast_index(a, i)),
                tir::load(def.input(1), broadcast_index(b, i)));
  });
  return def.finish();
}

template <BinaryOp op>
Expr apply(Expr a, Expr b) {
  return tir::binary(op, std::move(a), std::move(b));
}
Expr power(Expr a, Expr b) {
  const DataType dtype = tir::dtype_of(a);
  if (dtype.is_float()) return tir::call(Intrinsic::kPow, dtype, {std::move(a), std::move(b)});
  const Expr wide = tir::call(Intrinsic::kPow, kFloat64,
                              {tir::cast(kFloat64, std::move(a)), tir::cast(kFloat64, b)});
  return tir::cast(dtype, tir::call(Intrinsic::kNearbyint, kFloat64, {wide}));
}
// The remainder with the sign of a (mod) or of b (floor_mod).
Expr mod(Expr a, Expr b) {
  const DataType dtype = tir::dtype_of(a);
  if (dtype.is_float()) return tir::call(Intrinsic::kFmod, dtype, {std::move(a), std::move(b)});
  return tir::binary(BinaryOp::kMod, std::move(a), std::move(b));
}

constexpr Pattern kBcast = Pattern::kBroadcast;

}  // namespace

const OpInfo kAdd{"add", 2, kBcast, infer_binary<false>, define_binary<apply<BinaryOp::kAdd>>};
const OpInfo kSubtract{"subtract", 2, kBcast, infer_binary<false>,
                       define_binary<apply<BinaryOp::kSub>>};
const OpInfo kMultiply{"multiply", 2, kBcast, infer_binary<false>,
                       define_binary<apply<BinaryOp::kMul>>};
const OpInfo kDivide{"divide", 2, kBcast, infer_binary<false>,
                     define_binary<apply<BinaryOp::kDiv>>};
const OpInfo kMaximum{"maximum", 2, kBcast, infer_binary<false>,
                      define_binary<apply<BinaryOp::kMax>>};
const OpInfo kMinimum{"minimum", 2, kBcast, infer_binary<false>,
                      define_binary<apply<BinaryOp::kMin>>};
const OpInfo kPower{"power", 2, kBcast, infer_binary<false>, define_binary<power>};
const OpInfo kMod{"mod", 2, kBcast, infer_binary<false>, define_binary<mod>};
const OpInfo kFloorMod{"floor_mod", 2, kBcast, infer_binary<false>,
                       define_binary<apply<BinaryOp::kFloorMod>>};
const OpInfo kEqual{"equal", 2, kBcast, infer_binary<true>, define_binary<apply<BinaryOp::kEq>>};
const OpInfo kLess{"less", 2, kBcast, infer_binary<true>, define_binary<apply<BinaryOp::kLt>>};
const OpInfo kGreater{"greater", 2, kBcast, infer_binary<true>,
                      define_binary<apply<BinaryOp::kGt>>};

}  // namespace tenon::relax
