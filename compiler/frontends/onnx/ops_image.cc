// Convolution, pooling, batch normalization over two-dimensional images.
#include <cmath>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;

struct WindowAttributes {
  std::vector<std::int64_t> kernel, strides, dilations, padding;  // padding: t, l, b, r
  bool ceil_mode = false;
};

// SAME pads so that the output has ceil(extent / stride) elements; UPPER puts the odd one last.
void same_padding(const NodeContext& node, WindowAttributes& w, bool is_upper) {
  const relax::Shape shape = *node.type(0).shape;
  w.padding.assign(4, 0);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const auto extent = tir::as_int(shape[axis + 2]);
    if (!extent) node.fail("auto_pad SAME over an image of symbolic size is not supported");
    const std::int64_t out = (*extent + w.strides[axis] - 1) / w.strides[axis];
    const std::int64_t reach = (w.kernel[axis] - 1) * w.dilations[axis] + 1;
    const std::int64_t total =
        std::max<std::int64_t>(0, (out - 1) * w.strides[axis] + reach - *extent);
    const std::int64_t small = total / 2;
    w.padding[axis] = is_upper ? small : total - small;
    w.padding[axis + 2] = is_upper ? total - small : small;
  }
}

WindowAttributes read_window(const NodeContext& node, std::vector<std::int64_t> kernel) {
  WindowAttributes w;
  w.kernel = std::move(kernel);
  if (w.kernel.size() != 2) {
    node.fail("has " + std::to_string(w.kernel.size()) + " spatial dimensions; 2 are supported");
  }
  const auto or_ones = [](std::vector<std::int64_t> values) {
    return values.empty() ? std::vector<std::int64_t>{1, 1} : values;
  };
  w.strides = or_ones(node.ints_attribute("strides"));
  w.dilations = or_ones(node.ints_attribute("dilations"));
  w.padding = node.ints_attribute("pads");
  w.ceil_mode = node.int_attribute("ceil_mode", 0) != 0;
  if (w.padding.empty()) w.padding = {0, 0, 0, 0};
  if (w.strides.size() != 2 || w.dilations.size() != 2 || w.padding.size() != 4) {
    node.fail("strides and dilations need 2 values, pads 4");
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (w.strides[i] < 1 || w.dilations[i] < 1 || w.kernel[i] < 1) {
      node.fail("kernel, strides and dilations must be at least 1");
    }
  }
  for (const std::int64_t pad : w.padding) {
    if (pad < 0) node.fail("negative pads are not supported");
  }
  const std::string auto_pad = node.string_attribute("auto_pad", "NOTSET");
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    same_padding(node, w, auto_pad == "SAME_UPPER");
  } else if (auto_pad == "VALID") {
    w.padding = {0, 0, 0, 0};
  } else if (auto_pad != "NOTSET") {
    node.fail("auto_pad \"" + auto_pad + "\" is unknown");
  }
  return w;
}

// (C) -> (1, C, 1, ...): what broadcasts over a tensor of that rank.
relax::Expr channel_shape(const NodeContext& node, const relax::Expr& vector, std::size_t rank) {
  const relax::Shape shape = relax::shape_of(relax::type_of(vector));
  if (shape.size() != 1) node.fail("a vector of one value a channel is needed");
  relax::Shape full(rank, tir::i64(1));
  full[1] = shape[0];
  return node.emit("reshape", {vector, relax::ShapeExpr{full}});
}

std::vector<Value> import_conv(const NodeContext& node) {
  const relax::Shape weight = *node.type(1).shape;
  std::vector<std::int64_t> kernel;
  for (std::size_t i = 2; i < weight.size(); ++i) {
    const auto extent = tir::as_int(weight[i]);
    if (!extent) node.fail("the kernel's size must be constant");
    kernel.push_back(*extent);
  }
  const auto given = node.ints_attribute("kernel_shape");
  if (!given.empty() && given != kernel) node.fail("kernel_shape differs from the weight's shape");
  const WindowAttributes w = read_window(node, kernel);
  relax::Expr result = node.emit("nn.conv2d", {node.tensor(0), node.tensor(1)},
                                 {{"strides", ints_attr(w.strides)},
                                  {"padding", ints_attr(w.padding)},
                                  {"dilation", ints_attr(w.dilations)},
                                  {"groups", int_attr(node.int_attribute("group", 1))}});
  if (node.has_input(2)) {
    result = node.emit("add", {result, channel_shape(node, node.tensor(2), 4)});
  }
  return {tensor_value(result)};
}

std::vector<Value> import_pool(const NodeContext& node, std::string_view op) {
  const WindowAttributes w = read_window(node, node.ints_attribute("kernel_shape"));
  if (node.num_outputs() > 1) node.fail("the indices output is not supported");
  tir::AttrMap attrs = {{"pool_size", ints_attr(w.kernel)},
                        {"strides", ints_attr(w.strides)},
                        {"padding", ints_attr(w.padding)},
                        {"dilation", ints_attr(w.dilations)},
                        {"ceil_mode", int_attr(w.ceil_mode)}};
  if (op == "nn.avg_pool2d") {
    attrs["count_include_pad"] = int_attr(node.int_attribute("count_include_pad", 0));
  }
  return {tensor_value(node.emit(op, {node.tensor(0)}, attrs))};
}

std::vector<Value> import_max_pool(const NodeContext& node) {
  return import_pool(node, "nn.max_pool2d");
}
std::vector<Value> import_average_pool(const NodeContext& node) {
  return import_pool(node, "nn.avg_pool2d");
}

std::vector<Value> import_global(const NodeContext& node, std::string_view op) {
  const std::size_t rank = node.rank(0);
  if (rank < 3) node.fail("a tensor of rank 3 or more is needed");
  std::vector<std::int64_t> axes;
  for (std::size_t i = 2; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  return {tensor_value(
      node.emit(op, {node.tensor(0)}, {{"axis", ints_attr(axes)}, {"keepdims", int_attr(1)}}))};
}
std::vector<Value> import_global_average(const NodeContext& node) {
  return import_global(node, "mean");
}
std::vector<Value> import_global_max(const NodeContext& node) { return import_global(node, "max"); }

// y = (x - mean) / sqrt(var + epsilon) * scale + bias, as x * s + t; constants are folded later.
std::vector<Value> import_batch_norm(const NodeContext& node) {
  if (node.int_attribute("training_mode", 0) != 0) node.fail("training_mode is not supported");
  const std::size_t rank = node.rank(0);
  if (rank < 2) node.fail("a tensor of rank 2 or more is needed");
  const relax::Expr epsilon =
      relax::scalar_constant(*node.type(0).dtype, node.float_attribute("epsilon", 1e-5));
  const relax::Expr deviation = node.emit("sqrt", {node.emit("add", {node.tensor(4), epsilon})});
  const relax::Expr scale = node.emit("divide", {node.tensor(1), deviation});
  const relax::Expr shift =
      node.emit("subtract", {node.tensor(2), node.emit("multiply", {node.tensor(3), scale})});
  const relax::Expr scaled =
      node.emit("multiply", {node.tensor(0), channel_shape(node, scale, rank)});
  return {tensor_value(node.emit("add", {scaled, channel_shape(node, shift, rank)}))};
}

}  // namespace

const std::vector<OperatorEntry>& image_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Conv", 1, import_conv},
      {"MaxPool", 1, import_max_pool},
      {"AveragePool", 1, import_average_pool},
      {"GlobalAveragePool", 1, import_global_average},
      {"GlobalMaxPool", 1, import_global_max},
      {"BatchNormalization", 7, import_batch_norm},
  };
  return kTable;
}

}  // namespace tenon::onnx
