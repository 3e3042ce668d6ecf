// Reductions over axes (sum, mean, max, min, prod).
//
// Attributes: axis (list; empty or absent: all), keepdims.
#include <algorithm>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

struct Split {
  std::vector<std::size_t> axes;  // reduced, ascending
  Shape kept, reduced;
};

Split split_axes(const Call& call) {
  const Shape shape = shape_arg(call, 0);
  Split split{normal_axes(call, "axis", shape.size()), {}, {}};
  const bool keepdims = attr_bool(call, "keepdims", false);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (std::binary_search(split.axes.begin(), split.axes.end(), i)) {
      split.reduced.push_back(shape[i]);
      if (keepdims) split.kept.push_back(tir::i64(1));
    } else {
      split.kept.push_back(shape[i]);
    }
  }
  return split;
}

Type infer_reduce(const Call& call) {
  return tensor_type(split_axes(call).kept, dtype_arg(call, 0));
}

Indices source_index(const Call& call, const Split& split, const Indices& i, const Indices& k) {
  const bool keepdims = attr_bool(call, "keepdims", false);
  Indices source;
  std::size_t out = 0, inner = 0;
  const std::size_t rank = shape_arg(call, 0).size();
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (std::binary_search(split.axes.begin(), split.axes.end(), axis)) {
      source.push_back(k[inner++]);
      if (keepdims) ++out;
    } else {
      source.push_back(i[out++]);
    }
  }
  return source;
}

template <Combiner combiner>
tir::PrimFunc define_reduce(const Call& call, const Type& result) {
  const Split split = split_axes(call);
  Definition def(call, result, {"x"});
  def.reduce(std::string(call.op->name), def.output(), split.reduced, combiner,
             [&](const Indices& i, const Indices& k) {
               return tir::load(def.input(0), source_index(call, split, i, k));
             });
  return def.finish();
}

tir::PrimFunc define_mean(const Call& call, const Type& result) {
  const Split split = split_axes(call);
  Definition def(call, result, {"x"});
  const DataType dtype = dtype_of(result);
  const tir::Buffer sum = def.intermediate("sum", split.kept, dtype);
  def.reduce("sum", sum, split.reduced, Combiner::kSum, [&](const Indices& i, const Indices& k) {
    return tir::load(def.input(0), source_index(call, split, i, k));
  });
  const Expr count = product(split.reduced);
  def.compute("mean", def.output(), [&](const Indices& i) -> Expr {
    const Expr total = tir::load(sum, i);
    const auto n = tir::as_int(count);
    if (n && *n > 0 && dtype.is_float()) {
      return total * tir::constant(dtype, 1.0 / static_cast<double>(*n));
    }
    return tir::binary(tir::BinaryOp::kDiv, total, tir::cast(dtype, count));
  });
  return def.finish();
}

}  // namespace

const OpInfo kSum{"sum", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kSum>};
const OpInfo kProd{"prod", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kProd>};
const OpInfo kMax{"max", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kMax>};
const OpInfo kMin{"min", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kMin>};
const OpInfo kMean{"mean", 1, Pattern::kReduce, infer_reduce, define_mean};

}  // namespace tenon::relax
