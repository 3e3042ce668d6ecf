// Image layouts of the two-dimensional operators: plain NCHW, or channels in blocks of x
// (NCHW<x>c).
#pragma once
#include <cstdint>
#include <string>

#include "compiler/relax/ops/define.h"

namespace tenon::relax {

struct ImageLayout {
  std::int64_t block = 1;  // channels a block; 1: NCHW, rank 4; else rank 5
  int rank() const { return block == 1 ? 4 : 5; }
};
// "NCHW" or "NCHW16c"; UserError otherwise.
ImageLayout parse_image_layout(const std::string& text);
std::string to_string(const ImageLayout& layout);

struct Image {
  Dim batch, channels, height, width;
};
// The image that argument i holds in that layout.
Image image_of(const Call& call, std::size_t i, const ImageLayout& layout);
// The shape of an image in a layout. The channels must be a multiple of the block.
Shape image_shape(const Call& call, const Image& image, const ImageLayout& layout);

struct ImagePoint {
  tir::Expr batch, channel, y, x;
};
// From indices of a tensor in `layout` to the logical point, and back.
ImagePoint image_point(const ImageLayout& layout, const Indices& index);
Indices image_index(const ImageLayout& layout, const ImagePoint& point);

struct Window {
  Dim extent;
  Dim kernel;
  std::int64_t stride, dilation, pad_before, pad_after;
  bool ceil_mode;
};
// Output extent of a sliding window: floor or ceil of (extent + pads - dilation*(kernel-1) - 1) /
// stride, plus 1; with ceil_mode the last window must start inside the input or left padding.
// UserError when the kernel is larger than the padded input.
Dim window_extent(const Call& call, const Window& window);

struct PadArgs {
  tir::Buffer source;
  ImageLayout layout;
  Image image;
  std::vector<std::int64_t> padding;  // top, left, bottom, right
  tir::Expr value;
};
// A block `pad` that copies the image into a padded buffer; the source itself when all are zero.
tir::Buffer pad_image(Definition& def, const PadArgs& args);

}  // namespace tenon::relax
