// Comparisons, truth values, bits, choices.
#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

template <const char* op>
std::vector<Value> unary(const NodeContext& node) {
  return {tensor_value(node.emit(op, {node.tensor(0)}))};
}

template <const char* op>
std::vector<Value> binary(const NodeContext& node) {
  return {tensor_value(node.emit(op, {node.tensor(0), aligned_operand(node, 1)}))};
}

// Values that are known as integers but not as a tensor: the sizes of symbolic dimensions.
bool is_shape_value(const Value& value) { return value.integers && !value.tensor; }

// Element i of integers that broadcast.
const tir::Expr& at(const IntegerValues& integers, std::size_t i) {
  return integers.values[integers.values.size() == 1 ? 0 : i];
}

// Whether two sizes are equal; nothing when that depends on the symbols. Sizes are not negative.
std::optional<bool> are_equal(const tir::Expr& a, const tir::Expr& b) {
  if (relax::proved_equal(a, b)) return true;
  const auto x = tir::as_int(a), y = tir::as_int(b);
  if ((x && *x < 0) || (y && *y < 0) || relax::proved_different(a, b)) return false;
  return std::nullopt;
}

std::vector<Value> equal(const NodeContext& node) {
  const Value& a = node.value(0);
  const Value& b = node.value(1);
  if (!a.integers || !b.integers || (!is_shape_value(a) && !is_shape_value(b))) {
    return {tensor_value(node.emit("equal", {node.tensor(0), aligned_operand(node, 1)}))};
  }
  const std::size_t x = a.integers->values.size(), y = b.integers->values.size();
  if (x != y && x != 1 && y != 1) node.fail("shape values of different lengths are compared");
  const bool is_scalar = a.integers->is_scalar && b.integers->is_scalar;
  const std::size_t count = x == 1 ? y : x;
  std::vector<std::int64_t> shape;
  if (!is_scalar) shape.push_back(static_cast<std::int64_t>(count));
  auto [result, bytes] = relax::make_tensor(kBoolType, shape);
  for (std::size_t i = 0; i < count; ++i) {
    const auto known = are_equal(at(*a.integers, i), at(*b.integers, i));
    if (!known) node.fail("whether two sizes are equal must be known when the model is compiled");
    bytes[i] = std::byte{*known};
  }
  return {tensor_value(relax::constant(result))};
}

// A choice between shape values by a constant.
std::optional<Value> choose_integers(const NodeContext& node) {
  const Value& a = node.value(1);
  const Value& b = node.value(2);
  const auto* condition = node.value(0).tensor.as<relax::Constant>();
  if (!condition || !a.integers || !b.integers || (!is_shape_value(a) && !is_shape_value(b))) {
    return std::nullopt;
  }
  const auto& data = *condition->data;
  const auto count = static_cast<std::size_t>(data.num_elements());
  const std::size_t x = a.integers->values.size(), y = b.integers->values.size();
  if (data.shape.size() > 1 || (x != count && x != 1) || (y != count && y != 1)) {
    return std::nullopt;
  }
  std::vector<tir::Expr> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back(at(data.as<std::uint8_t>()[i] != 0 ? *a.integers : *b.integers, i));
  }
  return integer_value(chosen, data.shape.empty());
}

std::vector<Value> where(const NodeContext& node) {
  if (auto chosen = choose_integers(node)) return {*chosen};
  return {tensor_value(node.emit("where", {node.tensor(0), node.tensor(1), node.tensor(2)}))};
}

// fmod = 0: integers, the sign of the divisor; 1: the sign of the dividend, as C's fmod.
std::vector<Value> mod(const NodeContext& node) {
  const bool is_c = node.int_attribute("fmod", 0) != 0;
  if (!is_c && node.type(0).dtype->is_float()) {
    node.fail("fmod must be 1 for floating-point tensors");
  }
  return {tensor_value(node.emit(is_c ? "mod" : "floor_mod", {node.tensor(0), node.tensor(1)}))};
}

std::vector<Value> bit_shift(const NodeContext& node) {
  const std::string direction = node.string_attribute("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    node.fail("direction \"" + direction + "\" is unknown; needed: LEFT or RIGHT");
  }
  return {tensor_value(node.emit(direction == "LEFT" ? "left_shift" : "right_shift",
                                 {node.tensor(0), node.tensor(1)}))};
}

std::vector<Value> is_inf(const NodeContext& node) {
  return {tensor_value(
      node.emit("isinf", {node.tensor(0)},
                {{"detect_negative", relax::int_attr(node.int_attribute("detect_negative", 1))},
                 {"detect_positive", relax::int_attr(node.int_attribute("detect_positive", 1))}}))};
}

constexpr char kLess[] = "less", kGreater[] = "greater", kLessEqual[] = "less_equal",
               kGreaterEqual[] = "greater_equal", kAnd[] = "logical_and", kOr[] = "logical_or",
               kXor[] = "logical_xor", kNot[] = "logical_not", kBitAnd[] = "bitwise_and",
               kBitOr[] = "bitwise_or", kBitXor[] = "bitwise_xor", kBitNot[] = "bitwise_not",
               kIsNan[] = "isnan";

}  // namespace

const std::vector<OperatorEntry>& logic_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"And", 1, binary<kAnd>},
      {"BitShift", 11, bit_shift},
      {"BitwiseAnd", 18, binary<kBitAnd>},
      {"BitwiseNot", 18, unary<kBitNot>},
      {"BitwiseOr", 18, binary<kBitOr>},
      {"BitwiseXor", 18, binary<kBitXor>},
      {"Equal", 1, equal},
      {"Greater", 1, binary<kGreater>},
      {"GreaterOrEqual", 12, binary<kGreaterEqual>},
      {"IsInf", 10, is_inf},
      {"IsNaN", 9, unary<kIsNan>},
      {"Less", 1, binary<kLess>},
      {"LessOrEqual", 12, binary<kLessEqual>},
      {"Mod", 10, mod},
      {"Not", 1, unary<kNot>},
      {"Or", 1, binary<kOr>},
      {"Where", 9, where},
      {"Xor", 1, binary<kXor>},
  };
  return kTable;
}

}  // namespace tenon::onnx
