// nn.interpolate: along one axis, weighted sums of a few elements by table. Every resampling
// (nearest, linear, cubic, antialiased; any convention of coordinates) is such a table.
//
// Arguments: x; positions int64 (out, taps); weights of x's type (out, taps). Attribute: axis.
//   out[.., i, ..] = sum over t of x[.., positions[i, t], ..] * weights[i, t]
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

Type infer_interpolate(const Call& call) {
  Shape shape = shape_arg(call, 0);
  require_rank(call, 1, 2);
  require_rank(call, 2, 2);
  const std::size_t axis = normal_axis(call, attr_int(call, "axis"), shape.size());
  const Shape positions = shape_arg(call, 1), weights = shape_arg(call, 2);
  if (!proved_equal(positions[0], weights[0]) || !proved_equal(positions[1], weights[1])) {
    op_error(call, "positions " + to_text(positions) + " and weights " + to_text(weights) +
                       " need equal shapes");
  }
  if (dtype_arg(call, 1) != kInt64 || dtype_arg(call, 2) != dtype_arg(call, 0)) {
    op_error(call, "positions must be int64 and weights " + to_string(dtype_arg(call, 0)));
  }
  shape[axis] = positions[0];
  return tensor_type(shape, dtype_arg(call, 0));
}

tir::PrimFunc define_interpolate(const Call& call, const Type& result) {
  Definition def(call, result, {"x", "positions", "weights"});
  const std::size_t axis = normal_axis(call, attr_int(call, "axis"), shape_of(result).size());
  const Dim taps = tir::node(def.input(1)).shape[1];
  def.reduce("interpolate", def.output(), {taps}, Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               Indices source = i;
               source[axis] = tir::load(def.input(1), {i[axis], k[0]});
               return tir::load(def.input(0), source) * tir::load(def.input(2), {i[axis], k[0]});
             });
  return def.finish();
}

}  // namespace

const OpInfo kInterpolate{"nn.interpolate", 3, Pattern::kReduce, infer_interpolate,
                          define_interpolate};

}  // namespace tenon::relax
