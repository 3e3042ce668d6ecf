// Operators that pick or place elements by position: GatherElements, GatherND, OneHot, Trilu,
// CumSum, Range, EyeLike.
#include <cmath>
#include <cstring>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/frontends/onnx/tensor.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;

// More are not made as constants of the importer.
constexpr std::int64_t kMaxRange = std::int64_t{1} << 28;

std::vector<Value> gather_elements(const NodeContext& node) {
  return {tensor_value(node.emit("gather_elements", {node.tensor(0), node.tensor(1)},
                                 {{"axis", int_attr(node.int_attribute("axis", 0))}}))};
}

std::vector<Value> gather_nd(const NodeContext& node) {
  return {tensor_value(node.emit("gather_nd", {node.tensor(0), node.tensor(1)},
                                 {{"batch_dims", int_attr(node.int_attribute("batch_dims", 0))}}))};
}

relax::Expr positions(const NodeContext& node, const relax::Dim& extent) {
  return node.emit("iota", {relax::ShapeExpr{{extent}}}, {{"dtype", relax::string_attr("int64")}});
}

// Indices outside [-depth, depth) give a row of off-values.
std::vector<Value> one_hot(const NodeContext& node) {
  const auto depth = node.constant_number(1);
  if (!depth || *depth < 0 || *depth > static_cast<double>(kMaxRange)) {
    node.fail("the depth must be a constant scalar, at least 0");
  }
  const auto extent = static_cast<std::int64_t>(*depth);
  relax::Expr index = cast_to(node, node.tensor(0), kInt64);
  const relax::Expr zero = number(node, kInt64, 0);
  const relax::Expr wrapped =
      node.emit("add", {index, number(node, kInt64, static_cast<double>(extent))});
  index = node.emit("where", {node.emit("less", {index, zero}), wrapped, index});
  const std::size_t rank = node.rank(0) + 1;
  const std::size_t axis = axis_in(node, node.int_attribute("axis", -1), rank);
  index =
      node.emit("expand_dims", {index}, {{"axis", ints_attr({static_cast<std::int64_t>(axis)})}});
  relax::Shape full(rank, tir::i64(1));
  full[axis] = tir::i64(extent);
  const relax::Expr places = reshape_to(node, positions(node, tir::i64(extent)), full);
  const relax::Expr hit = node.emit("equal", {index, places});
  const relax::Expr values = node.tensor(2);
  const auto value = [&](std::int64_t i) {
    return node.emit("take", {values, integer_constant({i}, true)}, {{"axis", int_attr(0)}});
  };
  return {tensor_value(node.emit("where", {hit, value(1), value(0)}))};
}

std::vector<Value> trilu(const NodeContext& node) {
  const std::int64_t k = node.has_input(1) ? node.constant_integers(1).at(0) : 0;
  const char* op = node.int_attribute("upper", 1) != 0 ? "upper_triangle" : "lower_triangle";
  return {tensor_value(node.emit(op, {node.tensor(0)}, {{"k", int_attr(k)}}))};
}

std::vector<Value> cumulative(const NodeContext& node, const char* op) {
  const auto axis = node.constant_integers(1);
  if (axis.size() != 1) node.fail("one axis is needed");
  return {tensor_value(node.emit(op, {node.tensor(0)},
                                 {{"axis", int_attr(axis[0])},
                                  {"exclusive", int_attr(node.int_attribute("exclusive", 0))},
                                  {"reverse", int_attr(node.int_attribute("reverse", 0))}}))};
}
std::vector<Value> cumulative_sum(const NodeContext& node) {
  return cumulative(node, "cumulative_sum");
}
std::vector<Value> cumulative_product(const NodeContext& node) {
  return cumulative(node, "cumulative_product");
}

// Of floats: all three are constants.
std::vector<Value> float_range(const NodeContext& node) {
  const auto start = node.constant_number(0), limit = node.constant_number(1);
  const auto delta = node.constant_number(2);
  if (!start || !limit || !delta) node.fail("start, limit and delta must be constant scalars");
  const double count = std::ceil((*limit - *start) / *delta);
  if (*delta == 0 || !(count <= static_cast<double>(kMaxRange))) {
    node.fail("the range has too many elements");
  }
  const auto extent = static_cast<std::int64_t>(std::max(count, 0.0));
  return {tensor_value(node.emit("iota", {relax::ShapeExpr{{tir::i64(extent)}}},
                                 {{"start", relax::float_attr(*start)},
                                  {"step", relax::float_attr(*delta)},
                                  {"dtype", relax::string_attr(to_string(*node.type(0).dtype))}}))};
}

// Of integers: start and delta are constants, the limit may be a size.
std::vector<Value> range(const NodeContext& node) {
  const Value& first = node.value(0);
  const DataType dtype = first.tensor ? dtype_of(first.tensor) : kInt64;
  if (dtype.is_float()) return float_range(node);
  const auto scalar = [&](std::size_t i) {
    const auto values = node.integers(i);
    if (values.size() != 1) node.fail("input " + std::to_string(i) + " must be a scalar");
    return values[0];
  };
  const tir::Expr limit = scalar(1), begin = scalar(0);
  const auto start = tir::as_int(begin), step = tir::as_int(scalar(2));
  if (!start || !step || *step == 0) {
    node.fail("start must be constant and delta a constant other than 0");
  }
  const std::int64_t away = *step > 0 ? *step - 1 : *step + 1;
  const tir::Expr span = limit - tir::i64(*start) + tir::i64(away);
  tir::Expr extent = relax::simplify(tir::floor_div(span, tir::i64(*step)));
  if (const auto count = tir::as_int(extent)) {
    if (*count > kMaxRange) node.fail("the range has too many elements");
    extent = tir::i64(std::max<std::int64_t>(*count, 0));
  }
  return {tensor_value(node.emit("iota", {relax::ShapeExpr{{extent}}},
                                 {{"start", int_attr(*start)},
                                  {"step", int_attr(*step)},
                                  {"dtype", relax::string_attr(to_string(dtype))}}))};
}

std::vector<Value> eye_like(const NodeContext& node) {
  const relax::Shape shape = *node.type(0).shape;
  if (shape.size() != 2) node.fail("a matrix is needed");
  DataType dtype = *node.type(0).dtype;
  if (const auto given = node.int_attribute("dtype", 0)) {
    dtype = element_type(static_cast<int>(given), "attribute dtype");
  }
  const auto k = static_cast<double>(node.int_attribute("k", 0));
  const relax::Expr rows = reshape_to(node, positions(node, shape[0]), {shape[0], tir::i64(1)});
  const relax::Expr diagonal = node.emit("add", {rows, number(node, kInt64, k)});
  return {tensor_value(
      cast_to(node, node.emit("equal", {diagonal, positions(node, shape[1])}), dtype))};
}

}  // namespace

const std::vector<OperatorEntry>& index_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"CumProd", 26, cumulative_product},
      {"CumSum", 11, cumulative_sum},
      {"EyeLike", 9, eye_like},
      {"GatherElements", 11, gather_elements},
      {"GatherND", 11, gather_nd},
      {"OneHot", 9, one_hot},
      {"Range", 11, range},
      {"Trilu", 14, trilu},
  };
  return kTable;
}

}  // namespace tenon::onnx
