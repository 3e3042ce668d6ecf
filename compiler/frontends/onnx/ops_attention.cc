// Attention (opset 23): softmax(scale * Q K' + masks) V over heads, with grouped key and value
// heads and a cache of earlier keys and values.
#include <array>
#include <cmath>
#include <limits>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/frontends/onnx/tensor.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::Expr;
using relax::int_attr;
using relax::ints_attr;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// (batch, sequence, heads * size) -> (batch, heads, sequence, size); of rank 4 it is that already.
Expr by_head(const NodeContext& node, std::size_t input, const char* heads_name) {
  const Expr x = node.tensor(input);
  const relax::Shape shape = tensor_shape(x);
  if (shape.size() == 4) return x;
  if (shape.size() != 3) {
    node.fail("input " + std::to_string(input) + " of shape " + relax::to_text(shape) +
              " needs rank 3 or 4");
  }
  const std::int64_t heads = node.int_attribute(heads_name);
  const auto width = tir::as_int(shape[2]);
  if (!width || heads < 1 || *width % heads != 0) {
    node.fail(std::string(heads_name) + " " + std::to_string(heads) +
              " does not divide the last axis of " + relax::to_text(shape));
  }
  const Expr split =
      reshape_to(node, x, {shape[0], shape[1], tir::i64(heads), tir::i64(*width / heads)});
  return node.emit("permute_dims", {split}, {{"axes", ints_attr({0, 2, 1, 3})}});
}

Expr with_past(const NodeContext& node, std::size_t past, const Expr& x) {
  if (!node.has_input(past)) return x;
  return node.emit("concat", {relax::Tuple{{node.tensor(past), x}}}, {{"axis", int_attr(2)}});
}

// (batch, heads, ...) -> (batch, groups, heads / groups, ...).
Expr grouped(const NodeContext& node, const Expr& x, std::int64_t groups) {
  relax::Shape shape = tensor_shape(x);
  const std::int64_t heads = tir::as_int(shape[1]).value_or(0);
  shape[1] = tir::i64(groups);
  shape.insert(shape.begin() + 2, tir::i64(heads / groups));
  return reshape_to(node, x, shape);
}

struct Heads {
  Expr query, key, value;
  std::int64_t count, groups;
};

Heads read_heads(const NodeContext& node) {
  Heads h{by_head(node, 0, "q_num_heads"), by_head(node, 1, "kv_num_heads"),
          by_head(node, 2, "kv_num_heads"), 0, 0};
  h.key = with_past(node, 4, h.key);
  h.value = with_past(node, 5, h.value);
  h.count = tir::as_int(tensor_shape(h.query)[1]).value_or(0);
  h.groups = tir::as_int(tensor_shape(h.key)[1]).value_or(0);
  if (h.groups < 1 || h.count % h.groups != 0) {
    node.fail("the heads of Q " + relax::to_text(tensor_shape(h.query)) +
              " must be a multiple of those of K " + relax::to_text(tensor_shape(h.key)));
  }
  return h;
}

Expr product(const NodeContext& node, const Heads& h, const Expr& left, const Expr& right,
             bool transposed) {
  const tir::AttrMap attrs{{"transpose_b", int_attr(transposed)}};
  if (h.count == h.groups) return node.emit("matmul", {left, right}, attrs);
  const Expr wide =
      node.emit("matmul", {grouped(node, left, h.groups), grouped(node, right, h.groups)}, attrs);
  relax::Shape shape = tensor_shape(wide);
  shape.erase(shape.begin() + 2);
  shape[1] = tir::i64(h.count);
  return reshape_to(node, wide, shape);
}

Expr masked(const NodeContext& node, const Expr& scores, const Expr& allowed) {
  const Expr never = number(node, dtype_of(scores), kMinusInfinity);
  return node.emit("where", {allowed, scores, never});
}

// Query i sees key j when j <= i + the number of cached keys.
Expr causal_mask(const NodeContext& node, const Expr& scores) {
  const relax::Shape shape = tensor_shape(scores);
  std::int64_t past = 0;
  if (node.has_input(4)) {
    const auto cached = tir::as_int(tensor_shape(node.tensor(4))[2]);
    if (!cached) node.fail("is_causal with a cache of symbolic length is not supported");
    past = *cached;
  }
  const auto positions = [&](const relax::Dim& extent, std::int64_t start) {
    return node.emit("iota", {relax::ShapeExpr{{extent}}},
                     {{"start", int_attr(start)}, {"dtype", relax::string_attr("int64")}});
  };
  const Expr rows = reshape_to(node, positions(shape[2], past), {shape[2], tir::i64(1)});
  return node.emit("less_equal", {positions(shape[3], 0), rows});
}

// A row without any allowed key gives zeros.
Expr probabilities(const NodeContext& node, const Expr& scores) {
  const Expr result = node.emit("nn.softmax", {scores}, {{"axis", int_attr(-1)}});
  if (!node.has_input(3)) return result;
  const Expr top =
      node.emit("max", {scores}, {{"axis", ints_attr({-1})}, {"keepdims", int_attr(1)}});
  const DataType dtype = dtype_of(scores);
  const Expr is_empty = node.emit("equal", {top, number(node, dtype, kMinusInfinity)});
  return node.emit("where", {is_empty, number(node, dtype, 0), result});
}

void refuse_extensions(const NodeContext& node) {
  if (node.has_input(6)) node.fail("nonpad_kv_seqlen is not supported");
  for (const char* name : {"left_window_size", "right_window_size"}) {
    if (node.int_attribute(name, -1) >= 0) node.fail(std::string(name) + " is not supported");
  }
  if (node.has_input(4) != node.has_input(5)) node.fail("past_key and past_value go together");
}

double scale_of(const NodeContext& node, const Heads& h) {
  const auto size = tir::as_int(tensor_shape(h.query)[3]);
  if (!size || *size < 1) node.fail("the size of a head must be constant");
  return node.float_attribute("scale", 1 / std::sqrt(static_cast<double>(*size)));
}

// The scores as qk_matmul_output_mode 0, 1 and 2 wants them: raw, capped, capped and masked.
std::array<Expr, 3> scores_of(const NodeContext& node, const Heads& h) {
  const DataType dtype = dtype_of(h.query);
  const Expr factor = number(node, dtype, std::sqrt(scale_of(node, h)));
  const Expr raw = product(node, h, node.emit("multiply", {h.query, factor}),
                           node.emit("multiply", {h.key, factor}), true);
  Expr capped = raw;
  if (const double cap = node.float_attribute("softcap", 0); cap > 0) {
    const Expr limit = number(node, dtype, cap);
    const Expr bent = node.emit("tanh", {node.emit("divide", {raw, limit})});
    capped = node.emit("multiply", {bent, limit});
  }
  Expr scores = capped;
  if (node.int_attribute("is_causal", 0) != 0) {
    scores = masked(node, scores, causal_mask(node, scores));
  }
  if (node.has_input(3)) {
    const Expr mask = node.tensor(3);
    scores = dtype_of(mask).is_bool() ? masked(node, scores, mask)
                                      : node.emit("add", {scores, cast_to(node, mask, dtype)});
  }
  return {raw, capped, scores};
}

std::vector<Value> attention(const NodeContext& node) {
  refuse_extensions(node);
  const std::int64_t mode = node.int_attribute("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3) node.fail("qk_matmul_output_mode must be 0 to 3");
  const Heads h = read_heads(node);
  const DataType dtype = dtype_of(h.query);
  // Sums of half precision products are kept in float32.
  const DataType wide = dtype == kFloat64 ? kFloat64 : kFloat32;
  const Heads inner{cast_to(node, h.query, wide), cast_to(node, h.key, wide),
                    cast_to(node, h.value, wide), h.count, h.groups};
  const std::array<Expr, 3> scores = scores_of(node, inner);
  Expr logits = scores[2];
  if (const auto precision = node.int_attribute("softmax_precision", 0)) {
    const std::string where = "attribute softmax_precision";
    logits = cast_to(node, logits, element_type(static_cast<int>(precision), where));
  }
  const Expr weights = cast_to(node, probabilities(node, logits), wide);
  Expr y = cast_to(node, product(node, inner, weights, inner.value, false), dtype);
  if (node.rank(0) == 3) {
    y = node.emit("permute_dims", {y}, {{"axes", ints_attr({0, 2, 1, 3})}});
    const relax::Shape s = tensor_shape(y);
    y = reshape_to(node, y, {s[0], s[1], relax::simplify(s[2] * s[3])});
  }
  std::vector<Value> results{tensor_value(y), tensor_value(h.key), tensor_value(h.value)};
  if (node.num_outputs() > 3) {
    const Expr& asked = mode == 3 ? weights : scores[static_cast<std::size_t>(mode)];
    results.push_back(tensor_value(cast_to(node, asked, dtype)));
  }
  return results;
}

}  // namespace

const std::vector<OperatorEntry>& attention_operators() {
  static const std::vector<OperatorEntry> kTable = {{"Attention", 23, attention}};
  return kTable;
}

}  // namespace tenon::onnx
