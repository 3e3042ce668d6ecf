// Gemm and MatMul.
#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

// alpha * A' B' + beta * C.
std::vector<Value> import_gemm(const NodeContext& node) {
  if (node.rank(0) != 2 || node.rank(1) != 2) node.fail("A and B must be matrices");
  relax::Expr result =
      node.emit("matmul", {node.tensor(0), node.tensor(1)},
                {{"transpose_a", relax::int_attr(node.int_attribute("transA", 0))},
                 {"transpose_b", relax::int_attr(node.int_attribute("transB", 0))}});
  const DataType dtype = *node.type(0).dtype;
  const double alpha = node.float_attribute("alpha", 1.0);
  const double beta = node.float_attribute("beta", 1.0);
  if (alpha != 1) result = node.emit("multiply", {result, number(node, dtype, alpha)});
  if (!node.has_input(2)) return {tensor_value(result)};
  relax::Expr c = node.tensor(2);
  const relax::Shape bias = tensor_shape(c), product = tensor_shape(result);
  for (std::size_t i = 0; i < bias.size(); ++i) {
    const std::size_t back = bias.size() - i;
    if (back <= 2 && (tir::is_int(bias[i], 1) || !tir::is_int(product[2 - back], 1))) continue;
    if (back <= 2 && relax::proved_equal(bias[i], product[2 - back])) continue;
    node.fail("C has shape " + relax::to_text(bias) + ", which does not broadcast to " +
              relax::to_text(product));
  }
  if (beta != 1) c = node.emit("multiply", {c, number(node, dtype, beta)});
  return {tensor_value(node.emit("add", {result, c}))};
}

std::vector<Value> import_matmul(const NodeContext& node) {
  return {tensor_value(node.emit("matmul", {node.tensor(0), node.tensor(1)}))};
}

}  // namespace

const std::vector<OperatorEntry>& matrix_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Gemm", 1, import_gemm},
      {"MatMul", 1, import_matmul},
  };
  return kTable;
}

}  // namespace tenon::onnx
