// Operators that move elements: Reshape, Flatten, Transpose, Concat, Expand.
#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;

// 0 copies the input's extent (unless allowzero), -1 is what is left.
relax::Shape reshape_target(const NodeContext& node, const std::vector<tir::Expr>& given) {
  const relax::Shape from = *node.type(0).shape;
  const bool allow_zero = node.int_attribute("allowzero", 0) != 0;
  relax::Shape to = given;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (tir::is_int(to[i], 0) && !allow_zero) {
      if (i >= from.size()) node.fail("shape has a 0 beyond the input's rank");
      to[i] = from[i];
    } else if (tir::is_int(to[i], -1)) {
      if (open) node.fail("shape has two extents of -1");
      open = i;
      to[i] = tir::i64(1);
    }
  }
  if (open) {
    const relax::Dim known = relax::product(to), all = relax::product(from);
    const auto divisor = tir::as_int(known), whole = tir::as_int(all);
    if (divisor && (*divisor == 0 || (whole && *whole % *divisor != 0))) {
      node.fail("shape " + relax::to_text(given) + " does not fit the " + relax::to_text({all}) +
                " elements of " + relax::to_text(from));
    }
    // Symbolic factors common to both sides cancel.
    relax::Dim rest = all;
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (i != *open && !tir::as_int(to[i])) rest = tir::floor_div(rest, to[i]);
    }
    std::int64_t constant = 1;
    for (const relax::Dim& dim : to) constant *= tir::as_int(dim).value_or(1);
    to[*open] = relax::simplify(tir::floor_div(relax::simplify(rest), tir::i64(constant)));
  }
  return to;
}

std::vector<Value> import_reshape(const NodeContext& node) {
  std::vector<tir::Expr> given;
  if (node.opset() < 5) {
    for (const std::int64_t dim : node.ints_attribute("shape")) given.push_back(tir::i64(dim));
  } else {
    given = node.integers(1);
  }
  const relax::Shape to = reshape_target(node, given);
  const Value& input = node.value(0);
  if (!input.tensor && input.integers && to.size() <= 1) {
    return {integer_value(input.integers->values, to.empty())};
  }
  return {tensor_value(node.emit("reshape", {node.tensor(0), relax::ShapeExpr{to}}))};
}

std::vector<Value> import_flatten(const NodeContext& node) {
  return {tensor_value(
      node.emit("flatten", {node.tensor(0)}, {{"axis", int_attr(node.int_attribute("axis", 1))}}))};
}

std::vector<Value> import_transpose(const NodeContext& node) {
  return {tensor_value(node.emit("permute_dims", {node.tensor(0)},
                                 {{"axes", ints_attr(node.ints_attribute("perm"))}}))};
}

// Of shapes: their values one after the other.
std::optional<Value> concat_integers(const NodeContext& node) {
  std::vector<tir::Expr> all;
  bool has_unknown = false;
  for (std::size_t i = 0; i < node.num_inputs(); ++i) {
    const Value& value = node.value(i);
    if (!value.integers || value.integers->is_scalar) return std::nullopt;
    has_unknown = has_unknown || !value.tensor;
    all.insert(all.end(), value.integers->values.begin(), value.integers->values.end());
  }
  if (!has_unknown) return std::nullopt;
  return integer_value(all, false);
}

std::vector<Value> import_concat(const NodeContext& node) {
  if (auto integers = concat_integers(node)) return {*integers};
  relax::Tuple parts;
  for (std::size_t i = 0; i < node.num_inputs(); ++i) parts.values.push_back(node.tensor(i));
  return {tensor_value(
      node.emit("concat", {parts}, {{"axis", int_attr(node.int_attribute("axis", 1))}}))};
}

std::vector<Value> import_expand(const NodeContext& node) {
  const relax::Shape from = *node.type(0).shape;
  relax::Shape to = node.integers(1);
  // Extents of 1 in the shape leave the input's extent.
  if (to.size() < from.size()) to.insert(to.begin(), from.size() - to.size(), tir::i64(1));
  const std::size_t skip = to.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (tir::is_int(to[skip + i], 1)) to[skip + i] = from[i];
  }
  return {tensor_value(node.emit("broadcast_to", {node.tensor(0), relax::ShapeExpr{to}}))};
}

}  // namespace

const std::vector<OperatorEntry>& movement_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Reshape", 1, import_reshape},     {"Flatten", 1, import_flatten},
      {"Transpose", 1, import_transpose}, {"Concat", 4, import_concat},
      {"Expand", 8, import_expand},
  };
  return kTable;
}

}  // namespace tenon::onnx
