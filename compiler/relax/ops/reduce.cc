// Reductions over axes (sum, mean, max, min, prod) and softmax.
//
// Attributes of reductions: axis (list; empty or absent: all), keepdims. Of softmax: axis.
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
    if (const auto n = tir::as_int(count)) {
      return total * tir::constant(dtype, 1.0 / static_cast<double>(*n));
    }
    return tir::binary(tir::BinaryOp::kDiv, total, tir::cast(dtype, count));
  });
  return def.finish();
}

Type infer_softmax(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  normal_axis(call, attr_int(call, "axis", -1), type.shape->size());
  if (!type.dtype->is_float()) {
    op_error(call, "needs a floating-point tensor, got " + to_string(*type.dtype));
  }
  return tensor_type(*type.shape, *type.dtype);
}

// Four blocks: the row's maximum, exp(x - maximum), the row's sum, the quotient.
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
  def.compute("softmax", def.output(), [&](const Indices& i) {
    return tir::binary(tir::BinaryOp::kDiv, tir::load(exponent, i), tir::load(sum, row(i)));
  });
  return def.finish();
}

}  // namespace

const OpInfo kSum{"sum", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kSum>};
const OpInfo kProd{"prod", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kProd>};
const OpInfo kMax{"max", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kMax>};
const OpInfo kMin{"min", 1, Pattern::kReduce, infer_reduce, define_reduce<Combiner::kMin>};
const OpInfo kMean{"mean", 1, Pattern::kReduce, infer_reduce, define_mean};
const OpInfo kSoftmax{"nn.softmax", 1, Pattern::kReduce, infer_softmax, define_softmax};

}  // namespace tenon::relax
