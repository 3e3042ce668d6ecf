// nn.max_pool2d and nn.avg_pool2d: sliding windows over plain or channel-blocked images.
//
// Attributes: pool_size, strides, padding (top, left, bottom, right), dilation, ceil_mode, layout,
// and for the average count_include_pad. The average divides by the number of elements inside the
// image (or inside the padded image when count_include_pad).
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/layout.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

struct PoolAttrs {
  std::vector<std::int64_t> size, strides, padding, dilation;
  bool ceil_mode = false;
  bool count_include_pad = false;
  ImageLayout layout;
};

PoolAttrs read_attrs(const Call& call) {
  PoolAttrs attrs;
  attrs.size = attr_ints(call, "pool_size");
  attrs.strides = attr_ints(call, "strides", std::vector<std::int64_t>{1, 1});
  attrs.padding = attr_ints(call, "padding", std::vector<std::int64_t>{0, 0, 0, 0});
  attrs.dilation = attr_ints(call, "dilation", std::vector<std::int64_t>{1, 1});
  attrs.ceil_mode = attr_bool(call, "ceil_mode", false);
  attrs.count_include_pad = attr_bool(call, "count_include_pad", false);
  attrs.layout = parse_image_layout(attr_string(call, "layout", "NCHW"));
  if (attrs.size.size() != 2 || attrs.strides.size() != 2 || attrs.padding.size() != 4 ||
      attrs.dilation.size() != 2) {
    op_error(call, "needs 2 pool sizes, 2 strides, 2 dilations and 4 paddings");
  }
  return attrs;
}

Image out_image(const Call& call, const PoolAttrs& attrs) {
  const Image in = image_of(call, 0, attrs.layout);
  const auto extent = [&](const Dim& dim, std::size_t axis) {
    return window_extent(
        call, {dim, tir::i64(attrs.size[axis]), attrs.strides[axis], attrs.dilation[axis],
               attrs.padding[axis], attrs.padding[axis + 2], attrs.ceil_mode});
  };
  return {in.batch, in.channels, extent(in.height, 0), extent(in.width, 1)};
}

Type infer_pool(const Call& call) {
  const PoolAttrs attrs = read_attrs(call);
  return tensor_type(image_shape(call, out_image(call, attrs), attrs.layout), dtype_arg(call, 0));
}

// With ceil_mode the last window may reach past the padding: the padded buffer grows to hold it.
std::vector<std::int64_t> needed_padding(const Call& call, const PoolAttrs& attrs) {
  std::vector<std::int64_t> padding = attrs.padding;
  if (!attrs.ceil_mode) return padding;
  const Image in = image_of(call, 0, attrs.layout);
  const Image out = out_image(call, attrs);
  const Dim in_extent[2] = {in.height, in.width}, out_extent[2] = {out.height, out.width};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Dim reach = (out_extent[axis] - tir::i64(1)) * tir::i64(attrs.strides[axis]) +
                      tir::i64((attrs.size[axis] - 1) * attrs.dilation[axis] + 1);
    const auto missing =
        tir::as_int(simplify(reach - in_extent[axis] - tir::i64(attrs.padding[axis])));
    // Of a symbolic extent only the largest overhang is known.
    padding[axis + 2] = missing ? std::max(attrs.padding[axis + 2], *missing)
                                : attrs.padding[axis + 2] + attrs.strides[axis] - 1;
  }
  return padding;
}

tir::PrimFunc define_pool(const Call& call, const Type& result, Combiner combiner,
                          const std::string& name, bool into_output, Definition& def) {
  const PoolAttrs attrs = read_attrs(call);
  const DataType dtype = dtype_of(result);
  const tir::Buffer padded = pad_image(def, {.source = def.input(0),
                                             .layout = attrs.layout,
                                             .image = image_of(call, 0, attrs.layout),
                                             .padding = needed_padding(call, attrs),
                                             .value = identity_of(combiner, dtype)});
  const tir::Buffer target =
      into_output ? def.output() : def.intermediate("window_sum", shape_of(result), dtype);
  def.reduce(name, target, {tir::i64(attrs.size[0]), tir::i64(attrs.size[1])}, combiner,
             [&](const Indices& i, const Indices& k) {
               Indices source = i;
               source[2] = i[2] * tir::i64(attrs.strides[0]) + k[0] * tir::i64(attrs.dilation[0]);
               source[3] = i[3] * tir::i64(attrs.strides[1]) + k[1] * tir::i64(attrs.dilation[1]);
               return tir::load(padded, source);
             });
  if (into_output) return def.finish();
  const Image in = image_of(call, 0, attrs.layout);
  def.compute("avg_pool2d", def.output(), [&](const Indices& i) {
    // Elements of the window [start, start + size) that lie in [low, high), one axis.
    const auto count = [&](const Expr& at, std::size_t axis, const Dim& extent) -> Expr {
      const std::int64_t size = attrs.size[axis], dilation = attrs.dilation[axis];
      const std::int64_t before = attrs.padding[axis], after = attrs.padding[axis + 2];
      const bool whole = !attrs.ceil_mode && (attrs.count_include_pad || before + after == 0);
      if (whole) return tir::i64(size);
      const Expr start = at * tir::i64(attrs.strides[axis]) - tir::i64(before);
      const Expr low = tir::i64(attrs.count_include_pad ? -before : 0);
      const Expr high = attrs.count_include_pad ? extent + tir::i64(after) : extent;
      const Expr d = tir::i64(dilation);
      const Expr first = tir::max(tir::i64(0), tir::floor_div(low - start + d - tir::i64(1), d));
      const Expr last = tir::min(tir::i64(size), tir::floor_div(high - start + d - tir::i64(1), d));
      return tir::max(last - first, tir::i64(1));
    };
    const Expr elements = simplify(count(i[2], 0, in.height) * count(i[3], 1, in.width));
    const Expr sum = tir::load(target, i);
    if (const auto n = tir::as_int(elements)) {
      return sum * tir::constant(dtype, 1.0 / static_cast<double>(*n));
    }
    return tir::binary(tir::BinaryOp::kDiv, sum, tir::cast(dtype, elements));
  });
  return def.finish();
}

tir::PrimFunc define_max(const Call& call, const Type& result) {
  Definition def(call, result, {"data"});
  return define_pool(call, result, Combiner::kMax, "max_pool2d", true, def);
}
tir::PrimFunc define_avg(const Call& call, const Type& result) {
  Definition def(call, result, {"data"});
  return define_pool(call, result, Combiner::kSum, "window_sum", false, def);
}

}  // namespace

const OpInfo kMaxPool2d{"nn.max_pool2d", 1, Pattern::kReduce, infer_pool, define_max};
const OpInfo kAvgPool2d{"nn.avg_pool2d", 1, Pattern::kReduce, infer_pool, define_avg};

}  // namespace tenon::relax
