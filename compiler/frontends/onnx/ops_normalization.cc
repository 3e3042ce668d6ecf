// Normalizations: batch, layer, instance, group, RMS, local response, Lp.
#include <cmath>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::float_attr;
using relax::int_attr;
using relax::ints_attr;

// (C) -> (1, C, 1, ...): what broadcasts over a tensor of that rank.
relax::Expr channel_shape(const NodeContext& node, const relax::Expr& vector, std::size_t rank) {
  const relax::Shape shape = tensor_shape(vector);
  if (shape.size() != 1) node.fail("a vector of one value a channel is needed");
  relax::Shape full(rank, tir::i64(1));
  full[1] = shape[0];
  return node.emit("reshape", {vector, relax::ShapeExpr{full}});
}

void require_rank(const NodeContext& node, std::size_t least) {
  if (node.rank(0) < least) {
    node.fail("a tensor of rank " + std::to_string(least) + " or more is needed");
  }
}

// y = (x - mean) / sqrt(var + epsilon) * scale + bias, as x * s + t; constants are folded later.
std::vector<Value> batch_normalization(const NodeContext& node) {
  if (node.int_attribute("training_mode", 0) != 0) node.fail("training_mode is not supported");
  if (node.opset() < 7 && node.int_attribute("is_test", 0) == 0) {
    node.fail("is_test must be 1: training is not supported");
  }
  if (node.opset() < 9 && node.int_attribute("spatial", 1) == 0) {
    node.fail("spatial = 0, statistics of every position, is not supported");
  }
  require_rank(node, 2);
  const std::size_t rank = node.rank(0);
  const relax::Expr epsilon =
      number(node, dtype_of(node.tensor(4)), node.float_attribute("epsilon", 1e-5));
  const relax::Expr deviation = node.emit("sqrt", {node.emit("add", {node.tensor(4), epsilon})});
  const relax::Expr scale = node.emit("divide", {node.tensor(1), deviation});
  const relax::Expr shift =
      node.emit("subtract", {node.tensor(2), node.emit("multiply", {node.tensor(3), scale})});
  const relax::Expr scaled =
      node.emit("multiply", {node.tensor(0), channel_shape(node, scale, rank)});
  return {tensor_value(node.emit("add", {scaled, channel_shape(node, shift, rank)}))};
}

struct Standard {
  std::vector<std::int64_t> axes;
  double epsilon;
  bool centered;
};

// In float32 at least: sums of squares leave the range of half precision.
relax::Expr standardize(const NodeContext& node, const relax::Expr& x, const Standard& how) {
  const DataType dtype = dtype_of(x);
  const relax::Expr wide = cast_to(node, x, dtype == kFloat64 ? kFloat64 : kFloat32);
  const relax::Expr result = node.emit("nn.standardize", {wide},
                                       {{"axis", ints_attr(how.axes)},
                                        {"epsilon", float_attr(how.epsilon)},
                                        {"centered", int_attr(how.centered)}});
  return cast_to(node, result, dtype);
}

std::vector<std::int64_t> axes_from(std::size_t first, std::size_t rank) {
  std::vector<std::int64_t> axes;
  for (std::size_t i = first; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  return axes;
}

// Outputs 1 and 2 are the mean and the inverse deviation of each row.
std::vector<Value> layer_normalization(const NodeContext& node) {
  require_rank(node, 1);
  const relax::Expr x = node.tensor(0);
  const std::size_t rank = node.rank(0);
  const auto axes = axes_from(axis_in(node, node.int_attribute("axis", -1), rank), rank);
  const double epsilon = node.float_attribute("epsilon", 1e-5);
  relax::Expr y = standardize(node, x, {axes, epsilon, true});
  y = node.emit("multiply", {y, node.tensor(1)});
  if (node.has_input(2)) y = node.emit("add", {y, node.tensor(2)});
  std::vector<Value> results{tensor_value(y)};
  if (node.num_outputs() < 2) return results;
  const tir::AttrMap rows{{"axis", ints_attr(axes)}, {"keepdims", int_attr(1)}};
  const relax::Expr mean = node.emit("mean", {x}, rows);
  const relax::Expr square = node.emit("square", {node.emit("subtract", {x, mean})});
  const relax::Expr variance = node.emit("mean", {square}, rows);
  const relax::Expr shifted = node.emit("add", {variance, number(node, dtype_of(x), epsilon)});
  results.push_back(tensor_value(mean));
  results.push_back(tensor_value(node.emit("reciprocal", {node.emit("sqrt", {shifted})})));
  return results;
}

std::vector<Value> rms_normalization(const NodeContext& node) {
  require_rank(node, 1);
  const std::size_t rank = node.rank(0);
  const auto axes = axes_from(axis_in(node, node.int_attribute("axis", -1), rank), rank);
  const relax::Expr y =
      standardize(node, node.tensor(0), {axes, node.float_attribute("epsilon", 1e-5), false});
  return {tensor_value(node.emit("multiply", {y, node.tensor(1)}))};
}

relax::Expr scaled_by_channel(const NodeContext& node, const relax::Expr& y) {
  const std::size_t rank = tensor_shape(y).size();
  const relax::Expr scaled = node.emit("multiply", {y, channel_shape(node, node.tensor(1), rank)});
  return node.emit("add", {scaled, channel_shape(node, node.tensor(2), rank)});
}

std::vector<Value> instance_normalization(const NodeContext& node) {
  require_rank(node, 3);
  const relax::Expr y =
      standardize(node, node.tensor(0),
                  {axes_from(2, node.rank(0)), node.float_attribute("epsilon", 1e-5), true});
  return {tensor_value(scaled_by_channel(node, y))};
}

// Scale and bias have one value a group before opset 21, one a channel from it.
std::vector<Value> group_normalization(const NodeContext& node) {
  require_rank(node, 3);
  const relax::Expr x = node.tensor(0);
  const relax::Shape shape = tensor_shape(x);
  const std::int64_t groups = node.int_attribute("num_groups");
  const auto channels = tir::as_int(shape[1]);
  if (!channels || groups < 1 || *channels % groups != 0) {
    node.fail("num_groups " + std::to_string(groups) + " must divide the " +
              relax::to_text({shape[1]}) + " channels");
  }
  const double epsilon = node.float_attribute("epsilon", 1e-5);
  relax::Shape grouped{shape[0], tir::i64(groups), tir::i64(*channels / groups)};
  grouped.insert(grouped.end(), shape.begin() + 2, shape.end());
  relax::Expr y = reshape_to(node, x, grouped);
  y = standardize(node, y, {axes_from(2, grouped.size()), epsilon, true});
  if (node.opset() < 21) return {tensor_value(reshape_to(node, scaled_by_channel(node, y), shape))};
  return {tensor_value(scaled_by_channel(node, reshape_to(node, y, shape)))};
}

std::vector<Value> mean_variance_normalization(const NodeContext& node) {
  std::vector<std::int64_t> axes = node.ints_attribute("axes");
  if (axes.empty()) axes = {0, 2, 3};
  // The standard adds 1e-9 to the deviation, which only keeps constant rows finite.
  return {tensor_value(standardize(node, node.tensor(0), {axes, 1e-18, true}))};
}

std::vector<Value> local_response_normalization(const NodeContext& node) {
  return {tensor_value(node.emit("nn.lrn", {node.tensor(0)},
                                 {{"size", int_attr(node.int_attribute("size"))},
                                  {"alpha", float_attr(node.float_attribute("alpha", 1e-4))},
                                  {"beta", float_attr(node.float_attribute("beta", 0.75))},
                                  {"bias", float_attr(node.float_attribute("bias", 1.0))}}))};
}

// x / norm, and 0 where the norm is 0.
std::vector<Value> lp_normalization(const NodeContext& node) {
  const relax::Expr x = node.tensor(0);
  const std::int64_t p = node.int_attribute("p", 2);
  if (p != 1 && p != 2) node.fail("p must be 1 or 2, got " + std::to_string(p));
  const auto axis =
      static_cast<std::int64_t>(axis_in(node, node.int_attribute("axis", -1), node.rank(0)));
  const relax::Expr terms = node.emit(p == 1 ? "abs" : "square", {x});
  relax::Expr norm =
      node.emit("sum", {terms}, {{"axis", ints_attr({axis})}, {"keepdims", int_attr(1)}});
  if (p == 2) norm = node.emit("sqrt", {norm});
  const relax::Expr zero = number(node, dtype_of(x), 0), one = number(node, dtype_of(x), 1);
  const relax::Expr safe = node.emit("where", {node.emit("equal", {norm, zero}), one, norm});
  return {tensor_value(node.emit("divide", {x, safe}))};
}

}  // namespace

const std::vector<OperatorEntry>& normalization_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"BatchNormalization", 1, batch_normalization},
      {"GroupNormalization", 18, group_normalization},
      {"InstanceNormalization", 1, instance_normalization},
      {"LRN", 1, local_response_normalization},
      {"LayerNormalization", 17, layer_normalization},
      {"LpNormalization", 1, lp_normalization},
      {"MeanVarianceNormalization", 9, mean_variance_normalization},
      {"RMSNormalization", 23, rms_normalization},
  };
  return kTable;
}

}  // namespace tenon::onnx
