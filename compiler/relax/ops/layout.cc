#include "compiler/relax/ops/layout.h"

#include <algorithm>
#include <charconv>

#include "compiler/relax/ops/infer.h"
#include "compiler/support/error.h"

namespace tenon::relax {

ImageLayout parse_image_layout(const std::string& text) {
  if (text == "NCHW") return {};
  ImageLayout layout;
  const char* begin = text.data() + 4;
  const char* end = text.data() + text.size();
  if (text.starts_with("NCHW") && text.size() > 5 && text.back() == 'c') {
    const auto [stop, error] = std::from_chars(begin, end - 1, layout.block);
    if (error == std::errc{} && stop == end - 1 && layout.block > 1) return layout;
  }
  throw UserError("layout \"" + text + "\" is unknown; needed: NCHW or NCHW<block>c");
}

std::string to_string(const ImageLayout& layout) {
  return layout.block == 1 ? "NCHW" : "NCHW" + std::to_string(layout.block) + "c";
}

Image image_of(const Call& call, std::size_t i, const ImageLayout& layout) {
  require_rank(call, i, static_cast<std::size_t>(layout.rank()));
  const Shape shape = shape_arg(call, i);
  if (layout.block == 1) return {shape[0], shape[1], shape[2], shape[3]};
  return {shape[0], simplify(shape[1] * shape[4]), shape[2], shape[3]};
}

Shape image_shape(const Call& call, const Image& image, const ImageLayout& layout) {
  if (layout.block == 1) return {image.batch, image.channels, image.height, image.width};
  const auto channels = tir::as_int(image.channels);
  if (!channels || *channels % layout.block != 0) {
    op_error(call, "layout " + to_string(layout) + " needs channels in blocks of " +
                       std::to_string(layout.block) + ", got " + to_text({image.channels}));
  }
  return {image.batch, tir::i64(*channels / layout.block), image.height, image.width,
          tir::i64(layout.block)};
}

ImagePoint image_point(const ImageLayout& layout, const Indices& index) {
  if (layout.block == 1) return {index[0], index[1], index[2], index[3]};
  return {index[0], index[1] * tir::i64(layout.block) + index[4], index[2], index[3]};
}

Indices image_index(const ImageLayout& layout, const ImagePoint& point) {
  if (layout.block == 1) return {point.batch, point.channel, point.y, point.x};
  const tir::Expr block = tir::i64(layout.block);
  return {point.batch, simplify(tir::floor_div(point.channel, block)), point.y, point.x,
          simplify(tir::floor_mod(point.channel, block))};
}

Dim window_extent(const Call& call, const Window& w) {
  const Dim padded = w.extent + tir::i64(w.pad_before + w.pad_after);
  const Dim span = simplify(padded - (w.kernel - tir::i64(1)) * tir::i64(w.dilation) - tir::i64(1));
  const auto value = tir::as_int(span);
  if (value && *value < 0) {
    op_error(call, "kernel " + to_text({w.kernel}) + " with dilation " +
                       std::to_string(w.dilation) + " is larger than the padded input " +
                       to_text({simplify(padded)}));
  }
  if (w.stride < 1 || w.dilation < 1) op_error(call, "strides and dilations must be at least 1");
  const Dim stride = tir::i64(w.stride);
  if (!w.ceil_mode) return simplify(tir::floor_div(span, stride) + tir::i64(1));
  const Dim up = tir::floor_div(span + tir::i64(w.stride - 1), stride) + tir::i64(1);
  // A window that would start in the right padding is dropped.
  const Dim inside = tir::floor_div(w.extent + tir::i64(w.pad_before - 1), stride) + tir::i64(1);
  return simplify(tir::min(up, inside));
}

tir::Buffer pad_image(Definition& def, const PadArgs& args) {
  const auto& p = args.padding;
  if (std::all_of(p.begin(), p.end(), [](std::int64_t x) { return x == 0; })) return args.source;
  Shape shape = tir::node(args.source).shape;
  shape[2] = simplify(shape[2] + tir::i64(p[0] + p[2]));
  shape[3] = simplify(shape[3] + tir::i64(p[1] + p[3]));
  const tir::Buffer padded = def.intermediate("padded", shape, tir::node(args.source).dtype);
  def.compute("pad", padded, [&](const Indices& i) {
    Indices inner = i;
    tir::Expr inside;
    const auto require = [&](const tir::Expr& condition) {
      inside = inside ? tir::logical_and(inside, condition) : condition;
    };
    const auto bound = [&](std::size_t axis, std::int64_t before, std::int64_t after,
                           const Dim& extent) {
      if (before > 0) require(tir::less_equal(tir::i64(before), i[axis]));
      if (after > 0) require(tir::less(i[axis], simplify(extent + tir::i64(before))));
      if (before > 0) inner[axis] = i[axis] - tir::i64(before);
    };
    bound(2, p[0], p[2], args.image.height);
    bound(3, p[1], p[3], args.image.width);
    return tir::if_then_else(inside, tir::load(args.source, inner), args.value);
  });
  return padded;
}

}  // namespace tenon::relax
