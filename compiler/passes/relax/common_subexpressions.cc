// eliminate_common_subexpressions: the second of two equal pure calls is replaced by the first.
// Constants are compared by their bytes.
#include <cstring>
#include <unordered_map>

#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/tir/visit.h"

namespace tenon::relax {
namespace {

bool same_attr(const tir::AttrValue& a, const tir::AttrValue& b);

bool same_attrs(const tir::AttrMap& a, const tir::AttrMap& b) {
  if (a.size() != b.size()) return false;
  for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) {
    if (x->first != y->first || !same_attr(x->second, y->second)) return false;
  }
  return true;
}

bool same_attr(const tir::AttrValue& a, const tir::AttrValue& b) {
  if (a.value.index() != b.value.index()) return false;
  return std::visit(
      [&]<class T>(const T& x) -> bool {
        const T& y = std::get<T>(b.value);
        if constexpr (std::is_same_v<T, tir::Expr>) {
          return tir::structural_equal(x, y);
        } else if constexpr (std::is_same_v<T, tir::AttrValue::List>) {
          if (x.size() != y.size()) return false;
          for (std::size_t i = 0; i < x.size(); ++i) {
            if (!same_attr(x[i], y[i])) return false;
          }
          return true;
        } else if constexpr (std::is_same_v<T, tir::AttrValue::Map>) {
          return same_attrs(x, y);
        } else {
          return x == y;
        }
      },
      a.value);
}

bool same_data(const TensorData& a, const TensorData& b) {
  if (a.dtype != b.dtype || a.shape != b.shape || a.size_bytes != b.size_bytes) return false;
  return a.bytes == b.bytes || std::memcmp(a.bytes, b.bytes, a.size_bytes) == 0;
}

bool same_leaf(const Expr& a, const Expr& b) {
  if (a.same_as(b)) return true;
  if (a.kind() != b.kind()) return false;
  if (const auto* x = a.as<Constant>()) return same_data(*x->data, *b.get<Constant>().data);
  if (const auto* x = a.as<Tuple>()) {
    const auto& y = b.get<Tuple>();
    if (x->values.size() != y.values.size()) return false;
    for (std::size_t i = 0; i < x->values.size(); ++i) {
      if (!same_leaf(x->values[i], y.values[i])) return false;
    }
    return true;
  }
  if (const auto* x = a.as<ShapeExpr>()) {
    const auto& y = b.get<ShapeExpr>();
    if (x->values.size() != y.values.size()) return false;
    for (std::size_t i = 0; i < x->values.size(); ++i) {
      if (!tir::structural_equal(x->values[i], y.values[i])) return false;
    }
    return true;
  }
  return false;
}

bool same_call(const Call& a, const Call& b) {
  if (a.op != b.op || a.args.size() != b.args.size() || !same_attrs(a.attrs, b.attrs)) return false;
  for (std::size_t i = 0; i < a.args.size(); ++i) {
    if (!same_leaf(a.args[i], b.args[i])) return false;
  }
  return true;
}

}  // namespace

Module eliminate_common_subexpressions(const Module& module) {
  return map_functions(module, [](const Function& func) {
    std::unordered_map<const OpInfo*, std::vector<std::pair<Call, Expr>>> seen;
    return rebuild(func, [&](const Binding& binding, const Expr& value, Builder& builder) -> Expr {
      const std::string& name = var(binding.var).name;
      if (binding.cast_type) return builder.match_cast(value, binding.cast_type, name);
      const auto* call = value.as<Call>();
      if (!call || !call->op || !call->op->define) return builder.emit(value, name);
      auto& known = seen[call->op];
      for (const auto& [other, leaf] : known) {
        if (same_call(*call, other)) return leaf;
      }
      const Expr leaf = builder.emit(value, name);
      known.emplace_back(*call, leaf);
      return leaf;
    });
  });
}

}  // namespace tenon::relax
