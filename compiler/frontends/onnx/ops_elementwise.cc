// Elementwise operators and activations, reductions and softmax.
#include <cmath>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::float_attr;
using relax::int_attr;
using relax::ints_attr;

template <const char* op>
std::vector<Value> unary(const NodeContext& node) {
  return {tensor_value(node.emit(op, {node.tensor(0)}))};
}

// Before opset 7 the second input is aligned at `axis`, and only with broadcast = 1.
relax::Expr aligned(const NodeContext& node, std::size_t i) {
  const relax::Expr tensor = node.tensor(i);
  if (node.opset() >= 7 || i == 0 || node.int_attribute("broadcast", 0) == 0) return tensor;
  const std::size_t rank = node.rank(0);
  relax::Shape shape = *node.type(i).shape;
  const std::int64_t axis = node.int_attribute(
      "axis", static_cast<std::int64_t>(rank) - static_cast<std::int64_t>(shape.size()));
  if (axis < 0 || static_cast<std::size_t>(axis) + shape.size() > rank) {
    node.fail("axis " + std::to_string(axis) + " does not fit");
  }
  while (shape.size() < rank - static_cast<std::size_t>(axis)) shape.push_back(tir::i64(1));
  return node.emit("reshape", {tensor, relax::ShapeExpr{shape}});
}

template <const char* op>
std::vector<Value> binary(const NodeContext& node) {
  return {tensor_value(node.emit(op, {node.tensor(0), aligned(node, 1)}))};
}

template <const char* op>
std::vector<Value> variadic(const NodeContext& node) {
  relax::Expr result = node.tensor(0);
  for (std::size_t i = 1; i < node.num_inputs(); ++i) {
    result = node.emit(op, {result, node.tensor(i)});
  }
  return {tensor_value(result)};
}

std::vector<Value> leaky_relu(const NodeContext& node) {
  return {tensor_value(node.emit("nn.leakyrelu", {node.tensor(0)},
                                 {{"alpha", float_attr(node.float_attribute("alpha", 0.01))}}))};
}
std::vector<Value> elu(const NodeContext& node) {
  return {tensor_value(node.emit("nn.elu", {node.tensor(0)},
                                 {{"alpha", float_attr(node.float_attribute("alpha", 1.0))}}))};
}
std::vector<Value> hard_sigmoid(const NodeContext& node) {
  return {tensor_value(node.emit("nn.hard_sigmoid", {node.tensor(0)},
                                 {{"alpha", float_attr(node.float_attribute("alpha", 0.2))},
                                  {"beta", float_attr(node.float_attribute("beta", 0.5))}}))};
}
std::vector<Value> gelu(const NodeContext& node) {
  if (node.string_attribute("approximate", "none") != "none") {
    node.fail("approximate \"tanh\" is not supported");
  }
  return {tensor_value(node.emit("nn.gelu", {node.tensor(0)}))};
}

// Bounds are attributes before opset 11, inputs after.
std::vector<Value> clip(const NodeContext& node) {
  double low = -INFINITY, high = INFINITY;
  relax::Expr x = node.tensor(0);
  if (node.opset() < 11) {
    low = node.float_attribute("min", low);
    high = node.float_attribute("max", high);
  }
  for (std::size_t i = 1; i <= 2 && node.opset() >= 11; ++i) {
    if (!node.has_input(i)) continue;
    if (const auto bound = node.constant_number(i)) {
      (i == 1 ? low : high) = *bound;
    } else {
      x = node.emit(i == 1 ? "maximum" : "minimum", {x, node.tensor(i)});
    }
  }
  return {
      tensor_value(node.emit("clip", {x}, {{"min", float_attr(low)}, {"max", float_attr(high)}}))};
}

std::vector<Value> identity(const NodeContext& node) { return {node.value(0)}; }

// Inference: the first output is the input, the mask keeps everything. The mask has the input's
// type before opset 10, bool after.
std::vector<Value> dropout(const NodeContext& node) {
  if (node.has_input(2)) {
    const auto* training = node.tensor(2).as<relax::Constant>();
    if (!training || training->data->num_elements() != 1 ||
        *training->data->as<std::uint8_t>() != 0) {
      node.fail("training_mode must be the constant false");
    }
  }
  if (node.num_outputs() < 2) return {node.value(0)};
  const relax::TensorType type = node.type(0);
  const relax::Expr one = relax::scalar_constant(node.opset() < 10 ? *type.dtype : kBoolType, 1);
  return {node.value(0),
          tensor_value(node.emit("broadcast_to", {one, relax::ShapeExpr{*type.shape}}))};
}

// Axes are an attribute before `axes_input_since`, an input after.
template <const char* op, int axes_input_since>
std::vector<Value> reduce(const NodeContext& node) {
  std::vector<std::int64_t> axes;
  if (node.opset() < axes_input_since) {
    axes = node.ints_attribute("axes");
  } else if (node.has_input(1)) {
    axes = node.constant_integers(1);
  }
  if (axes.empty() && node.int_attribute("noop_with_empty_axes", 0) != 0) return {node.value(0)};
  return {tensor_value(node.emit(
      op, {node.tensor(0)},
      {{"axis", ints_attr(axes)}, {"keepdims", int_attr(node.int_attribute("keepdims", 1))}}))};
}

// Before opset 13 the tensor is taken as a matrix whose columns start at `axis` (default 1).
std::vector<Value> softmax(const NodeContext& node) {
  const relax::Expr x = node.tensor(0);
  if (node.opset() >= 13) {
    return {tensor_value(
        node.emit("nn.softmax", {x}, {{"axis", int_attr(node.int_attribute("axis", -1))}}))};
  }
  const std::int64_t axis = node.int_attribute("axis", 1);
  const auto rank = static_cast<std::int64_t>(node.rank(0));
  if (axis < -rank || axis > rank) node.fail("axis " + std::to_string(axis) + " does not fit");
  const relax::Expr matrix = node.emit("flatten", {x}, {{"axis", int_attr(axis)}});
  const relax::Expr result = node.emit("nn.softmax", {matrix}, {{"axis", int_attr(-1)}});
  return {tensor_value(node.emit("reshape", {result, relax::ShapeExpr{*node.type(0).shape}}))};
}

std::vector<Value> cast(const NodeContext& node) {
  static const std::map<std::int64_t, std::string> kNames = {
      {1, "float32"}, {2, "uint8"}, {3, "int8"},    {6, "int32"},
      {7, "int64"},   {9, "bool"},  {11, "float64"}};
  const std::int64_t to = node.int_attribute("to");
  const auto it = kNames.find(to);
  if (it == kNames.end())
    node.fail("cast to ONNX type " + std::to_string(to) + " is not supported");
  const Value& input = node.value(0);
  if (input.integers && (to == 6 || to == 7)) return {Value{{}, input.integers}};
  return {tensor_value(
      node.emit("astype", {node.tensor(0)}, {{"dtype", relax::string_attr(it->second)}}))};
}

constexpr char kRelu[] = "nn.relu", kSigmoid[] = "sigmoid", kTanh[] = "tanh", kExp[] = "exp",
               kLog[] = "log", kSqrt[] = "sqrt", kErf[] = "erf", kAbs[] = "abs",
               kNeg[] = "negative", kFloor[] = "floor", kCeil[] = "ceil",
               kReciprocal[] = "reciprocal", kSoftplus[] = "nn.softplus",
               kHardSwish[] = "nn.hard_swish", kMin[] = "minimum", kMax[] = "maximum",
               kSum[] = "add", kPow[] = "power", kEqual[] = "equal", kLess[] = "less",
               kGreater[] = "greater", kReduceSum[] = "sum", kReduceMean[] = "mean",
               kReduceMax[] = "max", kReduceMin[] = "min", kReduceProd[] = "prod";

}  // namespace

const std::vector<OperatorEntry>& elementwise_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Relu", 1, unary<kRelu>},
      {"Sigmoid", 1, unary<kSigmoid>},
      {"Tanh", 1, unary<kTanh>},
      {"Exp", 1, unary<kExp>},
      {"Log", 1, unary<kLog>},
      {"Sqrt", 1, unary<kSqrt>},
      {"Erf", 9, unary<kErf>},
      {"Abs", 1, unary<kAbs>},
      {"Neg", 1, unary<kNeg>},
      {"Floor", 1, unary<kFloor>},
      {"Ceil", 1, unary<kCeil>},
      {"Reciprocal", 1, unary<kReciprocal>},
      {"Softplus", 1, unary<kSoftplus>},
      {"HardSwish", 14, unary<kHardSwish>},
      {"HardSigmoid", 1, hard_sigmoid},
      {"LeakyRelu", 1, leaky_relu},
      {"Elu", 1, elu},
      {"Gelu", 20, gelu},
      {"Clip", 1, clip},
      {"Pow", 1, binary<kPow>},
      {"Min", 6, variadic<kMin>},
      {"Max", 6, variadic<kMax>},
      {"Sum", 6, variadic<kSum>},
      {"Equal", 7, binary<kEqual>},
      {"Less", 7, binary<kLess>},
      {"Greater", 7, binary<kGreater>},
      {"Identity", 1, identity},
      {"Dropout", 1, dropout},
      {"Softmax", 1, softmax},
      {"Cast", 6, cast},
      {"ReduceSum", 1, reduce<kReduceSum, 13>},
      {"ReduceMean", 1, reduce<kReduceMean, 18>},
      {"ReduceMax", 1, reduce<kReduceMax, 18>},
      {"ReduceMin", 1, reduce<kReduceMin, 18>},
      {"ReduceProd", 1, reduce<kReduceProd, 18>},
  };
  return kTable;
}

}  // namespace tenon::onnx
