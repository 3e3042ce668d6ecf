// Operators that move elements: reshape, permute_dims, concat, take, broadcast_to, expand_dims,
// squeeze, flatten, strided_slice, layout_transform.
#include <algorithm>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/layout.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

const Shape& target_shape(const Call& call, std::size_t i) {
  const auto* shape = call.args.at(i).as<ShapeExpr>();
  if (!shape) op_error(call, "argument " + std::to_string(i) + " is no shape");
  return shape->values;
}

Type infer_reshape(const Call& call) {
  const Shape& to = target_shape(call, 1);
  const Dim before = product(shape_arg(call, 0)), after = product(to);
  if (!proved_equal(before, after)) {
    op_error(call, "shape " + to_text(shape_arg(call, 0)) + " has " + to_text({before}) +
                       " elements, " + to_text(to) + " has " + to_text({after}));
  }
  return tensor_type(to, dtype_arg(call, 0));
}

// The same row-major position in another shape.
tir::PrimFunc define_flat(const Call& call, const Type& result) {
  Definition def(call, result, {"x"});
  const Shape& from = tir::node(def.input(0)).shape;
  const Shape& to = shape_of(result);
  def.compute("reshape", def.output(), [&](const Indices& i) {
    Expr flat = tir::i64(0);
    for (std::size_t axis = 0; axis < to.size(); ++axis) flat = flat * to[axis] + i[axis];
    Indices source(from.size());
    for (std::size_t axis = from.size(); axis-- > 0;) {
      source[axis] = axis == 0 ? flat : tir::floor_mod(flat, from[axis]);
      flat = tir::floor_div(flat, from[axis]);
    }
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      source[axis] = tir::is_int(from[axis], 1) ? tir::i64(0) : simplify(source[axis]);
    }
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

Type infer_flatten(const Call& call) {
  const Shape shape = shape_arg(call, 0);
  const std::int64_t given = attr_int(call, "axis", 1);
  const auto rank = static_cast<std::int64_t>(shape.size());
  if (given < -rank || given > rank) op_error(call, "axis is outside the tensor");
  const auto axis = static_cast<std::ptrdiff_t>(given < 0 ? given + rank : given);
  return tensor_type({product(Shape(shape.begin(), shape.begin() + axis)),
                      product(Shape(shape.begin() + axis, shape.end()))},
                     dtype_arg(call, 0));
}

Type infer_expand_dims(const Call& call) {
  Shape shape = shape_arg(call, 0);
  std::vector<std::int64_t> axes = attr_ints(call, "axis");
  const std::size_t rank = shape.size() + axes.size();
  std::vector<std::size_t> at;
  for (const std::int64_t axis : axes) at.push_back(normal_axis(call, axis, rank));
  std::sort(at.begin(), at.end());
  if (std::adjacent_find(at.begin(), at.end()) != at.end()) op_error(call, "an axis is repeated");
  for (const std::size_t axis : at) {
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), tir::i64(1));
  }
  return tensor_type(shape, dtype_arg(call, 0));
}

Type infer_squeeze(const Call& call) {
  const Shape shape = shape_arg(call, 0);
  const auto given = attr_ints(call, "axis", std::vector<std::int64_t>{});
  std::vector<bool> drop(shape.size(), false);
  for (std::size_t i = 0; i < shape.size() && given.empty(); ++i) {
    drop[i] = tir::is_int(shape[i], 1);
  }
  for (const std::int64_t axis : given) drop[normal_axis(call, axis, shape.size())] = true;
  Shape out;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!drop[i]) {
      out.push_back(shape[i]);
    } else if (!proved_equal(shape[i], tir::i64(1))) {
      op_error(call, "axis " + std::to_string(i) + " of " + to_text(shape) + " is not 1");
    }
  }
  return tensor_type(out, dtype_arg(call, 0));
}

std::vector<std::size_t> permutation(const Call& call) {
  const std::size_t rank = shape_arg(call, 0).size();
  const auto given = attr_ints(call, "axes", std::vector<std::int64_t>{});
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < rank && given.empty(); ++i) axes.push_back(rank - 1 - i);
  for (const std::int64_t axis : given) axes.push_back(normal_axis(call, axis, rank));
  std::vector<std::size_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() != rank || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    op_error(call, "axes are no permutation of a tensor of rank " + std::to_string(rank));
  }
  return axes;
}

Type infer_permute(const Call& call) {
  const Shape shape = shape_arg(call, 0);
  Shape out;
  for (const std::size_t axis : permutation(call)) out.push_back(shape[axis]);
  return tensor_type(out, dtype_arg(call, 0));
}

tir::PrimFunc define_permute(const Call& call, const Type& result) {
  const std::vector<std::size_t> axes = permutation(call);
  Definition def(call, result, {"x"});
  def.compute("permute_dims", def.output(), [&](const Indices& i) {
    Indices source(axes.size());
    for (std::size_t k = 0; k < axes.size(); ++k) source[axes[k]] = i[k];
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

Type infer_concat(const Call& call) {
  const std::vector<Type> parts = tuple_arg(call, 0);
  Shape out = shape_of(parts[0]);
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), out.size());
  for (std::size_t p = 1; p < parts.size(); ++p) {
    const Shape& shape = shape_of(parts[p]);
    if (shape.size() != out.size() || dtype_of(parts[p]) != dtype_of(parts[0])) {
      op_error(call, "part " + std::to_string(p) + " has another rank or element type");
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i != axis && !proved_equal(shape[i], out[i])) {
        op_error(call, "part " + std::to_string(p) + " has shape " + to_text(shape) +
                           ", which differs from " + to_text(out) + " at axis " +
                           std::to_string(i));
      }
    }
    out[axis] = simplify(out[axis] + shape[axis]);
  }
  return tensor_type(out, dtype_of(parts[0]));
}

tir::PrimFunc define_concat(const Call& call, const Type& result) {
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), shape_of(result).size());
  Definition def(call, result);
  def.compute("concat", def.output(), [&](const Indices& i) {
    Expr start = tir::i64(0);
    std::vector<Expr> starts;
    for (int p = 0; p < def.num_inputs(); ++p) {
      starts.push_back(start);
      start = simplify(start + tir::node(def.input(p)).shape[axis]);
    }
    Expr value;
    for (int p = def.num_inputs(); p-- > 0;) {
      const Expr& begin = starts[static_cast<std::size_t>(p)];
      Indices source = i;
      source[axis] = simplify(i[axis] - begin);
      const Expr part = tir::load(def.input(p), source);
      value = value ? tir::if_then_else(
                          tir::less(i[axis], simplify(begin + tir::node(def.input(p)).shape[axis])),
                          part, value)
                    : part;
    }
    return value;
  });
  return def.finish();
}

Type infer_take(const Call& call) {
  const Shape data = shape_arg(call, 0), index = shape_arg(call, 1);
  if (!dtype_arg(call, 1).is_integer()) op_error(call, "indices must be integers");
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), data.size());
  Shape out(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(axis));
  out.insert(out.end(), index.begin(), index.end());
  out.insert(out.end(), data.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.end());
  return tensor_type(out, dtype_arg(call, 0));
}

// Negative indices count from the end; others outside the axis are clamped.
tir::PrimFunc define_take(const Call& call, const Type& result) {
  Definition def(call, result, {"x", "indices"});
  const Shape& data = tir::node(def.input(0)).shape;
  const std::size_t index_rank = tir::node(def.input(1)).shape.size();
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), data.size());
  def.compute("take", def.output(), [&](const Indices& i) {
    const auto at = i.begin() + static_cast<std::ptrdiff_t>(axis);
    const auto after = at + static_cast<std::ptrdiff_t>(index_rank);
    Expr k = tir::cast(kInt64, tir::load(def.input(1), Indices(at, after)));
    k = tir::select(tir::less(k, tir::i64(0)), k + data[axis], k);
    k = tir::max(tir::min(k, data[axis] - tir::i64(1)), tir::i64(0));
    Indices source(i.begin(), at);
    source.push_back(k);
    source.insert(source.end(), after, i.end());
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

Type infer_broadcast_to(const Call& call) {
  const Shape& to = target_shape(call, 1);
  const Shape shape = broadcast_shapes(call, shape_arg(call, 0), to);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape.size() != to.size() || !proved_equal(shape[i], to[i])) {
      op_error(call,
               "shape " + to_text(shape_arg(call, 0)) + " does not broadcast to " + to_text(to));
    }
  }
  return tensor_type(to, dtype_arg(call, 0));
}

tir::PrimFunc define_broadcast_to(const Call& call, const Type& result) {
  Definition def(call, result, {"x"});
  const Shape& from = tir::node(def.input(0)).shape;
  def.compute("broadcast_to", def.output(),
              [&](const Indices& i) { return tir::load(def.input(0), broadcast_index(from, i)); });
  return def.finish();
}

struct Slice {
  std::size_t axis;
  std::int64_t begin, stride, extent;
};

// Constant bounds over constant extents; bounds outside the axis are clamped, as in NumPy.
std::vector<Slice> slices_of(const Call& call) {
  const Shape shape = shape_arg(call, 0);
  const auto axes = attr_ints(call, "axes"), begin = attr_ints(call, "begin");
  const auto end = attr_ints(call, "end");
  const auto strides = attr_ints(call, "strides", std::vector<std::int64_t>(axes.size(), 1));
  if (begin.size() != axes.size() || end.size() != axes.size() || strides.size() != axes.size()) {
    op_error(call, "axes, begin, end and strides must have equal lengths");
  }
  std::vector<Slice> slices;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::size_t axis = normal_axis(call, axes[k], shape.size());
    const auto extent = tir::as_int(shape[axis]);
    if (!extent) op_error(call, "axis " + std::to_string(axis) + " of symbolic extent is sliced");
    if (strides[k] == 0) op_error(call, "stride 0");
    // A longer stride than the axis takes one element, as one of its length does.
    const std::int64_t n = *extent, longest = std::max<std::int64_t>(n, 1);
    const std::int64_t s = std::clamp(strides[k], -longest, longest);
    const std::int64_t low = s > 0 ? 0 : -1, high = s > 0 ? n : n - 1;
    const auto clamp = [&](std::int64_t x) { return std::clamp(x < 0 ? x + n : x, low, high); };
    const std::int64_t b = clamp(begin[k]), e = clamp(end[k]);
    const std::int64_t span = s > 0 ? e - b : b - e;
    const std::int64_t step = s > 0 ? s : -s;
    slices.push_back({axis, b, s, std::max<std::int64_t>(0, (span + step - 1) / step)});
  }
  return slices;
}

Type infer_slice(const Call& call) {
  Shape shape = shape_arg(call, 0);
  for (const Slice& slice : slices_of(call)) shape[slice.axis] = tir::i64(slice.extent);
  return tensor_type(shape, dtype_arg(call, 0));
}

tir::PrimFunc define_slice(const Call& call, const Type& result) {
  const std::vector<Slice> slices = slices_of(call);
  Definition def(call, result, {"x"});
  def.compute("strided_slice", def.output(), [&](const Indices& i) {
    Indices source = i;
    for (const Slice& s : slices) {
      source[s.axis] = i[s.axis] * tir::i64(s.stride) + tir::i64(s.begin);
    }
    return tir::load(def.input(0), source);
  });
  return def.finish();
}

Type infer_layout_transform(const Call& call) {
  const ImageLayout from = parse_image_layout(attr_string(call, "src_layout"));
  const ImageLayout to = parse_image_layout(attr_string(call, "dst_layout"));
  return tensor_type(image_shape(call, image_of(call, 0, from), to), dtype_arg(call, 0));
}

tir::PrimFunc define_layout_transform(const Call& call, const Type& result) {
  const ImageLayout from = parse_image_layout(attr_string(call, "src_layout"));
  const ImageLayout to = parse_image_layout(attr_string(call, "dst_layout"));
  Definition def(call, result, {"x"});
  def.compute("layout_transform", def.output(), [&](const Indices& i) {
    return tir::load(def.input(0), image_index(from, image_point(to, i)));
  });
  return def.finish();
}

constexpr Pattern kInj = Pattern::kInjective;

}  // namespace

const OpInfo kReshape{"reshape", 2, kInj, infer_reshape, define_flat};
const OpInfo kFlatten{"flatten", 1, kInj, infer_flatten, define_flat};
const OpInfo kExpandDims{"expand_dims", 1, kInj, infer_expand_dims, define_flat};
const OpInfo kSqueeze{"squeeze", 1, kInj, infer_squeeze, define_flat};
const OpInfo kPermuteDims{"permute_dims", 1, kInj, infer_permute, define_permute};
const OpInfo kConcat{"concat", 1, kInj, infer_concat, define_concat};
const OpInfo kTake{"take", 2, kInj, infer_take, define_take};
const OpInfo kBroadcastTo{"broadcast_to", 2, kInj, infer_broadcast_to, define_broadcast_to};
const OpInfo kStridedSlice{"strided_slice", 1, kInj, infer_slice, define_slice};
const OpInfo kLayoutTransform{"layout_transform", 1, kInj, infer_layout_transform,
                              define_layout_transform};

}  // namespace tenon::relax
