// Reductions, ArgMax and ArgMin, softmax and its kin.
#include <cmath>
#include <limits>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;

// Over which axes; nothing: the tensor is not reduced at all.
struct Axes {
  std::vector<std::int64_t> axes;
  bool is_noop = false;
};

// Axes are an attribute before `input_since`, an input after.
Axes read_axes(const NodeContext& node, std::int64_t input_since) {
  Axes result;
  if (node.opset() < input_since) {
    result.axes = node.ints_attribute("axes");
    return result;
  }
  if (node.has_input(1)) result.axes = node.constant_integers(1);
  result.is_noop = result.axes.empty() && node.int_attribute("noop_with_empty_axes", 0) != 0;
  return result;
}

relax::Expr reduce(const NodeContext& node, const char* op, const relax::Expr& x, const Axes& axes,
                   bool keepdims) {
  if (axes.is_noop || tensor_shape(x).empty()) return x;
  return node.emit(op, {x}, {{"axis", ints_attr(axes.axes)}, {"keepdims", int_attr(keepdims)}});
}

std::vector<std::int64_t> all_axes(const NodeContext& node) {
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < node.rank(0); ++i) axes.push_back(static_cast<std::int64_t>(i));
  return axes;
}

bool keepdims(const NodeContext& node) { return node.int_attribute("keepdims", 1) != 0; }

template <const char* op, int input_since>
std::vector<Value> reduction(const NodeContext& node) {
  const Axes axes = read_axes(node, input_since);
  relax::Expr x = node.tensor(0);
  const DataType dtype = dtype_of(x);
  // Truth values have no order in kernels; 0 and 1 have.
  if (dtype.is_bool()) x = cast_to(node, x, kUInt8);
  return {tensor_value(cast_to(node, reduce(node, op, x, axes, keepdims(node)), dtype))};
}

constexpr char kSum[] = "sum", kMean[] = "mean", kMax[] = "max", kMin[] = "min", kProd[] = "prod";

std::vector<Value> reduce_l1(const NodeContext& node) {
  const relax::Expr x = node.emit("abs", {node.tensor(0)});
  return {tensor_value(reduce(node, kSum, x, read_axes(node, 18), keepdims(node)))};
}

std::vector<Value> reduce_sum_square(const NodeContext& node) {
  const relax::Expr x = node.emit("square", {node.tensor(0)});
  return {tensor_value(reduce(node, kSum, x, read_axes(node, 18), keepdims(node)))};
}

std::vector<Value> reduce_l2(const NodeContext& node) {
  return {tensor_value(node.emit("sqrt", {reduce_sum_square(node).front().tensor}))};
}

std::vector<Value> reduce_log_sum(const NodeContext& node) {
  const relax::Expr sum = reduce(node, kSum, node.tensor(0), read_axes(node, 18), keepdims(node));
  return {tensor_value(node.emit("log", {sum}))};
}

// log(sum(exp(x - m))) + m with m the largest element, which does not overflow. An infinite m is
// brought to the largest finite number, where the formula still gives the infinity.
std::vector<Value> reduce_log_sum_exp(const NodeContext& node) {
  const Axes axes = read_axes(node, 18);
  const relax::Expr x = node.tensor(0);
  if (axes.is_noop || tensor_shape(x).empty()) return {tensor_value(x)};
  const DataType dtype = dtype_of(x);
  if (!dtype.is_float()) node.fail("a floating-point tensor is needed");
  const double finite = dtype == kFloat64   ? std::numeric_limits<double>::max()
                        : dtype == kFloat16 ? 65504
                                            : std::numeric_limits<float>::max();
  relax::Expr top = reduce(node, kMax, x, axes, true);
  top = node.emit("clip", {top},
                  {{"min", relax::float_attr(-finite)}, {"max", relax::float_attr(finite)}});
  const relax::Expr terms = node.emit("exp", {node.emit("subtract", {x, top})});
  const relax::Expr sum = node.emit("log", {reduce(node, kSum, terms, axes, true)});
  const relax::Expr result = node.emit("add", {sum, top});
  if (keepdims(node)) return {tensor_value(result)};
  return {tensor_value(node.emit(
      "squeeze", {result}, {{"axis", ints_attr(axes.axes.empty() ? all_axes(node) : axes.axes)}}))};
}

std::vector<Value> arg_reduce(const NodeContext& node, const char* op) {
  relax::Expr x = node.tensor(0);
  if (dtype_of(x).is_bool()) x = cast_to(node, x, kUInt8);
  return {tensor_value(
      node.emit(op, {x},
                {{"axis", int_attr(node.int_attribute("axis", 0))},
                 {"keepdims", int_attr(keepdims(node))},
                 {"select_last_index", int_attr(node.int_attribute("select_last_index", 0))}}))};
}
std::vector<Value> arg_max(const NodeContext& node) { return arg_reduce(node, "arg_max"); }
std::vector<Value> arg_min(const NodeContext& node) { return arg_reduce(node, "arg_min"); }

// Along an axis from opset 13 (default -1); before, the tensor is taken as a matrix whose columns
// start at the axis (default 1).
template <class Apply>
std::vector<Value> along_axis(const NodeContext& node, const Apply& apply) {
  const relax::Expr x = node.tensor(0);
  if (node.opset() >= 13) return {tensor_value(apply(x, node.int_attribute("axis", -1)))};
  const std::int64_t axis = node.int_attribute("axis", 1);
  const auto rank = static_cast<std::int64_t>(node.rank(0));
  if (axis < -rank || axis > rank) node.fail("axis " + std::to_string(axis) + " does not fit");
  const relax::Expr matrix = node.emit("flatten", {x}, {{"axis", int_attr(axis)}});
  return {tensor_value(reshape_to(node, apply(matrix, -1), *node.type(0).shape))};
}

std::vector<Value> softmax(const NodeContext& node) {
  return along_axis(node, [&](const relax::Expr& x, std::int64_t axis) {
    return node.emit("nn.softmax", {x}, {{"axis", int_attr(axis)}});
  });
}
std::vector<Value> log_softmax(const NodeContext& node) {
  return along_axis(node, [&](const relax::Expr& x, std::int64_t axis) {
    return node.emit("nn.log_softmax", {x}, {{"axis", int_attr(axis)}});
  });
}

// 1 at the first largest element, 0 elsewhere.
std::vector<Value> hardmax(const NodeContext& node) {
  return along_axis(node, [&](const relax::Expr& x, std::int64_t given) {
    const relax::Shape shape = tensor_shape(x);
    const std::size_t axis = axis_in(node, given, shape.size());
    const relax::Expr best =
        node.emit("arg_max", {x},
                  {{"axis", int_attr(static_cast<std::int64_t>(axis))}, {"keepdims", int_attr(1)}});
    relax::Shape full(shape.size(), tir::i64(1));
    full[axis] = shape[axis];
    const relax::Expr positions = node.emit("iota", {relax::ShapeExpr{{shape[axis]}}},
                                            {{"dtype", relax::string_attr("int64")}});
    const relax::Expr hit = node.emit("equal", {reshape_to(node, positions, full), best});
    return cast_to(node, hit, dtype_of(x));
  });
}

}  // namespace

const std::vector<OperatorEntry>& reduction_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"ArgMax", 1, arg_max},
      {"ArgMin", 1, arg_min},
      {"Hardmax", 1, hardmax},
      {"LogSoftmax", 1, log_softmax},
      {"ReduceL1", 1, reduce_l1},
      {"ReduceL2", 1, reduce_l2},
      {"ReduceLogSum", 1, reduce_log_sum},
      {"ReduceLogSumExp", 1, reduce_log_sum_exp},
      {"ReduceMax", 1, reduction<kMax, 18>},
      {"ReduceMean", 1, reduction<kMean, 18>},
      {"ReduceMin", 1, reduction<kMin, 18>},
      {"ReduceProd", 1, reduction<kProd, 18>},
      {"ReduceSum", 1, reduction<kSum, 13>},
      {"ReduceSumSquare", 1, reduce_sum_square},
      {"Softmax", 1, softmax},
  };
  return kTable;
}

}  // namespace tenon::onnx
