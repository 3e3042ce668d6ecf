// Quantized tensors as arithmetic: QuantizeLinear, DequantizeLinear, and integer products.
#include "compiler/frontends/onnx/importer.h"
#include "compiler/frontends/onnx/tensor.h"

namespace tenon::onnx {
namespace {

// A scale or zero point broadcasts over the tensor at `axis` when it is a vector.
relax::Expr along(const NodeContext& node, const relax::Expr& x, std::size_t rank) {
  const relax::Shape shape = tensor_shape(x);
  if (shape.empty() || (shape.size() == 1 && tir::is_int(shape[0], 1))) {
    return reshape_to(node, x, {});
  }
  if (node.int_attribute("block_size", 0) != 0 || shape.size() != 1) {
    node.fail("blocked quantization is not supported: scales must be scalars or vectors");
  }
  relax::Shape full(rank, tir::i64(1));
  full[axis_in(node, node.int_attribute("axis", 1), rank)] = shape[0];
  return reshape_to(node, x, full);
}

struct Bounds {
  double low, high;
};

Bounds bounds_of(const NodeContext& node, DataType dtype) {
  if (!dtype.is_integer() || dtype.is_bool() || dtype.bits > 16) {
    node.fail("quantization to " + to_string(dtype) + " is not supported");
  }
  if (dtype.is_uint()) return {0, static_cast<double>((1 << dtype.bits) - 1)};
  const auto half = static_cast<double>(1 << (dtype.bits - 1));
  return {-half, half - 1};
}

// saturate(round(x) + zero), halves to even.
relax::Expr quantize(const NodeContext& node, const relax::Expr& scaled, const relax::Expr& zero,
                     DataType dtype) {
  const Bounds bounds = bounds_of(node, dtype);
  relax::Expr y = node.emit("round", {scaled});
  if (zero) y = node.emit("add", {y, cast_to(node, zero, dtype_of(y))});
  y = node.emit("clip", {y},
                {{"min", relax::float_attr(bounds.low)}, {"max", relax::float_attr(bounds.high)}});
  return cast_to(node, y, dtype);
}

std::vector<Value> quantize_linear(const NodeContext& node) {
  const relax::Expr x = node.tensor(0);
  const std::size_t rank = node.rank(0);
  DataType dtype = kUInt8;
  if (node.has_input(2)) {
    dtype = dtype_of(node.tensor(2));
  } else if (const auto given = node.int_attribute("output_dtype", 0)) {
    dtype = element_type(static_cast<int>(given), "attribute output_dtype");
  }
  const relax::Expr wide = cast_to(node, x, kFloat32);
  const relax::Expr scale = cast_to(node, along(node, node.tensor(1), rank), kFloat32);
  const relax::Expr zero = node.has_input(2) ? along(node, node.tensor(2), rank) : relax::Expr{};
  return {tensor_value(quantize(node, node.emit("divide", {wide, scale}), zero, dtype))};
}

std::vector<Value> dequantize_linear(const NodeContext& node) {
  const std::size_t rank = node.rank(0);
  const relax::Expr scale = along(node, node.tensor(1), rank);
  const DataType dtype = dtype_of(scale);
  relax::Expr x = cast_to(node, node.tensor(0), kInt32);
  if (node.has_input(2)) {
    const relax::Expr zero = cast_to(node, along(node, node.tensor(2), rank), kInt32);
    x = node.emit("subtract", {x, zero});
  }
  return {tensor_value(node.emit("multiply", {cast_to(node, x, dtype), scale}))};
}

// Input `i` as int32 less its zero point (input `zero`), a scalar or one value a row or column.
relax::Expr centered(const NodeContext& node, std::size_t i, std::size_t zero, bool by_row) {
  const relax::Expr x = cast_to(node, node.tensor(i), kInt32);
  if (!node.has_input(zero)) return x;
  relax::Expr offset = cast_to(node, node.tensor(zero), kInt32);
  const relax::Shape shape = tensor_shape(offset);
  if (by_row && shape.size() == 1 && !tir::is_int(shape[0], 1)) {
    offset = reshape_to(node, offset, {shape[0], tir::i64(1)});
  }
  return node.emit("subtract", {x, offset});
}

std::vector<Value> matmul_integer(const NodeContext& node) {
  return {
      tensor_value(node.emit("matmul", {centered(node, 0, 2, true), centered(node, 1, 3, false)}))};
}

std::vector<Value> qlinear_matmul(const NodeContext& node) {
  const relax::Expr product =
      node.emit("matmul", {centered(node, 0, 2, true), centered(node, 3, 5, false)});
  relax::Expr scale = node.emit("multiply", {cast_to(node, node.tensor(1), kFloat32),
                                             cast_to(node, node.tensor(4), kFloat32)});
  scale = node.emit("divide", {scale, cast_to(node, node.tensor(6), kFloat32)});
  const relax::Expr scaled = node.emit("multiply", {cast_to(node, product, kFloat32), scale});
  return {tensor_value(quantize(node, scaled, node.tensor(7), dtype_of(node.tensor(7))))};
}

// uint8 over the range of the tensor, which is widened to hold 0.
std::vector<Value> dynamic_quantize_linear(const NodeContext& node) {
  const relax::Expr x = node.tensor(0);
  const relax::Expr zero = number(node, kFloat32, 0), steps = number(node, kFloat32, 255);
  const relax::Expr low = node.emit("minimum", {node.emit("min", {x}), zero});
  const relax::Expr high = node.emit("maximum", {node.emit("max", {x}), zero});
  const relax::Expr scale = node.emit("divide", {node.emit("subtract", {high, low}), steps});
  const relax::Expr start = node.emit("divide", {node.emit("negative", {low}), scale});
  const relax::Expr point = quantize(node, start, {}, kUInt8);
  const relax::Expr y = quantize(node, node.emit("divide", {x, scale}), point, kUInt8);
  return {tensor_value(y), tensor_value(scale), tensor_value(point)};
}

}  // namespace

const std::vector<OperatorEntry>& quantization_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"DequantizeLinear", 10, dequantize_linear},
      {"DynamicQuantizeLinear", 11, dynamic_quantize_linear},
      {"MatMulInteger", 10, matmul_integer},
      {"QLinearMatMul", 10, qlinear_matmul},
      {"QuantizeLinear", 10, quantize_linear},
  };
  return kTable;
}

}  // namespace tenon::onnx
