#include "compiler/relax/ops/infer.h"

#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/support/error.h"
#include "compiler/tir/script/printer.h"

namespace tenon::relax {
namespace {

std::string argument(std::size_t i) { return "argument " + std::to_string(i); }

}  // namespace

[[noreturn]] void op_error(const Call& call, const std::string& text) {
  throw UserError("R." + std::string(call.op->name) + ": " + text);
}

TensorType tensor_arg(const Call& call, std::size_t i) {
  if (i >= call.args.size()) op_error(call, argument(i) + " is missing");
  const Type type = type_of(call.args[i]);
  const auto* tensor = type.as<TensorType>();
  if (!tensor) op_error(call, argument(i) + " is not a tensor");
  if (!tensor->shape || !tensor->dtype) {
    op_error(call, argument(i) + " has no known shape and element type; bind it with match_cast");
  }
  return *tensor;
}

Shape shape_arg(const Call& call, std::size_t i) { return *tensor_arg(call, i).shape; }
DataType dtype_arg(const Call& call, std::size_t i) { return *tensor_arg(call, i).dtype; }

std::vector<Type> tuple_arg(const Call& call, std::size_t i) {
  const Type type = type_of(call.args.at(i));
  const auto* tuple = type.as<TupleType>();
  if (!tuple || tuple->fields_.empty()) op_error(call, argument(i) + " is no tuple of tensors");
  for (const Type& field : tuple->fields_) {
    const auto* tensor = field.as<TensorType>();
    if (!tensor || !tensor->shape || !tensor->dtype) {
      op_error(call, argument(i) + " holds a value that is no tensor of known shape");
    }
  }
  return tuple->fields_;
}

void require_rank(const Call& call, std::size_t i, std::size_t rank) {
  const Shape shape = shape_arg(call, i);
  if (shape.size() == rank) return;
  op_error(call, argument(i) + " has shape " + to_text(shape) + ", rank " +
                     std::to_string(shape.size()) + "; rank " + std::to_string(rank) +
                     " is needed");
}

std::size_t normal_axis(const Call& call, std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r) {
    op_error(call, "axis " + std::to_string(axis) + " is outside a tensor of rank " +
                       std::to_string(rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

std::vector<std::size_t> normal_axes(const Call& call, const std::string& name, std::size_t rank) {
  const auto given = attr_ints(call, name, std::vector<std::int64_t>{});
  std::vector<std::size_t> axes;
  if (given.empty()) {
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  for (const std::int64_t axis : given) axes.push_back(normal_axis(call, axis, rank));
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    op_error(call, "an axis is named twice in " + name);
  }
  return axes;
}

std::string to_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    const auto value = tir::as_int(shape[i]);
    text += value ? std::to_string(*value) : tir::print(shape[i]);
  }
  return text + ")";
}

Dim simplify(const Dim& dim) {
  if (tir::as_int(dim) || dim.as<tir::Var>()) return dim;
  Analyzer analyzer;
  return analyzer.simplify(dim);
}

bool proved_equal(const Dim& a, const Dim& b) {
  if (a.same_as(b)) return true;
  const auto x = tir::as_int(a), y = tir::as_int(b);
  if (x && y) return *x == *y;
  Analyzer analyzer;
  return analyzer.can_prove_equal(a, b);
}

bool proved_different(const Dim& a, const Dim& b) {
  return tir::as_int(simplify(a - b)).value_or(0) != 0;
}

Dim product(const Shape& shape) {
  Dim result = tir::i64(1);
  for (const Dim& dim : shape) result = result * dim;
  return simplify(result);
}

Shape broadcast_shapes(const Call& call, const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape result(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t axis = rank - 1 - i;
    if (i >= a.size() || i >= b.size()) {
      result[axis] = i < a.size() ? a[a.size() - 1 - i] : b[b.size() - 1 - i];
      continue;
    }
    const Dim& x = a[a.size() - 1 - i];
    const Dim& y = b[b.size() - 1 - i];
    if (tir::is_int(x, 1)) {
      result[axis] = y;
    } else if (tir::is_int(y, 1) || proved_equal(x, y)) {
      result[axis] = x;
    } else {
      op_error(call, "shapes " + to_text(a) + " and " + to_text(b) + " do not broadcast at axis " +
                         std::to_string(axis) + ": equal extents or 1 are needed");
    }
  }
  return result;
}

}  // namespace tenon::relax
