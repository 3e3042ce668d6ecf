// nn.lrn: local response normalization across channels (axis 1),
//   x / (bias + alpha / size * sum of squares over a window of `size` channels)^beta.
// Attributes: size, alpha, beta, bias. The window reaches (size - 1) / 2 channels back, rounded
// down, and the rest forward.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

Type infer_lrn(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  if (type.shape->size() < 2) op_error(call, "a tensor of rank 2 or more is needed");
  if (!type.dtype->is_float()) op_error(call, "needs a floating-point tensor");
  if (attr_int(call, "size") < 1) op_error(call, "size must be at least 1");
  return tensor_type(*type.shape, *type.dtype);
}

tir::PrimFunc define_lrn(const Call& call, const Type& result) {
  Definition def(call, result, {"x"});
  const DataType dtype = dtype_of(result);
  const Shape& shape = shape_of(result);
  const std::int64_t size = attr_int(call, "size");
  const Expr back = tir::i64((size - 1) / 2);
  const tir::Buffer squares = def.intermediate("squares", shape, dtype);
  def.reduce("squares", squares, {tir::i64(size)}, Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               Indices source = i;
               source[1] = i[1] + k[0] - back;
               const Expr x = tir::load(def.input(0), source);
               const Expr inside = tir::logical_and(tir::less_equal(tir::i64(0), source[1]),
                                                    tir::less(source[1], shape[1]));
               return tir::if_then_else(inside, x * x, tir::constant(dtype, 0));
             });
  const double alpha = attr_float(call, "alpha") / static_cast<double>(size);
  def.compute("lrn", def.output(), [&](const Indices& i) {
    const Expr base = tir::constant(dtype, attr_float(call, "bias")) +
                      tir::constant(dtype, alpha) * tir::load(squares, i);
    const Expr power = tir::call(tir::Intrinsic::kPow, dtype,
                                 {base, tir::constant(dtype, attr_float(call, "beta"))});
    return tir::binary(tir::BinaryOp::kDiv, tir::load(def.input(0), i), power);
  });
  return def.finish();
}

}  // namespace

const OpInfo kLrn{"nn.lrn", 1, Pattern::kReduce, infer_lrn, define_lrn};

}  // namespace tenon::relax
