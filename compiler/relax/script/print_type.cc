// Types of scripts: R.Tensor((n, 8), dtype="float32"), R.Shape([n, 8]), R.Tuple(...), R.Callable,
// R.Any, T.int64.
#include "compiler/relax/script/print_graph.h"
#include "compiler/support/text.h"

namespace tenon::relax {

std::string GraphPrinter::dim(const Dim& d) {
  const std::string text = stmt_.expr.text(d);
  const bool is_plain = d.as<tir::Var>() || d.as<tir::IntImm>();
  return in_signature_ && !is_plain ? quote(text) : text;
}

std::string GraphPrinter::dims(const Shape& shape) {
  std::vector<std::string> parts;
  for (const Dim& d : shape) parts.push_back(dim(d));
  return join(parts, ", ");
}

std::string GraphPrinter::tensor_type(const TensorType& t) {
  std::vector<std::string> parts;
  if (t.shape) parts.push_back("(" + dims(*t.shape) + (t.shape->size() == 1 ? ",)" : ")"));
  if (t.dtype) parts.push_back("dtype=" + quote(to_string(*t.dtype)));
  if (!t.shape && t.rank >= 0) parts.push_back("ndim=" + std::to_string(t.rank));
  if (!t.vdevice.empty()) parts.push_back("vdevice=" + quote(t.vdevice));
  return parts.empty() ? "R.Tensor" : "R.Tensor(" + join(parts, ", ") + ")";
}

std::string GraphPrinter::type(const Type& t) {
  if (!t) return "R.Any";
  return match(
      t, [&](const TensorType& n) { return tensor_type(n); },
      [&](const ShapeType& n) {
        if (n.values) return "R.Shape([" + dims(*n.values) + "])";
        return "R.Shape(ndim=" + std::to_string(n.rank) + ")";
      },
      [&](const PrimType& n) { return "T." + to_string(n.dtype); },
      [&](const TupleType& n) -> std::string {
        std::vector<std::string> parts;
        for (const Type& field : n.fields_) parts.push_back(type(field));
        return parts.empty() ? "R.Tuple" : "R.Tuple(" + join(parts, ", ") + ")";
      },
      [&](const FuncType& n) -> std::string {
        if (!n.params) return "R.Callable";
        std::vector<std::string> parts;
        for (const Type& param : *n.params) parts.push_back(type(param));
        return str_cat("R.Callable(", script::tuple_text(parts), ", ", type(n.result), ", ",
                       n.is_pure ? "True" : "False", ")");
      },
      [&](const AnyType&) -> std::string { return "R.Any"; });
}

}  // namespace tenon::relax
