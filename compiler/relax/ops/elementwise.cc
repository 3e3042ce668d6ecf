// Unary operators: out[i] = f(in[i]). Activations in their field's definitions; `alpha` and bounds
// are attributes.
#include <cmath>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;
using tir::Intrinsic;

Type infer_same(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  return tensor_type(*type.shape, *type.dtype);
}

Type infer_float(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  if (!type.dtype->is_float()) {
    op_error(call, "needs a floating-point tensor, got " + to_string(*type.dtype));
  }
  return tensor_type(*type.shape, *type.dtype);
}

Expr num(const Expr& like, double value) { return tir::constant(tir::dtype_of(like), value); }
Expr math(Intrinsic op, const Expr& x) { return tir::call(op, tir::dtype_of(x), {x}); }

using Rule = Expr (*)(const Expr& x, const Call& call);

template <Rule rule>
tir::PrimFunc define_unary(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute(std::string(call.op->name).substr(call.op->name.find('.') + 1), def.output(),
              [&](const Indices& i) { return rule(tir::load(def.input(0), i), call); });
  return def.finish();
}

template <Intrinsic op>
Expr intrinsic(const Expr& x, const Call&) {
  return math(op, x);
}
Expr relu(const Expr& x, const Call&) { return tir::max(x, num(x, 0)); }
Expr leaky_relu(const Expr& x, const Call& call) {
  const Expr slope = num(x, attr_float(call, "alpha", 0.01));
  return tir::select(tir::less(x, num(x, 0)), x * slope, x);
}
Expr elu(const Expr& x, const Call& call) {
  const Expr alpha = num(x, attr_float(call, "alpha", 1.0));
  const Expr below = alpha * (math(Intrinsic::kExp, x) - num(x, 1));
  return tir::select(tir::less(num(x, 0), x), x, below);
}
Expr clip(const Expr& x, const Call& call) {
  const Expr low = num(x, attr_float(call, "min", -INFINITY));
  const Expr high = num(x, attr_float(call, "max", INFINITY));
  return tir::min(tir::max(x, low), high);
}
Expr hard_sigmoid(const Expr& x, const Call& call) {
  const Expr line =
      x * num(x, attr_float(call, "alpha", 0.2)) + num(x, attr_float(call, "beta", 0.5));
  return tir::min(tir::max(line, num(x, 0)), num(x, 1));
}
Expr hard_swish(const Expr& x, const Call&) {
  const Expr gate = tir::min(tir::max(x * num(x, 1.0 / 6) + num(x, 0.5), num(x, 0)), num(x, 1));
  return x * gate;
}
Expr silu(const Expr& x, const Call&) { return x * math(Intrinsic::kSigmoid, x); }
Expr gelu(const Expr& x, const Call&) {
  const Expr erf = math(Intrinsic::kErf, x * num(x, std::sqrt(0.5)));
  return num(x, 0.5) * x * (num(x, 1) + erf);
}
Expr softplus(const Expr& x, const Call&) {
  // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which does not overflow.
  const Expr negative = tir::min(x, num(x, 0) - x);
  return tir::max(x, num(x, 0)) +
         math(Intrinsic::kLog, num(x, 1) + math(Intrinsic::kExp, negative));
}
Expr negative(const Expr& x, const Call&) { return num(x, 0) - x; }
Expr absolute(const Expr& x, const Call&) { return tir::max(x, num(x, 0) - x); }
Expr square(const Expr& x, const Call&) { return x * x; }
Expr reciprocal(const Expr& x, const Call&) {
  return tir::binary(tir::BinaryOp::kDiv, num(x, 1), x);
}
Expr identity(const Expr& x, const Call&) { return x; }

tir::PrimFunc define_astype(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute("astype", def.output(), [&](const Indices& i) {
    return tir::cast(dtype_of(result), tir::load(def.input(0), i));
  });
  return def.finish();
}

Type infer_astype(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  return tensor_type(*type.shape, parse_dtype(attr_string(call, "dtype")));
}

constexpr Pattern kElem = Pattern::kElementwise;

}  // namespace

const OpInfo kRelu{"nn.relu", 1, kElem, infer_same, define_unary<relu>};
const OpInfo kLeakyRelu{"nn.leakyrelu", 1, kElem, infer_float, define_unary<leaky_relu>};
const OpInfo kElu{"nn.elu", 1, kElem, infer_float, define_unary<elu>};
const OpInfo kClip{"clip", 1, kElem, infer_same, define_unary<clip>};
const OpInfo kHardSigmoid{"nn.hard_sigmoid", 1, kElem, infer_float, define_unary<hard_sigmoid>};
const OpInfo kHardSwish{"nn.hard_swish", 1, kElem, infer_float, define_unary<hard_swish>};
const OpInfo kSilu{"nn.silu", 1, kElem, infer_float, define_unary<silu>};
const OpInfo kGelu{"nn.gelu", 1, kElem, infer_float, define_unary<gelu>};
const OpInfo kSoftplus{"nn.softplus", 1, kElem, infer_float, define_unary<softplus>};
const OpInfo kSigmoid{"sigmoid", 1, kElem, infer_float,
                      define_unary<intrinsic<Intrinsic::kSigmoid>>};
const OpInfo kTanh{"tanh", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kTanh>>};
const OpInfo kExp{"exp", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kExp>>};
const OpInfo kLog{"log", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kLog>>};
const OpInfo kSqrt{"sqrt", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kSqrt>>};
const OpInfo kRsqrt{"rsqrt", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kRsqrt>>};
const OpInfo kErf{"erf", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kErf>>};
const OpInfo kFloor{"floor", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kFloor>>};
const OpInfo kCeil{"ceil", 1, kElem, infer_float, define_unary<intrinsic<Intrinsic::kCeil>>};
const OpInfo kNegative{"negative", 1, kElem, infer_same, define_unary<negative>};
const OpInfo kAbs{"abs", 1, kElem, infer_same, define_unary<absolute>};
const OpInfo kSquare{"square", 1, kElem, infer_same, define_unary<square>};
const OpInfo kReciprocal{"reciprocal", 1, kElem, infer_float, define_unary<reciprocal>};
const OpInfo kIdentity{"identity", 1, kElem, infer_same, define_unary<identity>};
const OpInfo kAstype{"astype", 1, kElem, infer_astype, define_astype};

}  // namespace tenon::relax
