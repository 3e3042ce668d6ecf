#include <cstring>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/support/error.h"

namespace tenon::onnx {
namespace {

constexpr std::int64_t kMaxIntegers = 1024;

// AttributeProto.AttributeType.
constexpr int kFloatType = 1, kIntType = 2, kStringType = 3, kFloatsType = 6, kIntsType = 7;

}  // namespace

std::string describe(const onnx_file::Node& node) {
  const std::string name = !node.name().empty()     ? node.name()
                           : node.output_size() > 0 ? node.output(0)
                                                    : "?";
  return "node \"" + name + "\" (" + node.op_type() + ")";
}

Value tensor_value(relax::Expr tensor) {
  Value value;
  if (const auto* constant = tensor.as<relax::Constant>()) {
    value.integers = integers_of(*constant->data);
  }
  value.tensor = std::move(tensor);
  return value;
}

Value integer_value(std::vector<tir::Expr> values, bool is_scalar) {
  return {{}, IntegerValues{std::move(values), is_scalar}};
}

relax::Expr integer_constant(const std::vector<std::int64_t>& values, bool is_scalar) {
  std::vector<std::int64_t> shape;
  if (!is_scalar) shape.push_back(static_cast<std::int64_t>(values.size()));
  auto [tensor, bytes] = relax::make_tensor(kInt64, shape);
  std::memcpy(bytes, values.data(), values.size() * sizeof(std::int64_t));
  return relax::constant(tensor);
}

std::optional<IntegerValues> integers_of(const relax::TensorData& data) {
  if (data.shape.size() > 1 || data.num_elements() > kMaxIntegers) return std::nullopt;
  IntegerValues result;
  result.is_scalar = data.shape.empty();
  for (std::int64_t i = 0; i < data.num_elements(); ++i) {
    if (data.dtype == kInt64) {
      result.values.push_back(tir::i64(data.as<std::int64_t>()[i]));
    } else if (data.dtype == kInt32) {
      result.values.push_back(tir::i64(data.as<std::int32_t>()[i]));
    } else {
      return std::nullopt;
    }
  }
  return result;
}

void NodeContext::fail(const std::string& text) const {
  throw UserError(describe(node_) + ": " + text);
}

bool NodeContext::has_input(std::size_t i) const {
  return i < inputs_.size() && (inputs_[i].tensor || inputs_[i].integers);
}

const Value& NodeContext::value(std::size_t i) const {
  if (!has_input(i)) fail("input " + std::to_string(i) + " is missing");
  return inputs_[i];
}

relax::Expr NodeContext::tensor(std::size_t i) const {
  const Value& input = value(i);
  if (input.tensor) return input.tensor;
  std::vector<std::int64_t> constants;
  for (const tir::Expr& e : input.integers->values) {
    const auto n = tir::as_int(e);
    if (!n) {
      fail("input " + std::to_string(i) +
           " is a shape that is known only at run time; it can be used in shapes, not as data");
    }
    constants.push_back(*n);
  }
  return integer_constant(constants, input.integers->is_scalar);
}

relax::TensorType NodeContext::type(std::size_t i) const {
  const relax::Type type = relax::type_of(tensor(i));
  const auto* known = type.as<relax::TensorType>();
  if (!known || !known->shape || !known->dtype) {
    fail("input " + std::to_string(i) + " has no known rank or element type");
  }
  return *known;
}

std::size_t NodeContext::rank(std::size_t i) const { return type(i).shape->size(); }

std::vector<tir::Expr> NodeContext::integers(std::size_t i) const {
  const Value& input = value(i);
  if (!input.integers) {
    fail("input " + std::to_string(i) +
         " must be known when the model is compiled: constants or arithmetic on shapes");
  }
  return input.integers->values;
}

std::vector<std::int64_t> NodeContext::constant_integers(std::size_t i) const {
  std::vector<std::int64_t> result;
  for (const tir::Expr& e : integers(i)) {
    const auto n = tir::as_int(e);
    if (!n) fail("input " + std::to_string(i) + " must be constant");
    result.push_back(*n);
  }
  return result;
}

std::vector<double> NodeContext::constant_floats(std::size_t i) const {
  const auto* constant = value(i).tensor.as<relax::Constant>();
  if (!constant || !constant->data->dtype.is_float() || constant->data->dtype.bits < 32) {
    fail("input " + std::to_string(i) + " must be a constant of float32 or float64");
  }
  const relax::TensorData& data = *constant->data;
  std::vector<double> result;
  for (std::int64_t k = 0; k < data.num_elements(); ++k) {
    result.push_back(data.dtype == kFloat32 ? data.as<float>()[k] : data.as<double>()[k]);
  }
  return result;
}

std::optional<double> NodeContext::constant_number(std::size_t i) const {
  const auto* constant = value(i).tensor.as<relax::Constant>();
  if (!constant || constant->data->num_elements() != 1) return std::nullopt;
  const relax::TensorData& data = *constant->data;
  if (data.dtype == kFloat32) return *data.as<float>();
  if (data.dtype == kFloat64) return *data.as<double>();
  if (data.dtype == kInt64) return static_cast<double>(*data.as<std::int64_t>());
  if (data.dtype == kInt32) return *data.as<std::int32_t>();
  return std::nullopt;
}

const onnx_file::Attribute* NodeContext::find(const std::string& name) const {
  for (const auto& attribute : node_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t NodeContext::int_attribute(const std::string& name,
                                        std::optional<std::int64_t> fallback) const {
  const auto* attribute = find(name);
  if (!attribute) {
    if (fallback) return *fallback;
    fail("attribute " + name + " is missing");
  }
  if (attribute->has_type() && attribute->type() != kIntType) {
    fail("attribute " + name + " is no integer");
  }
  return attribute->i();
}

double NodeContext::float_attribute(const std::string& name, std::optional<double> fallback) const {
  const auto* attribute = find(name);
  if (!attribute) {
    if (fallback) return *fallback;
    fail("attribute " + name + " is missing");
  }
  if (attribute->has_type() && attribute->type() != kFloatType) {
    fail("attribute " + name + " is no float");
  }
  return attribute->f();
}

std::string NodeContext::string_attribute(const std::string& name,
                                          const std::string& fallback) const {
  const auto* attribute = find(name);
  if (!attribute) return fallback;
  if (attribute->has_type() && attribute->type() != kStringType) {
    fail("attribute " + name + " is no string");
  }
  return attribute->s();
}

std::vector<std::int64_t> NodeContext::ints_attribute(const std::string& name) const {
  const auto* attribute = find(name);
  if (!attribute) return {};
  if (attribute->has_type() && attribute->type() != kIntsType) {
    fail("attribute " + name + " is no list of integers");
  }
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<double> NodeContext::floats_attribute(const std::string& name) const {
  const auto* attribute = find(name);
  if (!attribute) return {};
  if (attribute->has_type() && attribute->type() != kFloatsType) {
    fail("attribute " + name + " is no list of floats");
  }
  return {attribute->floats().begin(), attribute->floats().end()};
}

relax::Expr cast_to(const NodeContext& node, const relax::Expr& tensor, DataType dtype) {
  if (dtype_of(tensor) == dtype) return tensor;
  return node.emit("astype", {tensor}, {{"dtype", relax::string_attr(to_string(dtype))}});
}

relax::Expr number(const NodeContext& node, DataType dtype, double value) {
  const bool is_direct = dtype == kFloat32 || dtype == kFloat64 || dtype == kInt64 ||
                         dtype == kInt32 || dtype == kBoolType || dtype.bits == 8;
  if (is_direct) return relax::scalar_constant(dtype, value);
  return cast_to(node, relax::scalar_constant(dtype.is_float() ? kFloat32 : kInt64, value), dtype);
}

relax::Shape tensor_shape(const relax::Expr& tensor) {
  return relax::shape_of(relax::type_of(tensor));
}

relax::Expr reshape_to(const NodeContext& node, const relax::Expr& tensor, relax::Shape shape) {
  const relax::Shape has = tensor_shape(tensor);
  bool equal = has.size() == shape.size();
  for (std::size_t i = 0; equal && i < has.size(); ++i) {
    equal = relax::proved_equal(has[i], shape[i]);
  }
  if (equal) return tensor;
  return node.emit("reshape", {tensor, relax::ShapeExpr{std::move(shape)}});
}

std::size_t axis_in(const NodeContext& node, std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r) {
    node.fail("axis " + std::to_string(axis) + " is outside a tensor of rank " +
              std::to_string(rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

relax::Expr aligned_operand(const NodeContext& node, std::size_t i) {
  const relax::Expr tensor = node.tensor(i);
  if (node.opset() >= 7 || i == 0 || node.int_attribute("broadcast", 0) == 0) return tensor;
  const std::size_t rank = node.rank(0);
  relax::Shape shape = *node.type(i).shape;
  const std::int64_t axis = node.int_attribute(
      "axis", static_cast<std::int64_t>(rank) - static_cast<std::int64_t>(shape.size()));
  if (axis < 0 || static_cast<std::size_t>(axis) + shape.size() > rank) {
    node.fail("axis " + std::to_string(axis) + " does not fit operands of rank " +
              std::to_string(rank) + " and " + std::to_string(shape.size()));
  }
  while (shape.size() < rank - static_cast<std::size_t>(axis)) shape.push_back(tir::i64(1));
  return reshape_to(node, tensor, shape);
}

}  // namespace tenon::onnx
