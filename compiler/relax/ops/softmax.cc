// nn.softmax and nn.log_softmax along attribute axis.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

Type infer_softmax(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  normal_axis(call, attr_int(call, "axis", -1), type.shape->size());
  if (!type.dtype->is_float()) {
    op_error(call, "needs a floating-point tensor, got " + to_string(*type.dtype));
  }
  return tensor_type(*type.shape, *type.dtype);
}

// Four blocks: the row's maximum, exp(x - maximum), the row's sum, and the quotient, or of the
// logarithm x - maximum - log(sum).
template <bool is_log>
tir::PrimFunc define_softmax(const Call& call, const Type& result) {
  const Shape shape = shape_arg(call, 0);
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", -1), shape.size());
  Definition def(call, result, {"x"});
  const DataType dtype = dtype_of(result);
  Shape rows = shape;
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(axis));
  const auto with = [&](const Indices& i, const Expr& at) {
    Indices full = i;
    full.insert(full.begin() + static_cast<std::ptrdiff_t>(axis), at);
    return full;
  };
  const auto row = [&](Indices i) {
    i.erase(i.begin() + static_cast<std::ptrdiff_t>(axis));
    return i;
  };
  const tir::Buffer maximum = def.intermediate("maximum", rows, dtype);
  const tir::Buffer exponent = def.intermediate("exponent", shape, dtype);
  const tir::Buffer sum = def.intermediate("sum", rows, dtype);
  def.reduce(
      "maximum", maximum, {shape[axis]}, Combiner::kMax,
      [&](const Indices& i, const Indices& k) { return tir::load(def.input(0), with(i, k[0])); });
  def.compute("exponent", exponent, [&](const Indices& i) {
    return tir::call(tir::Intrinsic::kExp, dtype,
                     {tir::load(def.input(0), i) - tir::load(maximum, row(i))});
  });
  def.reduce("sum", sum, {shape[axis]}, Combiner::kSum, [&](const Indices& i, const Indices& k) {
    return tir::load(exponent, with(i, k[0]));
  });
  def.compute(is_log ? "log_softmax" : "softmax", def.output(), [&](const Indices& i) -> Expr {
    const Expr total = tir::load(sum, row(i));
    if (!is_log) return tir::binary(tir::BinaryOp::kDiv, tir::load(exponent, i), total);
    return tir::load(def.input(0), i) - tir::load(maximum, row(i)) -
           tir::call(tir::Intrinsic::kLog, dtype, {total});
  });
  return def.finish();
}

}  // namespace

const OpInfo kSoftmax{"nn.softmax", 1, Pattern::kReduce, infer_softmax, define_softmax<false>};
const OpInfo kLogSoftmax{"nn.log_softmax", 1, Pattern::kReduce, infer_softmax,
                         define_softmax<true>};

}  // namespace tenon::relax
