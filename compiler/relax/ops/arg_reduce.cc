// arg_max and arg_min: where along `axis` the extreme value is, as int64.
//
// Attributes: axis, keepdims, select_last_index (of several equal values the last; else the first).
// Two blocks: the extreme value, then the least (greatest) position that has it.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

std::size_t axis_of(const Call& call) {
  return normal_axis(call, attr_int(call, "axis", 0), shape_arg(call, 0).size());
}

Type infer_arg(const Call& call) {
  Shape shape = shape_arg(call, 0);
  const std::size_t axis = axis_of(call);
  if (tir::is_int(shape[axis], 0)) op_error(call, "an axis without elements has no extreme value");
  if (attr_bool(call, "keepdims", false)) {
    shape[axis] = tir::i64(1);
  } else {
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return tensor_type(shape, kInt64);
}

template <Combiner combiner>
tir::PrimFunc define_arg(const Call& call, const Type& result) {
  const Shape shape = shape_arg(call, 0);
  const std::size_t axis = axis_of(call);
  const bool keepdims = attr_bool(call, "keepdims", false);
  const bool is_last = attr_bool(call, "select_last_index", false);
  Definition def(call, result, {"x"});
  // An index of the result with `at` in the place of the axis.
  const auto with = [&](Indices index, const Expr& at) {
    const auto place = index.begin() + static_cast<std::ptrdiff_t>(axis);
    if (keepdims) {
      *place = at;
    } else {
      index.insert(place, at);
    }
    return index;
  };
  const tir::Buffer extreme = def.intermediate("extreme", shape_of(result), dtype_arg(call, 0));
  def.reduce("extreme", extreme, {shape[axis]}, combiner, [&](const Indices& i, const Indices& k) {
    return tir::load(def.input(0), with(i, k[0]));
  });
  const Expr otherwise = is_last ? tir::i64(0) : shape[axis] - tir::i64(1);
  def.reduce("position", def.output(), {shape[axis]}, is_last ? Combiner::kMax : Combiner::kMin,
             [&](const Indices& i, const Indices& k) {
               const Expr x = tir::load(def.input(0), with(i, k[0]));
               return tir::select(tir::equal(x, tir::load(extreme, i)), k[0], otherwise);
             });
  return def.finish();
}

}  // namespace

const OpInfo kArgMax{"arg_max", 1, Pattern::kReduce, infer_arg, define_arg<Combiner::kMax>};
const OpInfo kArgMin{"arg_min", 1, Pattern::kReduce, infer_arg, define_arg<Combiner::kMin>};

}  // namespace tenon::relax
