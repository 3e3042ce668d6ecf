// Losses of classifiers: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
#include "compiler/frontends/onnx/importer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;
using relax::ints_attr;

// -x[n, target[n], ...] * weight[target[n]], reduced. Targets equal to ignore_index count nothing.
relax::Expr likelihood_loss(const NodeContext& node, const relax::Expr& x) {
  if (tensor_shape(x).size() < 2) node.fail("scores of rank 2 or more are needed");
  const DataType dtype = dtype_of(x);
  relax::Expr target = node.tensor(1);
  relax::Expr keeps;  // null: every target counts
  if (node.has_attribute("ignore_index")) {
    const auto ignored = static_cast<double>(node.int_attribute("ignore_index"));
    keeps = node.emit("not_equal", {target, number(node, dtype_of(target), ignored)});
    target = node.emit("where", {keeps, target, number(node, dtype_of(target), 0)});
  }
  const relax::Expr position = node.emit("expand_dims", {target}, {{"axis", ints_attr({1})}});
  relax::Expr loss = node.emit("gather_elements", {x, position}, {{"axis", int_attr(1)}});
  loss = node.emit("squeeze", {loss}, {{"axis", ints_attr({1})}});
  loss = node.emit("negative", {loss});
  relax::Expr weight;  // null: all 1
  if (node.has_input(2)) {
    weight = node.emit("take", {node.tensor(2), target}, {{"axis", int_attr(0)}});
  }
  if (keeps) {
    const relax::Expr counted = weight ? weight : number(node, dtype, 1);
    weight = node.emit("where", {keeps, counted, number(node, dtype, 0)});
  }
  if (weight) loss = node.emit("multiply", {loss, weight});
  const std::string reduction = node.string_attribute("reduction", "mean");
  if (reduction == "none") return loss;
  if (reduction == "sum") return node.emit("sum", {loss});
  if (reduction != "mean") {
    node.fail("reduction \"" + reduction + "\" is unknown; needed: none, sum or mean");
  }
  if (!weight) return node.emit("mean", {loss});
  return node.emit("divide", {node.emit("sum", {loss}), node.emit("sum", {weight})});
}

std::vector<Value> negative_log_likelihood(const NodeContext& node) {
  return {tensor_value(likelihood_loss(node, node.tensor(0)))};
}

// Output 1 is the logarithm of the probabilities.
std::vector<Value> softmax_cross_entropy(const NodeContext& node) {
  const relax::Expr scores = node.emit("nn.log_softmax", {node.tensor(0)}, {{"axis", int_attr(1)}});
  return {tensor_value(likelihood_loss(node, scores)), tensor_value(scores)};
}

}  // namespace

const std::vector<OperatorEntry>& loss_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"NegativeLogLikelihoodLoss", 12, negative_log_likelihood},
      {"SoftmaxCrossEntropyLoss", 12, softmax_cross_entropy},
  };
  return kTable;
}

}  // namespace tenon::onnx
