// fold_constants: calls of constants become constants.
//   lv = R.add(c1, c2)   ->   a constant wherever lv was used
#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

// The constants among a call's tensor arguments, tuples looked through; nothing when one is none.
std::optional<std::vector<TensorRef>> constant_args(const Call& call) {
  std::vector<TensorRef> tensors;
  for (const Expr& arg : call.args) {
    if (const auto* constant = arg.as<Constant>()) {
      tensors.push_back(constant->data);
    } else if (const auto* tuple = arg.as<Tuple>()) {
      for (const Expr& value : tuple->values) {
        const auto* item = value.as<Constant>();
        if (!item) return std::nullopt;
        tensors.push_back(item->data);
      }
    } else if (!arg.as<ShapeExpr>() && !arg.as<PrimValue>()) {
      return std::nullopt;
    }
  }
  return tensors;
}

// Reshapes keep the bytes: the result views the argument.
TensorRef reshaped(const TensorRef& from, const std::vector<std::int64_t>& shape) {
  auto view = std::make_shared<TensorData>(*from);
  view->shape = shape;
  view->owner = from;
  return view;
}

bool keeps_bytes(const Call& call) {
  for (const std::string_view name : {"reshape", "flatten", "expand_dims", "squeeze", "identity"}) {
    if (call.op->name == name) return true;
  }
  return false;
}

Expr fold_call(const Call& call, const Evaluate& evaluate) {
  if (!call.op || !call.op->define) return {};
  const auto args = constant_args(call);
  if (!args || args->empty()) return {};
  const Type type = infer_type(call);
  const auto shape = static_shape(shape_of(type));
  if (!shape) return {};
  if (keeps_bytes(call)) return constant(reshaped(args->front(), *shape));
  TensorData result;
  result.dtype = dtype_of(type);
  result.shape = *shape;
  return constant(evaluate(call.op->define(call, type), *args, result));
}

}  // namespace

Module fold_constants(const Module& module, const Evaluate& evaluate) {
  return map_functions(module, [&](const Function& func) {
    return rebuild(func, [&](const Binding& binding, const Expr& value, Builder& builder) -> Expr {
      const std::string& name = var(binding.var).name;
      if (binding.cast_type) return builder.match_cast(value, binding.cast_type, name);
      if (const auto* call = value.as<Call>()) {
        if (Expr folded = fold_call(*call, evaluate)) return folded;
      }
      if (const auto* item = value.as<TupleGetItem>()) {
        if (const auto* tuple = item->tuple.as<Tuple>()) {
          return tuple->values[static_cast<std::size_t>(item->index)];
        }
      }
      return builder.emit(value, name);
    });
  });
}

}  // namespace tenon::relax
