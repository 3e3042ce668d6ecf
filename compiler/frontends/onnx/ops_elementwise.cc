// Elementwise mathematics and activations.
#include <cmath>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/frontends/onnx/tensor.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::float_attr;

template <const char* op>
std::vector<Value> unary(const NodeContext& node) {
  return {tensor_value(node.emit(op, {node.tensor(0)}))};
}

// A unary operator with float attributes: ONNX's name, ours, default.
struct Parameter {
  const char* onnx;
  const char* ours;
  double fallback;
};

std::vector<Value> with_parameters(const NodeContext& node, const char* op,
                                   std::initializer_list<Parameter> parameters) {
  tir::AttrMap attrs;
  for (const Parameter& p : parameters) {
    attrs[p.ours] = float_attr(node.float_attribute(p.onnx, p.fallback));
  }
  return {tensor_value(node.emit(op, {node.tensor(0)}, std::move(attrs)))};
}

std::vector<Value> leaky_relu(const NodeContext& node) {
  return with_parameters(node, "nn.leakyrelu", {{"alpha", "alpha", 0.01}});
}
std::vector<Value> elu(const NodeContext& node) {
  return with_parameters(node, "nn.elu", {{"alpha", "alpha", 1.0}});
}
std::vector<Value> celu(const NodeContext& node) {
  return with_parameters(node, "nn.celu", {{"alpha", "alpha", 1.0}});
}
// The defaults of opset 1 differ from those of opset 6.
std::vector<Value> selu(const NodeContext& node) {
  const bool is_old = node.opset() < 6;
  return with_parameters(node, "nn.selu",
                         {{"alpha", "alpha", is_old ? 1.6732 : 1.67326319217681884765625},
                          {"gamma", "gamma", is_old ? 1.0507 : 1.05070102214813232421875}});
}
std::vector<Value> hard_sigmoid(const NodeContext& node) {
  return with_parameters(node, "nn.hard_sigmoid", {{"alpha", "alpha", 0.2}, {"beta", "beta", 0.5}});
}
std::vector<Value> thresholded_relu(const NodeContext& node) {
  return with_parameters(node, "nn.thresholded_relu", {{"alpha", "alpha", 1.0}});
}
std::vector<Value> shrink(const NodeContext& node) {
  return with_parameters(node, "nn.shrink", {{"lambd", "lambd", 0.5}, {"bias", "bias", 0.0}});
}
std::vector<Value> swish(const NodeContext& node) {
  return with_parameters(node, "nn.swish", {{"alpha", "alpha", 1.0}});
}
std::vector<Value> gelu(const NodeContext& node) {
  const std::string approximate = node.string_attribute("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    node.fail("approximate \"" + approximate + "\" is unknown; needed: none or tanh");
  }
  const char* op = approximate == "none" ? "nn.gelu" : "nn.gelu_tanh";
  return {tensor_value(node.emit(op, {node.tensor(0)}))};
}

// x < 0 ? slope * x : x. Before opset 7 a slope vector has one value a channel.
std::vector<Value> prelu(const NodeContext& node) {
  const relax::Expr x = node.tensor(0);
  relax::Expr slope = node.tensor(1);
  const relax::Shape shape = tensor_shape(slope);
  if (node.opset() < 7 && shape.size() == 1 && !tir::is_int(shape[0], 1)) {
    relax::Shape full(node.rank(0), tir::i64(1));
    if (full.size() < 2) node.fail("a tensor of rank 2 or more is needed");
    full[1] = shape[0];
    slope = reshape_to(node, slope, full);
  }
  const relax::Expr zero = number(node, dtype_of(x), 0);
  return {tensor_value(
      node.emit("where", {node.emit("less", {x, zero}), node.emit("multiply", {x, slope}), x}))};
}

template <const char* op>
std::vector<Value> variadic(const NodeContext& node) {
  relax::Expr result = node.tensor(0);
  for (std::size_t i = 1; i < node.num_inputs(); ++i) {
    result = node.emit(op, {result, node.tensor(i)});
  }
  return {tensor_value(result)};
}

constexpr char kAdd[] = "add";

std::vector<Value> mean(const NodeContext& node) {
  const relax::Expr sum = variadic<kAdd>(node).front().tensor;
  const relax::Expr count = number(node, dtype_of(sum), static_cast<double>(node.num_inputs()));
  return {tensor_value(node.emit("divide", {sum, count}))};
}

// The result has the base's type; the exponent may have another.
std::vector<Value> power(const NodeContext& node) {
  relax::Expr base = node.tensor(0), exponent = aligned_operand(node, 1);
  const DataType dtype = dtype_of(base);
  if (!dtype.is_float() && dtype_of(exponent).is_float()) {
    base = cast_to(node, base, dtype_of(exponent));
  } else {
    exponent = cast_to(node, exponent, dtype);
  }
  return {tensor_value(cast_to(node, node.emit("power", {base, exponent}), dtype))};
}

// Bounds are attributes before opset 11, inputs after.
std::vector<Value> clip(const NodeContext& node) {
  double low = -INFINITY, high = INFINITY;
  relax::Expr x = node.tensor(0);
  const DataType dtype = dtype_of(x);
  if (node.opset() < 11) {
    low = node.float_attribute("min", low);
    high = node.float_attribute("max", high);
  }
  for (std::size_t i = 1; i <= 2 && node.opset() >= 11; ++i) {
    if (!node.has_input(i)) continue;
    const auto bound = dtype.is_float() ? node.constant_number(i) : std::nullopt;
    if (bound) {
      (i == 1 ? low : high) = *bound;
    } else {
      x = node.emit(i == 1 ? "maximum" : "minimum", {x, node.tensor(i)});
    }
  }
  if (std::isinf(low) && std::isinf(high)) return {tensor_value(x)};
  if (!dtype.is_float()) node.fail("bounds of an integer tensor must be inputs");
  return {
      tensor_value(node.emit("clip", {x}, {{"min", float_attr(low)}, {"max", float_attr(high)}}))};
}

std::vector<Value> identity(const NodeContext& node) { return {node.value(0)}; }

// Inference: the first output is the input, the mask keeps everything. The mask has the input's
// type before opset 10, bool after. Before opset 7 the attribute is_test asks for inference.
std::vector<Value> dropout(const NodeContext& node) {
  if (node.opset() < 7 && node.int_attribute("is_test", 0) == 0) {
    node.fail("is_test must be 1: training is not supported");
  }
  if (node.has_input(2)) {
    const auto* training = node.tensor(2).as<relax::Constant>();
    if (!training || training->data->num_elements() != 1 ||
        *training->data->as<std::uint8_t>() != 0) {
      node.fail("training_mode must be the constant false");
    }
  }
  if (node.num_outputs() < 2) return {node.value(0)};
  const relax::TensorType type = node.type(0);
  const relax::Expr one = number(node, node.opset() < 10 ? *type.dtype : kBoolType, 1);
  return {node.value(0),
          tensor_value(node.emit("broadcast_to", {one, relax::ShapeExpr{*type.shape}}))};
}

std::vector<Value> cast_value(const NodeContext& node, DataType dtype) {
  const Value& input = node.value(0);
  const bool is_index = dtype == kInt32 || dtype == kInt64;
  if (!input.tensor && input.integers && is_index) return {Value{{}, input.integers}};
  Value result = tensor_value(cast_to(node, node.tensor(0), dtype));
  if (input.integers && is_index) result.integers = input.integers;
  return {result};
}

std::vector<Value> cast(const NodeContext& node) {
  return cast_value(node, element_type(static_cast<int>(node.int_attribute("to")), "attribute to"));
}

std::vector<Value> cast_like(const NodeContext& node) {
  return cast_value(node, dtype_of(node.tensor(1)));
}

constexpr char kRelu[] = "nn.relu", kSigmoid[] = "sigmoid", kTanh[] = "tanh", kExp[] = "exp",
               kLog[] = "log", kSqrt[] = "sqrt", kErf[] = "erf", kAbs[] = "abs",
               kNeg[] = "negative", kFloor[] = "floor", kCeil[] = "ceil",
               kReciprocal[] = "reciprocal", kSoftplus[] = "nn.softplus",
               kHardSwish[] = "nn.hard_swish", kMin[] = "minimum", kMax[] = "maximum",
               kSin[] = "sin", kCos[] = "cos", kTan[] = "tan", kAsin[] = "asin", kAcos[] = "acos",
               kAtan[] = "atan", kSinh[] = "sinh", kCosh[] = "cosh", kAsinh[] = "asinh",
               kAcosh[] = "acosh", kAtanh[] = "atanh", kSign[] = "sign", kRound[] = "round",
               kSoftsign[] = "nn.softsign", kMish[] = "nn.mish";

}  // namespace

const std::vector<OperatorEntry>& elementwise_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Abs", 1, unary<kAbs>},
      {"Acos", 7, unary<kAcos>},
      {"Acosh", 9, unary<kAcosh>},
      {"Asin", 7, unary<kAsin>},
      {"Asinh", 9, unary<kAsinh>},
      {"Atan", 7, unary<kAtan>},
      {"Atanh", 9, unary<kAtanh>},
      {"Cast", 6, cast},
      {"CastLike", 15, cast_like},
      {"Ceil", 1, unary<kCeil>},
      {"Celu", 12, celu},
      {"Clip", 1, clip},
      {"Cos", 7, unary<kCos>},
      {"Cosh", 9, unary<kCosh>},
      {"Dropout", 1, dropout},
      {"Elu", 1, elu},
      {"Erf", 9, unary<kErf>},
      {"Exp", 1, unary<kExp>},
      {"Floor", 1, unary<kFloor>},
      {"Gelu", 20, gelu},
      {"HardSigmoid", 1, hard_sigmoid},
      {"HardSwish", 14, unary<kHardSwish>},
      {"Identity", 1, identity},
      {"LeakyRelu", 1, leaky_relu},
      {"Log", 1, unary<kLog>},
      {"Max", 1, variadic<kMax>},
      {"Mean", 1, mean},
      {"Min", 1, variadic<kMin>},
      {"Mish", 18, unary<kMish>},
      {"Neg", 1, unary<kNeg>},
      {"PRelu", 1, prelu},
      {"Pow", 1, power},
      {"Reciprocal", 1, unary<kReciprocal>},
      {"Relu", 1, unary<kRelu>},
      {"Round", 11, unary<kRound>},
      {"Selu", 1, selu},
      {"Shrink", 9, shrink},
      {"Sigmoid", 1, unary<kSigmoid>},
      {"Sign", 9, unary<kSign>},
      {"Sin", 7, unary<kSin>},
      {"Sinh", 9, unary<kSinh>},
      {"Softplus", 1, unary<kSoftplus>},
      {"Softsign", 1, unary<kSoftsign>},
      {"Sqrt", 1, unary<kSqrt>},
      {"Sum", 1, variadic<kAdd>},
      {"Swish", 24, swish},
      {"Tan", 7, unary<kTan>},
      {"Tanh", 1, unary<kTanh>},
      {"ThresholdedRelu", 10, thresholded_relu},
  };
  return kTable;
}

}  // namespace tenon::onnx
