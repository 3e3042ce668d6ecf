// Operators that pick elements by position: gather_elements, gather_nd, tile, lower_triangle,
// upper_triangle, iota, cumulative_sum, cumulative_product.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

void require_integers(const Call& call, std::size_t i) {
  if (dtype_arg(call, i).is_integer() && !dtype_arg(call, i).is_bool()) return;
  op_error(call, "indices must be integers, got " + to_string(dtype_arg(call, i)));
}

// Negative indices count from the end; others outside the axis are clamped.
Expr position(const Expr& index, const Dim& extent) {
  Expr k = tir::cast(kInt64, index);
  k = tir::select(tir::less(k, tir::i64(0)), k + extent, k);
  return tir::max(tir::min(k, extent - tir::i64(1)), tir::i64(0));
}

// gather_elements: out[i] = x[i with indices[i] on the axis].
Type infer_gather_elements(const Call& call) {
  const Shape data = shape_arg(call, 0), index = shape_arg(call, 1);
  require_integers(call, 1);
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), data.size());
  if (index.size() != data.size()) {
    op_error(call, "data of shape " + to_text(data) + " and indices of shape " + to_text(index) +
                       " need equal ranks");
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto has = tir::as_int(data[i]), needed = tir::as_int(index[i]);
    if (i == axis ? (has && needed && *has == 0 && *needed > 0) : has && needed && *needed > *has) {
      op_error(call, "indices of shape " + to_text(index) + " reach beyond data of shape " +
                         to_text(data) + " at axis " + std::to_string(i));
    }
  }
  return tensor_type(index, dtype_arg(call, 0));
}

tir::PrimFunc define_gather_elements(const Call& call, const Type& result) {
  Definition def(call, result, {"x", "indices"});
  const Shape& data = tir::node(def.input(0)).shape;
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), data.size());
  def.compute("gather_elements", def.output(), [&](const Indices& i) {
    Indices source = i;
    source[axis] = position(tir::load(def.input(1), i), data[axis]);
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

// gather_nd: the last axis of the indices is a position in the data's axes behind `batch_dims`.
std::size_t index_depth(const Call& call) {
  const Shape data = shape_arg(call, 0), index = shape_arg(call, 1);
  const std::int64_t batch = attr_int(call, "batch_dims", 0);
  if (batch < 0 || index.empty() || static_cast<std::size_t>(batch) >= index.size() ||
      static_cast<std::size_t>(batch) > data.size()) {
    op_error(call, "batch_dims " + std::to_string(batch) + " does not fit shapes " + to_text(data) +
                       " and " + to_text(index));
  }
  const auto depth = tir::as_int(index.back());
  if (!depth || *depth < 1 || batch + *depth > static_cast<std::int64_t>(data.size())) {
    op_error(call, "indices of shape " + to_text(index) + " do not fit data of shape " +
                       to_text(data) + ": their last extent counts axes of the data");
  }
  return static_cast<std::size_t>(*depth);
}

Type infer_gather_nd(const Call& call) {
  const Shape data = shape_arg(call, 0), index = shape_arg(call, 1);
  require_integers(call, 1);
  const std::size_t depth = index_depth(call);
  const auto batch = static_cast<std::size_t>(attr_int(call, "batch_dims", 0));
  for (std::size_t i = 0; i < batch; ++i) {
    if (!proved_equal(data[i], index[i])) {
      op_error(call, "shapes " + to_text(data) + " and " + to_text(index) +
                         " differ in batch axis " + std::to_string(i));
    }
  }
  Shape out(index.begin(), index.end() - 1);
  out.insert(out.end(), data.begin() + static_cast<std::ptrdiff_t>(batch + depth), data.end());
  return tensor_type(out, dtype_arg(call, 0));
}

tir::PrimFunc define_gather_nd(const Call& call, const Type& result) {
  Definition def(call, result, {"x", "indices"});
  const Shape& data = tir::node(def.input(0)).shape;
  const std::size_t depth = index_depth(call);
  const auto batch = static_cast<std::size_t>(attr_int(call, "batch_dims", 0));
  const std::size_t lead = tir::node(def.input(1)).shape.size() - 1;
  def.compute("gather_nd", def.output(), [&](const Indices& i) {
    Indices where(i.begin(), i.begin() + static_cast<std::ptrdiff_t>(lead));
    Indices source(i.begin(), i.begin() + static_cast<std::ptrdiff_t>(batch));
    where.push_back(tir::i64(0));
    for (std::size_t k = 0; k < depth; ++k) {
      where.back() = tir::i64(static_cast<std::int64_t>(k));
      source.push_back(position(tir::load(def.input(1), where), data[batch + k]));
    }
    source.insert(source.end(), i.begin() + static_cast<std::ptrdiff_t>(lead), i.end());
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

// tile: the tensor `repeats` times along each axis.
Type infer_tile(const Call& call) {
  Shape shape = shape_arg(call, 0);
  const auto repeats = attr_ints(call, "repeats");
  if (repeats.size() != shape.size()) {
    op_error(call, "needs " + std::to_string(shape.size()) + " repeats, got " +
                       std::to_string(repeats.size()));
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i] < 0) op_error(call, "a repeat is negative: " + std::to_string(repeats[i]));
    shape[i] = simplify(shape[i] * tir::i64(repeats[i]));
  }
  return tensor_type(shape, dtype_arg(call, 0));
}

tir::PrimFunc define_tile(const Call& call, const Type& result) {
  Definition def(call, result, {"x"});
  const Shape& shape = tir::node(def.input(0)).shape;
  const auto repeats = attr_ints(call, "repeats");
  def.compute("tile", def.output(), [&](const Indices& i) {
    Indices source = i;
    for (std::size_t axis = 0; axis < i.size(); ++axis) {
      if (repeats[axis] == 1) continue;
      source[axis] =
          tir::is_int(shape[axis], 1) ? tir::i64(0) : tir::floor_mod(i[axis], shape[axis]);
    }
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

// lower_triangle and upper_triangle: zero above (below) the k-th diagonal of the last two axes;
// attribute k.
Type infer_triangle(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  if (type.shape->size() < 2) op_error(call, "a tensor of rank 2 or more is needed");
  return tensor_type(*type.shape, *type.dtype);
}

template <bool is_lower>
tir::PrimFunc define_triangle(const Call& call, const Type& result) {
  Definition def(call, result, {"x"});
  const Expr diagonal = tir::i64(attr_int(call, "k", 0));
  def.compute(std::string(call.op->name), def.output(), [&](const Indices& i) {
    const Expr row = i[i.size() - 2], column = i[i.size() - 1];
    const Expr keeps = is_lower ? tir::less_equal(column, row + diagonal)
                                : tir::less_equal(row + diagonal, column);
    return tir::select(keeps, tir::load(def.input(0), i), tir::constant(dtype_of(result), 0));
  });
  return def.finish();
}

// iota: `start` + i * `step` for the shape's one extent; attributes start, step, dtype.
Type infer_iota(const Call& call) {
  const auto* shape = call.args.at(0).as<ShapeExpr>();
  if (!shape || shape->values.size() != 1) op_error(call, "needs a shape of one extent");
  return tensor_type(shape->values, parse_dtype(attr_string(call, "dtype", "int64")));
}

tir::PrimFunc define_iota(const Call& call, const Type& result) {
  Definition def(call, result);
  const DataType dtype = dtype_of(result);
  def.compute("iota", def.output(), [&](const Indices& i) -> Expr {
    if (dtype.is_float()) {
      return tir::constant(dtype, attr_float(call, "start", 0.0)) +
             tir::cast(dtype, i[0]) * tir::constant(dtype, attr_float(call, "step", 1.0));
    }
    return tir::cast(
        dtype, tir::i64(attr_int(call, "start", 0)) + i[0] * tir::i64(attr_int(call, "step", 1)));
  });
  return def.finish();
}

// cumulative_sum: sums along `axis` up to each element (before it when exclusive; from the end when
// reverse).
Type infer_cumulative(const Call& call) {
  const TensorType type = tensor_arg(call, 0);
  normal_axis(call, attr_int(call, "axis", 0), type.shape->size());
  return tensor_type(*type.shape, *type.dtype);
}

template <Combiner combiner>
tir::PrimFunc define_cumulative(const Call& call, const Type& result) {
  Definition def(call, result, {"x"});
  const Shape& shape = shape_of(result);
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), shape.size());
  const bool exclusive = attr_bool(call, "exclusive", false);
  const bool reverse = attr_bool(call, "reverse", false);
  def.reduce(std::string(call.op->name), def.output(), {shape[axis]}, combiner,
             [&](const Indices& i, const Indices& k) {
               Indices source = i;
               source[axis] = k[0];
               const Expr first = reverse ? i[axis] : k[0], last = reverse ? k[0] : i[axis];
               const Expr counts =
                   exclusive ? tir::less(first, last) : tir::less_equal(first, last);
               return tir::select(counts, tir::load(def.input(0), source),
                                  identity_of(combiner, dtype_of(result)));
             });
  return def.finish();
}

constexpr Pattern kInj = Pattern::kInjective;

}  // namespace

const OpInfo kGatherElements{"gather_elements", 2, kInj, infer_gather_elements,
                             define_gather_elements};
const OpInfo kGatherNd{"gather_nd", 2, kInj, infer_gather_nd, define_gather_nd};
const OpInfo kTile{"tile", 1, kInj, infer_tile, define_tile};
const OpInfo kLowerTriangle{"lower_triangle", 1, Pattern::kBroadcast, infer_triangle,
                            define_triangle<true>};
const OpInfo kUpperTriangle{"upper_triangle", 1, Pattern::kBroadcast, infer_triangle,
                            define_triangle<false>};
const OpInfo kIota{"iota", 1, kInj, infer_iota, define_iota};
const OpInfo kCumulativeSum{"cumulative_sum", 1, Pattern::kReduce, infer_cumulative,
                            define_cumulative<Combiner::kSum>};
const OpInfo kCumulativeProduct{"cumulative_product", 1, Pattern::kReduce, infer_cumulative,
                                define_cumulative<Combiner::kProd>};

}  // namespace tenon::relax
