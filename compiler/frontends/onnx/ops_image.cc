// Convolution and pooling over one to three spatial axes. One axis is an image of height 1.
#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;
using Integers = std::vector<std::int64_t>;

// Larger kernels, strides, dilations and pads overflow extents.
constexpr std::int64_t kMaxWindow = std::int64_t{1} << 20;

struct Window {
  Integers kernel, strides, dilations;
  Integers padding;  // all starts, then all ends
  bool ceil_mode = false;
  std::size_t rank() const { return kernel.size(); }
};

// SAME pads so that the output has ceil(extent / stride) elements; UPPER puts the odd one last.
void same_padding(const NodeContext& node, Window& w, bool is_upper) {
  const relax::Shape shape = *node.type(0).shape;
  w.padding.assign(2 * w.rank(), 0);
  for (std::size_t axis = 0; axis < w.rank(); ++axis) {
    const auto extent = tir::as_int(shape[axis + 2]);
    if (!extent) node.fail("auto_pad SAME over an image of symbolic size is not supported");
    const std::int64_t out = (*extent + w.strides[axis] - 1) / w.strides[axis];
    const std::int64_t reach = (w.kernel[axis] - 1) * w.dilations[axis] + 1;
    const std::int64_t total =
        std::max<std::int64_t>(0, (out - 1) * w.strides[axis] + reach - *extent);
    const std::int64_t small = total / 2;
    w.padding[axis] = is_upper ? small : total - small;
    w.padding[axis + w.rank()] = is_upper ? total - small : small;
  }
}

void check_ranges(const NodeContext& node, const Window& w) {
  for (const Integers* list : {&w.kernel, &w.strides, &w.dilations}) {
    for (const std::int64_t value : *list) {
      if (value >= 1 && value <= kMaxWindow) continue;
      node.fail("kernel, strides and dilations must be 1 to " + std::to_string(kMaxWindow) +
                ", got " + std::to_string(value));
    }
  }
  for (const std::int64_t pad : w.padding) {
    if (pad < 0 || pad > kMaxWindow) {
      node.fail("pads must be 0 to " + std::to_string(kMaxWindow) + ", got " + std::to_string(pad));
    }
  }
}

Window read_window(const NodeContext& node, Integers kernel) {
  Window w;
  w.kernel = std::move(kernel);
  const std::size_t rank = node.rank(0) < 2 ? 0 : node.rank(0) - 2;
  if (rank < 1 || rank > 3) {
    node.fail("a tensor of rank 3 to 5 is needed, got rank " + std::to_string(node.rank(0)));
  }
  const auto list = [&](const char* name, std::int64_t fallback, std::size_t size) {
    Integers values = node.ints_attribute(name);
    if (values.empty()) values.assign(size, fallback);
    return values;
  };
  w.strides = list("strides", 1, rank);
  w.dilations = list("dilations", 1, rank);
  w.padding = list("pads", 0, 2 * rank);
  w.ceil_mode = node.int_attribute("ceil_mode", 0) != 0;
  if (w.kernel.size() != rank || w.strides.size() != rank || w.dilations.size() != rank ||
      w.padding.size() != 2 * rank) {
    node.fail("a tensor of rank " + std::to_string(node.rank(0)) + " needs " +
              std::to_string(rank) + " values in kernel_shape, strides and dilations and " +
              std::to_string(2 * rank) + " in pads");
  }
  const std::string auto_pad = node.string_attribute("auto_pad", "NOTSET");
  if (auto_pad == "VALID") {
    w.padding.assign(2 * rank, 0);
  } else if (auto_pad != "NOTSET" && auto_pad != "SAME_UPPER" && auto_pad != "SAME_LOWER") {
    node.fail("auto_pad \"" + auto_pad +
              "\" is unknown; needed: NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  }
  check_ranges(node, w);
  if (auto_pad.starts_with("SAME")) same_padding(node, w, auto_pad == "SAME_UPPER");
  return w;
}

// One spatial axis becomes the second of two, behind an axis of extent 1.
Window as_image(Window w) {
  if (w.rank() != 1) return w;
  for (Integers* list : {&w.kernel, &w.strides, &w.dilations}) list->insert(list->begin(), 1);
  w.padding = {0, w.padding[0], 0, w.padding[1]};
  return w;
}
relax::Expr as_image(const NodeContext& node, const relax::Expr& x) {
  if (tensor_shape(x).size() != 3) return x;
  return node.emit("expand_dims", {x}, {{"axis", ints_attr({2})}});
}
relax::Expr from_image(const NodeContext& node, const relax::Expr& x) {
  if (node.rank(0) != 3) return x;
  return node.emit("squeeze", {x}, {{"axis", ints_attr({2})}});
}

tir::AttrMap window_attrs(const Window& w) {
  return {{"strides", ints_attr(w.strides)},
          {"padding", ints_attr(w.padding)},
          {"dilation", ints_attr(w.dilations)}};
}

Integers kernel_of(const NodeContext& node) {
  const relax::Shape weight = *node.type(1).shape;
  if (weight.size() != node.rank(0)) {
    node.fail("data of shape " + relax::to_text(*node.type(0).shape) + " and weight of shape " +
              relax::to_text(weight) + " need equal ranks");
  }
  Integers kernel;
  for (std::size_t i = 2; i < weight.size(); ++i) {
    const auto extent = tir::as_int(weight[i]);
    if (!extent) node.fail("the kernel's size must be constant");
    kernel.push_back(*extent);
  }
  const auto given = node.ints_attribute("kernel_shape");
  if (!given.empty() && given != kernel) {
    node.fail("kernel_shape differs from the weight's shape " + relax::to_text(weight));
  }
  return kernel;
}

relax::Expr with_bias(const NodeContext& node, const relax::Expr& x) {
  if (!node.has_input(2)) return x;
  const relax::Shape bias = *node.type(2).shape, shape = tensor_shape(x);
  if (bias.size() != 1 || !relax::proved_equal(bias[0], shape[1])) {
    node.fail("the bias has shape " + relax::to_text(bias) + ", one value for each of the " +
              relax::to_text({shape[1]}) + " output channels is needed");
  }
  relax::Shape full(shape.size(), tir::i64(1));
  full[1] = bias[0];
  return node.emit("add", {x, node.emit("reshape", {node.tensor(2), relax::ShapeExpr{full}})});
}

std::vector<Value> conv(const NodeContext& node) {
  const Window w = as_image(read_window(node, kernel_of(node)));
  tir::AttrMap attrs = window_attrs(w);
  attrs["groups"] = int_attr(node.int_attribute("group", 1));
  const relax::Expr result =
      node.emit(w.rank() == 3 ? "nn.conv3d" : "nn.conv2d",
                {as_image(node, node.tensor(0)), as_image(node, node.tensor(1))}, attrs);
  return {tensor_value(from_image(node, with_bias(node, result)))};
}

// The total padding that an output of given extents needs, shared out as auto_pad says. A larger
// output than the windows give is extended at its end, as output_padding does.
void padding_for_output(const NodeContext& node, Window& w, Integers& extra) {
  const Integers wanted = node.ints_attribute("output_shape");
  const std::string auto_pad = node.string_attribute("auto_pad", "NOTSET");
  if (wanted.empty() && !auto_pad.starts_with("SAME")) return;
  const relax::Shape shape = *node.type(0).shape;
  if (!wanted.empty() && wanted.size() != w.rank()) {
    node.fail("output_shape needs one extent for each spatial axis");
  }
  for (std::size_t axis = 0; axis < w.rank(); ++axis) {
    const auto extent = tir::as_int(shape[axis + 2]);
    if (!extent) node.fail("output_shape of an image of symbolic size is not supported");
    const std::int64_t reach = (w.kernel[axis] - 1) * w.dilations[axis] + 1;
    const std::int64_t out = wanted.empty() ? *extent * w.strides[axis] : wanted[axis];
    const std::int64_t total = (*extent - 1) * w.strides[axis] + extra[axis] + reach - out;
    extra[axis] += std::max<std::int64_t>(0, -total);
    const std::int64_t shared = std::max<std::int64_t>(0, total), half = shared / 2;
    const bool is_upper = auto_pad == "SAME_UPPER";
    w.padding[axis] = is_upper ? half : shared - half;
    w.padding[axis + w.rank()] = is_upper ? shared - half : half;
  }
}

std::vector<Value> conv_transpose(const NodeContext& node) {
  Window w = read_window(node, kernel_of(node));
  Integers extra = node.ints_attribute("output_padding");
  if (extra.empty()) extra.assign(w.rank(), 0);
  if (extra.size() != w.rank()) node.fail("output_padding needs one value a spatial axis");
  for (const std::int64_t value : extra) {
    if (value < 0 || value > kMaxWindow) {
      node.fail("output_padding must not be negative, got " + std::to_string(value));
    }
  }
  padding_for_output(node, w, extra);
  tir::AttrMap attrs = window_attrs(w);
  attrs["groups"] = int_attr(node.int_attribute("group", 1));
  attrs["output_padding"] = ints_attr(extra);
  const relax::Expr result =
      node.emit("nn.conv_transpose", {node.tensor(0), node.tensor(1)}, attrs);
  return {tensor_value(with_bias(node, result))};
}

relax::Expr emit_pool(const NodeContext& node, const Window& given, const relax::Expr& x,
                      bool is_max, bool count_include_pad) {
  const Window w = as_image(given);
  tir::AttrMap attrs = window_attrs(w);
  attrs["pool_size"] = ints_attr(w.kernel);
  attrs["ceil_mode"] = int_attr(w.ceil_mode);
  if (!is_max) attrs["count_include_pad"] = int_attr(count_include_pad);
  const std::string op =
      std::string(is_max ? "nn.max_pool" : "nn.avg_pool") + (w.rank() == 3 ? "3d" : "2d");
  return from_image(node, node.emit(op, {as_image(node, x)}, attrs));
}

std::vector<Value> max_pool(const NodeContext& node) {
  const Window w = read_window(node, node.ints_attribute("kernel_shape"));
  if (node.num_outputs() > 1) node.fail("the indices output is not supported");
  return {tensor_value(emit_pool(node, w, node.tensor(0), true, false))};
}

std::vector<Value> average_pool(const NodeContext& node) {
  const Window w = read_window(node, node.ints_attribute("kernel_shape"));
  const bool with_padding = node.int_attribute("count_include_pad", 0) != 0;
  return {tensor_value(emit_pool(node, w, node.tensor(0), false, with_padding))};
}

relax::Expr raised(const NodeContext& node, const relax::Expr& x, double exponent) {
  return node.emit("power", {x, number(node, dtype_of(x), exponent)});
}

// The p-th root of the sum of |x|^p, by the average over whole windows times their size.
std::vector<Value> lp_pool(const NodeContext& node) {
  const Window w = read_window(node, node.ints_attribute("kernel_shape"));
  if (w.ceil_mode) node.fail("ceil_mode is not supported");
  const auto p = static_cast<double>(node.int_attribute("p", 2));
  if (p < 1) node.fail("p must be at least 1");
  double size = 1;
  for (const std::int64_t k : w.kernel) size *= static_cast<double>(k);
  const relax::Expr terms = raised(node, node.emit("abs", {node.tensor(0)}), p);
  const relax::Expr average = emit_pool(node, w, terms, false, true);
  const relax::Expr sum = node.emit("multiply", {average, number(node, dtype_of(average), size)});
  return {tensor_value(raised(node, sum, 1 / p))};
}

tir::AttrMap spatial_axes(const NodeContext& node) {
  const std::size_t rank = node.rank(0);
  if (rank < 3) node.fail("a tensor of rank 3 or more is needed");
  Integers axes;
  for (std::size_t i = 2; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  return {{"axis", ints_attr(axes)}, {"keepdims", int_attr(1)}};
}

std::vector<Value> global_average(const NodeContext& node) {
  return {tensor_value(node.emit("mean", {node.tensor(0)}, spatial_axes(node)))};
}
std::vector<Value> global_max(const NodeContext& node) {
  return {tensor_value(node.emit("max", {node.tensor(0)}, spatial_axes(node)))};
}
std::vector<Value> global_lp(const NodeContext& node) {
  const auto p = static_cast<double>(node.int_attribute("p", 2));
  if (p < 1) node.fail("p must be at least 1");
  const relax::Expr terms = raised(node, node.emit("abs", {node.tensor(0)}), p);
  return {tensor_value(raised(node, node.emit("sum", {terms}, spatial_axes(node)), 1 / p))};
}

}  // namespace

const std::vector<OperatorEntry>& image_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"AveragePool", 1, average_pool},
      {"Conv", 1, conv},
      {"ConvTranspose", 1, conv_transpose},
      {"GlobalAveragePool", 1, global_average},
      {"GlobalLpPool", 2, global_lp},
      {"GlobalMaxPool", 1, global_max},
      {"LpPool", 2, lp_pool},
      {"MaxPool", 1, max_pool},
  };
  return kTable;
}

}  // namespace tenon::onnx
