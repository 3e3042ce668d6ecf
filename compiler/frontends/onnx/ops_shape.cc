// Shapes as values: Shape, Constant, ConstantOfShape, Gather, Slice, Squeeze, Unsqueeze and the
// arithmetic on integers that exporters write around them. On tensors the same operators compute.
#include <cstring>
#include <limits>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/frontends/onnx/tensor.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;

// Larger constants than this are broadcast in a kernel instead of stored.
constexpr std::int64_t kMaxConstant = std::int64_t{1} << 28;

// Integers of which some are known only as expressions: they are computed here, not in kernels.
bool is_shape_value(const Value& value) { return value.integers && !value.tensor; }

std::vector<Value> import_shape(const NodeContext& node) {
  relax::Shape shape;
  if (const Value& input = node.value(0); !is_shape_value(input)) {
    shape = *node.type(0).shape;
  } else if (!input.integers->is_scalar) {
    shape = {tir::i64(static_cast<std::int64_t>(input.integers->values.size()))};
  }
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto clamp = [&](std::int64_t x) {
    return std::clamp<std::int64_t>(x < 0 ? x + rank : x, 0, rank);
  };
  const std::int64_t start = clamp(node.int_attribute("start", 0));
  const std::int64_t end = clamp(node.int_attribute("end", rank));
  std::vector<tir::Expr> values;
  for (std::int64_t i = start; i < end; ++i) values.push_back(shape[static_cast<std::size_t>(i)]);
  return {integer_value(values, false)};
}

std::vector<Value> import_constant(const NodeContext& node) {
  if (const auto* attribute = node.find("value")) {
    return {tensor_value(relax::constant(read_tensor(attribute->t(), node.folder())))};
  }
  if (const auto* attribute = node.find("value_int")) {
    return {tensor_value(integer_constant({attribute->i()}, true))};
  }
  if (const auto* attribute = node.find("value_ints")) {
    return {tensor_value(
        integer_constant({attribute->ints().begin(), attribute->ints().end()}, false))};
  }
  if (const auto* attribute = node.find("value_float")) {
    return {tensor_value(relax::scalar_constant(kFloat32, attribute->f()))};
  }
  if (const auto* attribute = node.find("value_floats")) {
    const auto count = static_cast<std::int64_t>(attribute->floats_size());
    auto [tensor, bytes] = relax::make_tensor(kFloat32, {count});
    std::memcpy(bytes, attribute->floats().data(), static_cast<std::size_t>(count) * sizeof(float));
    return {tensor_value(relax::constant(tensor))};
  }
  node.fail("holds no value of a supported kind");
}

std::vector<Value> import_constant_of_shape(const NodeContext& node) {
  const std::vector<tir::Expr> shape = node.integers(0);
  relax::TensorRef fill;
  if (const auto* attribute = node.find("value")) {
    fill = read_tensor(attribute->t(), node.folder());
    if (fill->num_elements() != 1) node.fail("value must have one element");
  } else {
    fill = relax::scalar_constant(kFloat32, 0).get<relax::Constant>().data;
  }
  const auto fixed = relax::static_shape(shape);
  std::int64_t count = fixed ? 1 : kMaxConstant + 1;
  for (const std::int64_t extent : fixed.value_or(std::vector<std::int64_t>{})) {
    if (extent < 0) node.fail("shape " + relax::to_text(shape) + " has a negative extent");
    count = extent > kMaxConstant ? kMaxConstant + 1 : std::min(count * extent, kMaxConstant + 1);
  }
  if (count > kMaxConstant) {
    auto view = std::make_shared<relax::TensorData>(*fill);
    view->shape.clear();
    view->owner = fill;
    return {
        tensor_value(node.emit("broadcast_to", {relax::constant(view), relax::ShapeExpr{shape}}))};
  }
  auto [tensor, bytes] = relax::make_tensor(fill->dtype, *fixed);
  for (std::size_t i = 0; i < tensor->size_bytes; i += fill->size_bytes) {
    std::memcpy(bytes + i, fill->bytes, fill->size_bytes);
  }
  return {tensor_value(relax::constant(tensor))};
}

std::vector<Value> import_gather(const NodeContext& node) {
  const Value& data = node.value(0);
  const Value& index = node.value(1);
  if (is_shape_value(data) && index.integers) {
    std::vector<tir::Expr> picked;
    const auto size = static_cast<std::int64_t>(data.integers->values.size());
    for (const std::int64_t i : node.constant_integers(1)) {
      if (i < -size || i >= size) node.fail("index " + std::to_string(i) + " is out of range");
      picked.push_back(data.integers->values[static_cast<std::size_t>(i < 0 ? i + size : i)]);
    }
    return {integer_value(picked, index.integers->is_scalar)};
  }
  return {tensor_value(node.emit("take", {node.tensor(0), node.tensor(1)},
                                 {{"axis", int_attr(node.int_attribute("axis", 0))}}))};
}

std::vector<std::int64_t> axes_of(const NodeContext& node) {
  if (node.opset() < 13) return node.ints_attribute("axes");
  return node.has_input(1) ? node.constant_integers(1) : std::vector<std::int64_t>{};
}

// The number of elements.
std::vector<Value> import_size(const NodeContext& node) {
  return {integer_value({relax::product(*node.type(0).shape)}, true)};
}

std::vector<Value> import_unsqueeze(const NodeContext& node) {
  const Value& data = node.value(0);
  const std::vector<std::int64_t> axes = axes_of(node);
  if (axes.empty()) node.fail("axes are needed");
  if (is_shape_value(data) && data.integers->is_scalar && axes.size() == 1) {
    return {integer_value(data.integers->values, false)};
  }
  return {tensor_value(node.emit("expand_dims", {node.tensor(0)}, {{"axis", ints_attr(axes)}}))};
}

std::vector<Value> import_squeeze(const NodeContext& node) {
  const Value& data = node.value(0);
  if (is_shape_value(data) && data.integers->values.size() == 1) {
    return {integer_value(data.integers->values, true)};
  }
  return {
      tensor_value(node.emit("squeeze", {node.tensor(0)}, {{"axis", ints_attr(axes_of(node))}}))};
}

struct SliceBounds {
  std::vector<std::int64_t> starts, ends, axes, steps;
};

SliceBounds slice_bounds(const NodeContext& node) {
  SliceBounds b;
  if (node.opset() < 10) {
    b.starts = node.ints_attribute("starts");
    b.ends = node.ints_attribute("ends");
    b.axes = node.ints_attribute("axes");
  } else {
    b.starts = node.constant_integers(1);
    b.ends = node.constant_integers(2);
    if (node.has_input(3)) b.axes = node.constant_integers(3);
    if (node.has_input(4)) b.steps = node.constant_integers(4);
  }
  for (std::size_t i = b.axes.size(); i < b.starts.size(); ++i) {
    b.axes.push_back(static_cast<std::int64_t>(i));
  }
  if (b.steps.empty()) b.steps.assign(b.starts.size(), 1);
  if (b.ends.size() != b.starts.size() || b.axes.size() != b.starts.size() ||
      b.steps.size() != b.starts.size()) {
    node.fail("starts, ends, axes and steps must have equal lengths");
  }
  return b;
}

std::vector<Value> import_slice(const NodeContext& node) {
  const SliceBounds b = slice_bounds(node);
  const Value& data = node.value(0);
  if (!is_shape_value(data)) {
    return {tensor_value(node.emit("strided_slice", {node.tensor(0)},
                                   {{"axes", ints_attr(b.axes)},
                                    {"begin", ints_attr(b.starts)},
                                    {"end", ints_attr(b.ends)},
                                    {"strides", ints_attr(b.steps)}}))};
  }
  if (b.starts.size() != 1 || b.steps[0] < 1) node.fail("this slice of a shape is not supported");
  const auto size = static_cast<std::int64_t>(data.integers->values.size());
  const auto clamp = [&](std::int64_t x) {
    return std::clamp<std::int64_t>(x < 0 ? x + size : x, 0, size);
  };
  std::vector<tir::Expr> picked;
  const std::int64_t step = std::min(b.steps[0], size + 1);
  for (std::int64_t i = clamp(b.starts[0]); i < clamp(b.ends[0]); i += step) {
    picked.push_back(data.integers->values[static_cast<std::size_t>(i)]);
  }
  return {integer_value(picked, false)};
}

tir::Expr shape_arithmetic(const NodeContext& node, tir::BinaryOp op, const tir::Expr& a,
                           const tir::Expr& b) {
  const auto x = tir::as_int(a), y = tir::as_int(b);
  if (op == tir::BinaryOp::kFloorDiv) {
    if (y && *y == 0) node.fail("a shape value is divided by zero");
    // Of symbols, which are sizes and not negative, truncating and flooring division agree.
    if (x && y && *x != std::numeric_limits<std::int64_t>::min()) return tir::i64(*x / *y);
  }
  if (x && y) {
    std::int64_t result = 0;
    const bool overflows = op == tir::BinaryOp::kAdd   ? __builtin_add_overflow(*x, *y, &result)
                           : op == tir::BinaryOp::kSub ? __builtin_sub_overflow(*x, *y, &result)
                                                       : __builtin_mul_overflow(*x, *y, &result);
    if (overflows) node.fail("a shape value overflows");
    return tir::i64(result);
  }
  return relax::simplify(tir::binary(op, a, b));
}

// Elementwise on shape values; a kernel on tensors.
template <tir::BinaryOp op, const char* name>
std::vector<Value> arithmetic(const NodeContext& node) {
  const Value& a = node.value(0);
  const Value& b = node.value(1);
  if (a.integers && b.integers && (is_shape_value(a) || is_shape_value(b))) {
    const auto& x = a.integers->values;
    const auto& y = b.integers->values;
    const std::size_t size = std::max(x.size(), y.size());
    if ((x.size() != size && x.size() != 1) || (y.size() != size && y.size() != 1)) {
      node.fail("shape values of " + std::to_string(x.size()) + " and " + std::to_string(y.size()) +
                " elements do not broadcast");
    }
    std::vector<tir::Expr> result;
    for (std::size_t i = 0; i < size; ++i) {
      result.push_back(
          shape_arithmetic(node, op, x[x.size() == 1 ? 0 : i], y[y.size() == 1 ? 0 : i]));
    }
    return {integer_value(result, a.integers->is_scalar && b.integers->is_scalar)};
  }
  return {tensor_value(node.emit(name, {node.tensor(0), aligned_operand(node, 1)}))};
}

constexpr char kAdd[] = "add", kSub[] = "subtract", kMul[] = "multiply", kDiv[] = "divide";

}  // namespace

const std::vector<OperatorEntry>& shape_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Shape", 1, import_shape},
      {"Size", 1, import_size},
      {"Constant", 1, import_constant},
      {"ConstantOfShape", 9, import_constant_of_shape},
      {"Gather", 1, import_gather},
      {"Unsqueeze", 1, import_unsqueeze},
      {"Squeeze", 1, import_squeeze},
      {"Slice", 1, import_slice},
      {"Add", 1, arithmetic<tir::BinaryOp::kAdd, kAdd>},
      {"Sub", 1, arithmetic<tir::BinaryOp::kSub, kSub>},
      {"Mul", 1, arithmetic<tir::BinaryOp::kMul, kMul>},
      {"Div", 1, arithmetic<tir::BinaryOp::kFloorDiv, kDiv>},
  };
  return kTable;
}

}  // namespace tenon::onnx
