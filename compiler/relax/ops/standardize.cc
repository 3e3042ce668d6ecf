// nn.standardize: (x - mean) / sqrt(variance + epsilon) over some axes: what layer, instance and
// group normalization share. Scale and bias are ordinary operators behind it, which fuse into it.
//
// Attributes: axis (list; as in reductions), epsilon, centered (false: x / sqrt(mean(x^2) +
// epsilon), RMS normalization).
#include <algorithm>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

Type infer_standardize(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  normal_axes(call, "axis", type.shape->size());
  if (!type.dtype->is_float()) {
    op_error(call, "needs a floating-point tensor, got " + to_string(*type.dtype));
  }
  return tensor_type(*type.shape, *type.dtype);
}

// How indices of the tensor, of its rows (the axes that stay) and inside a row belong together.
struct Rows {
  std::vector<bool> is_inner;  // one an axis
  Shape outer, inner;

  Indices full(const Indices& row, const Indices& within) const {
    Indices index;
    std::size_t o = 0, k = 0;
    for (const bool in : is_inner) index.push_back(in ? within[k++] : row[o++]);
    return index;
  }
  Indices row_of(const Indices& index) const {
    Indices row;
    for (std::size_t i = 0; i < index.size(); ++i) {
      if (!is_inner[i]) row.push_back(index[i]);
    }
    return row;
  }
};

Rows rows_of(const Call& call) {
  const Shape shape = shape_arg(call, 0);
  const std::vector<std::size_t> axes = normal_axes(call, "axis", shape.size());
  Rows rows;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool in = std::binary_search(axes.begin(), axes.end(), i);
    rows.is_inner.push_back(in);
    (in ? rows.inner : rows.outer).push_back(shape[i]);
  }
  return rows;
}

tir::PrimFunc define_standardize(const Call& call, const Type& result) {
  const Rows rows = rows_of(call);
  const bool centered = attr_bool(call, "centered", true);
  const double epsilon = attr_float(call, "epsilon", 1e-5);
  Definition def(call, result, {"x"});
  const DataType dtype = dtype_of(result);
  const Expr count = product(rows.inner);
  const auto mean_of = [&](const Expr& sum) -> Expr {
    const auto n = tir::as_int(count);
    if (n && *n > 0) return sum * tir::constant(dtype, 1.0 / static_cast<double>(*n));
    return tir::binary(tir::BinaryOp::kDiv, sum, tir::cast(dtype, count));
  };
  tir::Buffer sum;
  if (centered) {
    sum = def.intermediate("sum", rows.outer, dtype);
    def.reduce("sum", sum, rows.inner, Combiner::kSum, [&](const Indices& i, const Indices& k) {
      return tir::load(def.input(0), rows.full(i, k));
    });
  }
  const auto deviation = [&](const Indices& index, const Indices& row) -> Expr {
    const Expr x = tir::load(def.input(0), index);
    return centered ? x - mean_of(tir::load(sum, row)) : x;
  };
  const tir::Buffer squares = def.intermediate("squares", rows.outer, dtype);
  def.reduce("squares", squares, rows.inner, Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               const Expr d = deviation(rows.full(i, k), i);
               return d * d;
             });
  const tir::Buffer scale = def.intermediate("scale", rows.outer, dtype);
  def.compute("scale", scale, [&](const Indices& i) {
    const Expr variance = mean_of(tir::load(squares, i)) + tir::constant(dtype, epsilon);
    return tir::binary(tir::BinaryOp::kDiv, tir::constant(dtype, 1),
                       tir::call(tir::Intrinsic::kSqrt, dtype, {variance}));
  });
  def.compute("standardize", def.output(), [&](const Indices& i) {
    const Indices row = rows.row_of(i);
    return deviation(i, row) * tir::load(scale, row);
  });
  return def.finish();
}

}  // namespace

const OpInfo kStandardize{"nn.standardize", 1, Pattern::kReduce, infer_standardize,
                          define_standardize};

}  // namespace tenon::relax
