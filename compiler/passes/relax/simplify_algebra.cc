// simplify_algebra: rewrites that need no knowledge of values beyond constants.
//   identity(x) -> x                      reshape(reshape(x)) -> reshape(x), to the same shape -> x
//   x + 0, x - 0, x * 1, x / 1 -> x       permute(permute(x)) -> one permute, or x
//   astype to the same type -> x          concat of one part -> the part
//   layout_transform back and forth -> x  layout_transform of 1x1 images -> reshape
//   leakyrelu(alpha = 0) -> relu          clip without bounds -> x
#include <cmath>
#include <numeric>

#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/tir/visit.h"

namespace tenon::relax {
namespace {

bool all_equal(const Expr& e, double value) {
  const auto* constant = e.as<Constant>();
  if (!constant || constant->data->dtype != kFloat32) return false;
  const std::int64_t n = constant->data->num_elements();
  for (std::int64_t i = 0; i < n; ++i) {
    if (constant->data->as<float>()[i] != static_cast<float>(value)) return false;
  }
  return n > 0;
}

bool same_shape(const Type& a, const Type& b) {
  const Shape& x = shape_of(a);
  const Shape& y = shape_of(b);
  if (x.size() != y.size()) return false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!proved_equal(x[i], y[i])) return false;
  }
  return true;
}

class Simplify {
 public:
  // The leaf or call that replaces the call, or null to keep it.
  Expr apply(const Call& call, const Type& type) {
    const std::string_view name = call.op->name;
    if (name == "identity") return call.args[0];
    if (name == "astype" && dtype_of(call.args[0]) == dtype_of(type)) return call.args[0];
    if (name == "concat") return single_part(call);
    if (name == "clip") return unbounded_clip(call);
    if (name == "nn.leakyrelu" && attr_float(call, "alpha", 0.01) == 0) {
      return make_call("nn.relu", {call.args[0]});
    }
    if (Expr x = neutral(call, type)) return x;
    if (is_reshape(name)) return merge_reshape(call, type);
    if (name == "permute_dims") return merge_permute(call);
    if (name == "layout_transform") return merge_layout(call, type);
    return {};
  }

  void remember(const Expr& leaf, const Call& call) { calls_.insert_or_assign(leaf, call); }

 private:
  static bool is_reshape(std::string_view name) {
    return name == "reshape" || name == "flatten" || name == "expand_dims" || name == "squeeze";
  }

  static Expr single_part(const Call& call) {
    const auto* tuple = call.args[0].as<Tuple>();
    return tuple && tuple->values.size() == 1 ? tuple->values[0] : Expr{};
  }

  static Expr unbounded_clip(const Call& call) {
    const double low = attr_float(call, "min", -INFINITY);
    const double high = attr_float(call, "max", INFINITY);
    return std::isinf(low) && low < 0 && std::isinf(high) && high > 0 ? call.args[0] : Expr{};
  }

  static Expr neutral(const Call& call, const Type& type) {
    const std::string_view name = call.op->name;
    const bool sum = name == "add" || name == "subtract";
    const bool scale = name == "multiply" || name == "divide";
    if (!sum && !scale) return {};
    // x + 0 differs from x only in the sign of zero; ONNX and the field treat them as equal.
    if (all_equal(call.args[1], sum ? 0 : 1) && same_shape(type_of(call.args[0]), type)) {
      return call.args[0];
    }
    const bool commutes = name == "add" || name == "multiply";
    if (commutes && all_equal(call.args[0], sum ? 0 : 1) &&
        same_shape(type_of(call.args[1]), type)) {
      return call.args[1];
    }
    return {};
  }

  const Call* source(const Expr& e) const {
    const auto it = calls_.find(e);
    return it == calls_.end() ? nullptr : &it->second;
  }

  Expr merge_reshape(const Call& call, const Type& type) {
    Expr from = call.args[0];
    const Call* inner = source(from);
    const bool nested = inner && is_reshape(inner->op->name);
    if (nested) from = inner->args[0];
    if (same_shape(type_of(from), type)) return from;
    if (!nested && call.op->name == "reshape") return {};
    return make_call("reshape", {from, ShapeExpr{shape_of(type)}});
  }

  Expr merge_permute(const Call& call) {
    const std::size_t rank = shape_arg(call, 0).size();
    std::vector<std::int64_t> axes = permutation(call, rank);
    Expr from = call.args[0];
    const Call* inner = source(from);
    const bool nested = inner && inner->op->name == "permute_dims";
    if (nested) {
      const std::vector<std::int64_t> first = permutation(*inner, rank);
      for (std::int64_t& axis : axes) axis = first[static_cast<std::size_t>(axis)];
      from = inner->args[0];
    }
    std::vector<std::int64_t> identity(rank);
    std::iota(identity.begin(), identity.end(), 0);
    if (axes == identity) return from;
    if (!nested) return {};
    return make_call("permute_dims", {from}, {{"axes", ints_attr(axes)}});
  }

  static std::vector<std::int64_t> permutation(const Call& call, std::size_t rank) {
    std::vector<std::int64_t> axes = attr_ints(call, "axes", std::vector<std::int64_t>{});
    for (std::size_t i = 0; i < rank && axes.size() < rank; ++i) {
      axes.push_back(static_cast<std::int64_t>(rank - 1 - i));
    }
    for (std::int64_t& axis : axes) axis = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    return axes;
  }

  Expr merge_layout(const Call& call, const Type& type) {
    const std::string to = attr_string(call, "dst_layout");
    std::string from_layout = attr_string(call, "src_layout");
    Expr from = call.args[0];
    const Call* inner = source(from);
    const bool nested = inner && inner->op->name == "layout_transform";
    if (nested) {
      from = inner->args[0];
      from_layout = attr_string(*inner, "src_layout");
    }
    if (from_layout == to) return from;
    const Shape& shape = shape_of(type_of(from));
    if (tir::is_int(shape[2], 1) && tir::is_int(shape[3], 1)) {
      return make_call("reshape", {from, ShapeExpr{shape_of(type)}});
    }
    if (!nested) return {};
    return make_call("layout_transform", {from},
                     {{"src_layout", string_attr(from_layout)}, {"dst_layout", string_attr(to)}});
  }

  std::map<Expr, Call, IdLess> calls_;
};

}  // namespace

Module simplify_algebra(const Module& module) {
  return map_functions(module, [](const Function& func) {
    Simplify simplify;
    return rebuild(func, [&](const Binding& binding, const Expr& value, Builder& builder) -> Expr {
      const std::string& name = var(binding.var).name;
      if (binding.cast_type) return builder.match_cast(value, binding.cast_type, name);
      const auto* call = value.as<Call>();
      if (!call || !call->op || !call->op->define) return builder.emit(value, name);
      Expr replaced = value;
      if (Expr better = simplify.apply(*call, type_of(binding.var))) replaced = better;
      const Expr leaf = builder.emit(replaced, name);
      if (const auto* kept = replaced.as<Call>()) simplify.remember(leaf, *kept);
      return leaf;
    });
  });
}

}  // namespace tenon::relax
