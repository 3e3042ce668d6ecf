// nn.conv2d: two-dimensional convolution over plain (NCHW) or channel-blocked (NCHW16c) layouts.
//
// Attributes: strides, padding (top, left, bottom, right), dilation, groups, data_layout,
// out_layout (both NCHW or NCHW<x>c), kernel_layout (OIHW). The definition has a block `pad` when
// padding is not zero and one reduction block `conv`; the weight keeps OIHW and is repacked by
// schedules.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/layout.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

struct ConvAttrs {
  std::vector<std::int64_t> strides, padding, dilation;
  std::int64_t groups = 1;
  ImageLayout data, out;
};

ConvAttrs read_attrs(const Call& call) {
  ConvAttrs attrs;
  attrs.strides = attr_ints(call, "strides", std::vector<std::int64_t>{1, 1});
  attrs.padding = attr_ints(call, "padding", std::vector<std::int64_t>{0, 0, 0, 0});
  attrs.dilation = attr_ints(call, "dilation", std::vector<std::int64_t>{1, 1});
  attrs.groups = attr_int(call, "groups", 1);
  const std::string data = attr_string(call, "data_layout", "NCHW");
  attrs.data = parse_image_layout(data);
  attrs.out = parse_image_layout(attr_string(call, "out_layout", data));
  if (attrs.padding.size() == 2) {
    attrs.padding = {attrs.padding[0], attrs.padding[1], attrs.padding[0], attrs.padding[1]};
  }
  if (attrs.strides.size() != 2 || attrs.dilation.size() != 2 || attrs.padding.size() != 4) {
    op_error(call, "needs 2 strides, 2 dilations and 2 or 4 paddings");
  }
  return attrs;
}

Type infer_conv2d(const Call& call) {
  const ConvAttrs attrs = read_attrs(call);
  const Image image = image_of(call, 0, attrs.data);
  require_rank(call, 1, 4);
  const Shape weight = shape_arg(call, 1);
  if (dtype_arg(call, 0) != dtype_arg(call, 1)) {
    op_error(call, "data is " + to_string(dtype_arg(call, 0)) + " and weight is " +
                       to_string(dtype_arg(call, 1)) + "; both must be the same");
  }
  const Dim needed = simplify(weight[1] * tir::i64(attrs.groups));
  if (!proved_equal(image.channels, needed)) {
    op_error(call, "data has " + to_text({image.channels}) + " channels, weight " +
                       to_text(weight) + " with groups " + std::to_string(attrs.groups) +
                       " needs " + to_text({needed}));
  }
  const auto out_channels = tir::as_int(weight[0]);
  if (attrs.groups < 1 || (out_channels && *out_channels % attrs.groups != 0)) {
    op_error(call, "groups " + std::to_string(attrs.groups) + " does not divide the " +
                       to_text({weight[0]}) + " output channels");
  }
  Image out{image.batch, weight[0], {}, {}};
  out.height = window_extent(call, {image.height, weight[2], attrs.strides[0], attrs.dilation[0],
                                    attrs.padding[0], attrs.padding[2], false});
  out.width = window_extent(call, {image.width, weight[3], attrs.strides[1], attrs.dilation[1],
                                   attrs.padding[1], attrs.padding[3], false});
  return tensor_type(image_shape(call, out, attrs.out), dtype_arg(call, 0));
}

tir::PrimFunc define_conv2d(const Call& call, const Type& result) {
  const ConvAttrs attrs = read_attrs(call);
  Definition def(call, result, {"data", "weight"});
  const Shape& weight = tir::node(def.input(1)).shape;
  const Image image = image_of(call, 0, attrs.data);
  const DataType dtype = dtype_of(result);
  const tir::Buffer padded = pad_image(def, {.source = def.input(0),
                                             .layout = attrs.data,
                                             .image = image,
                                             .padding = attrs.padding,
                                             .value = tir::constant(dtype, 0)});
  const Expr group_size = simplify(tir::floor_div(weight[0], tir::i64(attrs.groups)));
  def.reduce(
      "conv2d", def.output(), {weight[1], weight[2], weight[3]}, Combiner::kSum,
      [&](const Indices& i, const Indices& k) {
        const ImagePoint out = image_point(attrs.out, i);
        Expr channel = k[0];
        if (attrs.groups > 1 && tir::is_int(weight[1], 1) && tir::is_int(group_size, 1)) {
          channel = out.channel;  // depthwise
        } else if (attrs.groups > 1) {
          channel = tir::floor_div(out.channel, group_size) * weight[1] + k[0];
        }
        const Expr y = out.y * tir::i64(attrs.strides[0]) + k[1] * tir::i64(attrs.dilation[0]);
        const Expr x = out.x * tir::i64(attrs.strides[1]) + k[2] * tir::i64(attrs.dilation[1]);
        return tir::load(padded, image_index(attrs.data, {out.batch, channel, y, x})) *
               tir::load(def.input(1), {out.channel, k[0], k[1], k[2]});
      });
  return def.finish();
}

}  // namespace

const OpInfo kConv2d{"nn.conv2d", 2, Pattern::kMatmul, infer_conv2d, define_conv2d};

}  // namespace tenon::relax
