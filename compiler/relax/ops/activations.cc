// Activations beyond those of elementwise.cc: out[i] = f(in[i]); `alpha`, `gamma`, `lambd` and
// `bias` are attributes.
#include <cmath>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;
using tir::Intrinsic;

Type infer_float(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  if (!type.dtype->is_float()) {
    op_error(call, "needs a floating-point tensor, got " + to_string(*type.dtype));
  }
  return tensor_type(*type.shape, *type.dtype);
}

Type infer_same(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  return tensor_type(*type.shape, *type.dtype);
}

Expr num(const Expr& like, double value) { return tir::constant(tir::dtype_of(like), value); }
Expr math(Intrinsic op, const Expr& x) { return tir::call(op, tir::dtype_of(x), {x}); }
Expr divide(const Expr& a, const Expr& b) { return tir::binary(tir::BinaryOp::kDiv, a, b); }
Expr exp_minus_one(const Expr& x) { return math(Intrinsic::kExp, x) - num(x, 1); }

template <Expr (*rule)(const Expr& x, const Call& call)>
tir::PrimFunc define_unary(const Call& call, const Type& result) {
  Definition def(call, result);
  def.compute(std::string(call.op->name).substr(call.op->name.find('.') + 1), def.output(),
              [&](const Indices& i) { return rule(tir::load(def.input(0), i), call); });
  return def.finish();
}

// The exponential is taken of min(x, 0) only: of a large x it would overflow beside the choice.
Expr selu(const Expr& x, const Call& call) {
  const double alpha = attr_float(call, "alpha", 1.6732632423543772);
  const double gamma = attr_float(call, "gamma", 1.0507009873554805);
  const Expr below = num(x, gamma * alpha) * exp_minus_one(tir::min(x, num(x, 0)));
  return tir::select(tir::less(num(x, 0), x), num(x, gamma) * x, below);
}
Expr celu(const Expr& x, const Call& call) {
  const Expr alpha = num(x, attr_float(call, "alpha", 1.0));
  const Expr below = alpha * exp_minus_one(divide(tir::min(x, num(x, 0)), alpha));
  return tir::max(x, num(x, 0)) + below;
}
Expr softsign(const Expr& x, const Call&) {
  return divide(x, num(x, 1) + math(Intrinsic::kFabs, x));
}
Expr thresholded_relu(const Expr& x, const Call& call) {
  const Expr alpha = num(x, attr_float(call, "alpha", 1.0));
  return tir::select(tir::less(alpha, x), x, num(x, 0));
}
Expr shrink(const Expr& x, const Call& call) {
  const Expr lambda = num(x, attr_float(call, "lambd", 0.5));
  const Expr bias = num(x, attr_float(call, "bias", 0.0));
  const Expr above = tir::select(tir::less(lambda, x), x - bias, num(x, 0));
  return tir::select(tir::less(x, num(x, 0) - lambda), x + bias, above);
}
Expr mish(const Expr& x, const Call&) {
  const Expr decay = math(Intrinsic::kExp, tir::min(x, num(x, 0) - x));
  const Expr softplus = tir::max(x, num(x, 0)) + math(Intrinsic::kLog, num(x, 1) + decay);
  return x * math(Intrinsic::kTanh, softplus);
}
Expr swish(const Expr& x, const Call& call) {
  return x * math(Intrinsic::kSigmoid, x * num(x, attr_float(call, "alpha", 1.0)));
}
Expr gelu_tanh(const Expr& x, const Call&) {
  const Expr cube = x * x * x;
  const Expr inner = num(x, std::sqrt(2 / M_PI)) * (x + num(x, 0.044715) * cube);
  return num(x, 0.5) * x * (num(x, 1) + math(Intrinsic::kTanh, inner));
}

constexpr Pattern kElem = Pattern::kElementwise;

}  // namespace

const OpInfo kSelu{"nn.selu", 1, kElem, infer_float, define_unary<selu>};
const OpInfo kCelu{"nn.celu", 1, kElem, infer_float, define_unary<celu>};
const OpInfo kSoftsign{"nn.softsign", 1, kElem, infer_float, define_unary<softsign>};
const OpInfo kThresholdedRelu{"nn.thresholded_relu", 1, kElem, infer_float,
                              define_unary<thresholded_relu>};
const OpInfo kShrink{"nn.shrink", 1, kElem, infer_same, define_unary<shrink>};
const OpInfo kMish{"nn.mish", 1, kElem, infer_float, define_unary<mish>};
const OpInfo kSwish{"nn.swish", 1, kElem, infer_float, define_unary<swish>};
const OpInfo kGeluTanh{"nn.gelu_tanh", 1, kElem, infer_float, define_unary<gelu_tanh>};

}  // namespace tenon::relax
