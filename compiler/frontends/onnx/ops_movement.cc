// Operators that move elements: Reshape, Flatten, Transpose, Concat, Expand, Split, Tile, Pad,
// DepthToSpace, SpaceToDepth.
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
    } else if (const auto extent = tir::as_int(to[i]); extent && *extent < -1) {
      node.fail("shape " + relax::to_text(given) + " has an extent below -1");
    } else if (tir::is_int(to[i], -1)) {
      if (open) node.fail("shape has two extents of -1");
      open = i;
      to[i] = tir::i64(1);
    }
  }
  std::int64_t fixed = 1;
  for (const relax::Dim& dim : to) {
    if (__builtin_mul_overflow(fixed, tir::as_int(dim).value_or(1), &fixed)) {
      node.fail("shape " + relax::to_text(given) + " has too many elements");
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
    if (fixed == 0) node.fail("shape " + relax::to_text(given) + " leaves -1 undecided");
    to[*open] = relax::simplify(tir::floor_div(relax::simplify(rest), tir::i64(fixed)));
  }
  return to;
}

// A shape value as a vector or a scalar.
std::optional<Value> reshape_integers(const NodeContext& node,
                                      const std::vector<tir::Expr>& given) {
  const Value& input = node.value(0);
  if (input.tensor || !input.integers || given.size() > 1) return std::nullopt;
  const auto count = static_cast<std::int64_t>(input.integers->values.size());
  const std::int64_t wanted = given.empty() ? 1 : tir::as_int(given[0]).value_or(-2);
  if (wanted != count && wanted != -1) {
    node.fail("shape " + relax::to_text(given) + " does not fit " + std::to_string(count) +
              " shape values");
  }
  return integer_value(input.integers->values, given.empty());
}

std::vector<Value> import_reshape(const NodeContext& node) {
  std::vector<tir::Expr> given;
  if (node.opset() < 5) {
    for (const std::int64_t dim : node.ints_attribute("shape")) given.push_back(tir::i64(dim));
  } else {
    given = node.integers(1);
  }
  if (auto integers = reshape_integers(node, given)) return {*integers};
  const relax::Shape to = reshape_target(node, given);
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
  const std::int64_t axis =
      node.opset() < 4 ? node.int_attribute("axis", 1) : node.int_attribute("axis");
  return {tensor_value(node.emit("concat", {parts}, {{"axis", int_attr(axis)}}))};
}

std::vector<Value> import_expand(const NodeContext& node) {
  const relax::Shape from = *node.type(0).shape;
  relax::Shape to = node.integers(1);
  // Extents of 1 in the shape leave the input's extent.
  for (const tir::Expr& dim : to) {
    if (const auto extent = tir::as_int(dim); extent && *extent < 0) {
      node.fail("shape " + relax::to_text(to) + " has a negative extent");
    }
  }
  if (to.size() < from.size()) to.insert(to.begin(), from.size() - to.size(), tir::i64(1));
  const std::size_t skip = to.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (tir::is_int(to[skip + i], 1)) to[skip + i] = from[i];
  }
  return {tensor_value(node.emit("broadcast_to", {node.tensor(0), relax::ShapeExpr{to}}))};
}

// The sizes of the parts: an input from opset 13 (and in 1), else an attribute, else equal ones;
// from opset 18 the last of num_outputs parts may be smaller.
std::vector<std::int64_t> split_sizes(const NodeContext& node, std::int64_t extent) {
  std::vector<std::int64_t> sizes = node.ints_attribute("split");
  if (node.has_input(1)) sizes = node.constant_integers(1);
  const auto parts =
      node.int_attribute("num_outputs", static_cast<std::int64_t>(node.num_outputs()));
  if (sizes.empty()) {
    if (parts < 1 || parts > extent + 1 || (node.opset() < 18 && extent % parts != 0)) {
      node.fail("an axis of " + std::to_string(extent) + " elements has no " +
                std::to_string(parts) + " equal parts");
    }
    const std::int64_t size = (extent + parts - 1) / parts;
    std::int64_t rest = extent;
    for (std::int64_t i = 0; i < parts; ++i, rest -= size) {
      sizes.push_back(std::max<std::int64_t>(0, std::min(size, rest)));
    }
  }
  std::int64_t rest = extent;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > rest) node.fail("the parts do not add up to " + std::to_string(extent));
    rest -= size;
  }
  if (rest != 0) node.fail("the parts do not add up to " + std::to_string(extent));
  if (sizes.size() != node.num_outputs()) {
    node.fail("has " + std::to_string(node.num_outputs()) + " outputs for " +
              std::to_string(sizes.size()) + " parts");
  }
  return sizes;
}

std::vector<Value> import_split(const NodeContext& node) {
  const relax::Shape shape = *node.type(0).shape;
  const std::size_t axis = axis_in(node, node.int_attribute("axis", 0), shape.size());
  const auto extent = tir::as_int(shape[axis]);
  if (!extent) node.fail("axis " + std::to_string(axis) + " of symbolic extent is split");
  std::vector<Value> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : split_sizes(node, *extent)) {
    parts.push_back(tensor_value(node.emit("strided_slice", {node.tensor(0)},
                                           {{"axes", ints_attr({static_cast<std::int64_t>(axis)})},
                                            {"begin", ints_attr({begin})},
                                            {"end", ints_attr({begin + size})}})));
    begin += size;
  }
  return parts;
}

std::vector<Value> import_tile(const NodeContext& node) {
  std::vector<std::int64_t> repeats(node.rank(0), 1);
  if (node.opset() < 6) {
    const auto count = node.constant_number(1), axis = node.constant_number(2);
    if (!count || !axis) node.fail("tiles and axis must be constant scalars");
    repeats[axis_in(node, static_cast<std::int64_t>(*axis), repeats.size())] =
        static_cast<std::int64_t>(*count);
  } else {
    repeats = node.constant_integers(1);
  }
  return {tensor_value(node.emit("tile", {node.tensor(0)}, {{"repeats", ints_attr(repeats)}}))};
}

// Pads, all starts then all ends, for each axis of the tensor.
std::vector<std::int64_t> read_pads(const NodeContext& node) {
  const std::size_t rank = node.rank(0);
  std::vector<std::int64_t> given = node.ints_attribute(node.opset() < 2 ? "paddings" : "pads");
  if (node.opset() >= 11) given = node.constant_integers(1);
  std::vector<std::int64_t> axes;
  if (node.has_input(3)) {
    axes = node.constant_integers(3);
  } else {
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
  }
  if (given.size() != 2 * axes.size()) {
    node.fail(std::to_string(2 * axes.size()) + " pads are needed, got " +
              std::to_string(given.size()));
  }
  std::vector<std::int64_t> pads(2 * rank, 0);
  constexpr std::int64_t kMaxPad = std::int64_t{1} << 31;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::size_t axis = axis_in(node, axes[k], rank);
    pads[axis] = given[k];
    pads[axis + rank] = given[k + axes.size()];
    if (std::abs(pads[axis]) > kMaxPad || std::abs(pads[axis + rank]) > kMaxPad) {
      node.fail("a pad is out of range");
    }
  }
  return pads;
}

std::vector<Value> import_pad(const NodeContext& node) {
  const std::vector<std::int64_t> pads = read_pads(node);
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2);
  const DataType dtype = *node.type(0).dtype;
  relax::Expr value = number(node, dtype, node.float_attribute("value", 0));
  if (node.opset() >= 11 && node.has_input(2)) value = reshape_to(node, node.tensor(2), {});
  return {tensor_value(
      node.emit("border", {node.tensor(0), value},
                {{"pad_before", ints_attr({pads.begin(), middle})},
                 {"pad_after", ints_attr({middle, pads.end()})},
                 {"mode", relax::string_attr(node.string_attribute("mode", "constant"))}}))};
}

// A tensor as shape `inner`, its axes in another order, as shape `outer`.
std::vector<Value> rearrange(const NodeContext& node, const relax::Shape& inner,
                             const std::vector<std::int64_t>& axes, const relax::Shape& outer) {
  relax::Expr x = reshape_to(node, node.tensor(0), inner);
  x = node.emit("permute_dims", {x}, {{"axes", ints_attr(axes)}});
  return {tensor_value(reshape_to(node, x, outer))};
}

std::int64_t block_size(const NodeContext& node) {
  if (node.rank(0) != 4) node.fail("a tensor of rank 4 is needed");
  const std::int64_t block = node.int_attribute("blocksize");
  if (block < 1 || block > 65536) node.fail("blocksize must be 1 to 65536");
  return block;
}

// The quotient of an extent, which the block must divide.
relax::Dim divided(const NodeContext& node, const relax::Dim& extent, std::int64_t by) {
  const auto n = tir::as_int(extent);
  if (!n || *n % by != 0) {
    node.fail("extent " + relax::to_text({extent}) + " is no multiple of " + std::to_string(by));
  }
  return tir::i64(*n / by);
}

std::vector<Value> import_depth_to_space(const NodeContext& node) {
  const std::int64_t b = block_size(node);
  const relax::Shape s = *node.type(0).shape;
  const relax::Dim depth = divided(node, s[1], b * b), block = tir::i64(b);
  const relax::Shape outer{s[0], depth, relax::simplify(s[2] * block),
                           relax::simplify(s[3] * block)};
  const std::string mode = node.string_attribute("mode", "DCR");
  if (mode == "DCR") {
    return rearrange(node, {s[0], block, block, depth, s[2], s[3]}, {0, 3, 4, 1, 5, 2}, outer);
  }
  if (mode != "CRD") node.fail("mode \"" + mode + "\" is unknown; needed: DCR or CRD");
  return rearrange(node, {s[0], depth, block, block, s[2], s[3]}, {0, 1, 4, 2, 5, 3}, outer);
}

std::vector<Value> import_space_to_depth(const NodeContext& node) {
  const std::int64_t b = block_size(node);
  const relax::Shape s = *node.type(0).shape;
  const relax::Dim block = tir::i64(b);
  const relax::Dim height = divided(node, s[2], b), width = divided(node, s[3], b);
  return rearrange(node, {s[0], s[1], height, block, width, block}, {0, 3, 5, 1, 2, 4},
                   {s[0], relax::simplify(s[1] * tir::i64(b * b)), height, width});
}

}  // namespace

const std::vector<OperatorEntry>& movement_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Concat", 1, import_concat},
      {"DepthToSpace", 1, import_depth_to_space},
      {"Expand", 8, import_expand},
      {"Flatten", 1, import_flatten},
      {"Pad", 1, import_pad},
      {"Reshape", 1, import_reshape},
      {"SpaceToDepth", 1, import_space_to_depth},
      {"Split", 1, import_split},
      {"Tile", 1, import_tile},
      {"Transpose", 1, import_transpose},
  };
  return kTable;
}

}  // namespace tenon::onnx
