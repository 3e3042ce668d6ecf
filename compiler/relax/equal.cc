#include "compiler/relax/equal.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "compiler/tir/visit.h"

namespace tenon::relax {
namespace {

class Equal {
 public:
  template <class V>
  bool same(const V& a, const V& b) {
    if constexpr (std::is_same_v<V, Expr>) {
      return same_expr(a, b);
    } else if constexpr (std::is_same_v<V, tir::Expr>) {
      return same_scalar(a, b);
    } else if constexpr (std::is_same_v<V, tir::Buffer>) {
      return a.same_as(b);
    } else if constexpr (std::is_same_v<V, Type>) {
      return same_node(a, b);
    } else if constexpr (std::is_same_v<V, TensorRef>) {
      return a == b || (a && b && same_elements(*a, *b));
    } else if constexpr (HasFields<V>) {
      return same_fields(a, b);
    } else if constexpr (kIsVector<V>) {
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) return false;
      }
      return true;
    } else if constexpr (kIsOptional<V>) {
      return a.has_value() == b.has_value() && (!a || same(*a, *b));
    } else if constexpr (kIsMap<V>) {
      return same_map(a, b);
    } else if constexpr (kIsVariant<V>) {
      return same_variant(a, b);
    } else if constexpr (std::is_same_v<V, std::monostate>) {
      return true;
    } else if constexpr (std::is_same_v<V, double>) {
      return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
             (std::isnan(a) && std::isnan(b));
    } else {
      return a == b;
    }
  }

  const std::string& difference() const { return difference_; }

 private:
  template <class T>
  bool same_fields(const T& a, const T& b) {
    bool equal = true;
    each_field<T>([&](auto fd) {
      if (!equal || fd.role == Role::kInfo) return;
      if (fd.role == Role::kDef) {
        equal = define(a.*fd.at, b.*fd.at);
      } else {
        equal = same(a.*fd.at, b.*fd.at);
      }
    });
    if constexpr (std::is_same_v<T, Binding>) {
      if (!equal && difference_.empty()) difference_ = "the value of " + var(a.var).name;
    }
    return equal;
  }

  template <class H>
  bool same_node(const H& a, const H& b) {
    if (!a || !b) return !a && !b;
    if (a.kind() != b.kind()) return false;
    return match(a, [&]<class T>(const T& x) { return same_fields(x, b.template get<T>()); });
  }

  // A variable of a recursive local function is used before its binding ends.
  bool same_expr(const Expr& a, const Expr& b) {
    if (!a || !b || !a.as<Var>()) return same_node(a, b);
    return b.as<Var>() && define(a, b);
  }

  // A symbol is defined where it is first seen.
  bool same_scalar(const tir::Expr& a, const tir::Expr& b) {
    if (!a || !b || !a.as<tir::Var>()) return same_node(a, b);
    if (!b.as<tir::Var>()) return false;
    const auto it = left_.find(a.id());
    if (it != left_.end()) return it->second == b.id();
    return bind(a.id(), b.id()) && same_node(a, b);
  }

  bool define(const Expr& a, const Expr& b) {
    if (!a || !b || !b.as<Var>()) return !a && !b;
    const auto it = left_.find(a.id());
    if (it != left_.end()) return it->second == b.id();
    return bind(a.id(), b.id()) && same_fields(var(a), var(b));
  }
  bool define(const tir::Expr& a, const tir::Expr& b) { return same_scalar(a, b); }
  template <class V>
  bool define(const V& a, const V& b) {
    if constexpr (kIsVector<V>) {
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!define(a[i], b[i])) return false;
      }
      return true;
    } else {
      return same(a, b);
    }
  }

  bool bind(const void* a, const void* b) {
    if (!right_.emplace(b, a).second) return false;
    left_[a] = b;
    return true;
  }

  template <class M>
  bool same_map(const M& a, const M& b) {
    if (a.size() != b.size()) return false;
    auto x = a.begin();
    auto y = b.begin();
    for (; x != a.end(); ++x, ++y) {
      if (x->first != y->first || !same(x->second, y->second)) return false;
    }
    return true;
  }

  template <class V>
  bool same_variant(const V& a, const V& b) {
    if (a.index() != b.index()) return false;
    return std::visit([&]<class T>(const T& x) { return same(x, std::get<T>(b)); }, a);
  }

  std::unordered_map<const void*, const void*> left_, right_;
  std::string difference_;
};

const std::variant<Expr, tir::PrimFunc>* find(const Module& module, const std::string& name) {
  for (const auto& [key, entry] : module.functions) {
    if (key == name) return &entry;
  }
  return nullptr;
}

}  // namespace

bool same_elements(const TensorData& a, const TensorData& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.size_bytes == b.size_bytes &&
         std::memcmp(a.bytes, b.bytes, a.size_bytes) == 0;
}

bool structural_equal(const Type& a, const Type& b) { return Equal().same(a, b); }
bool structural_equal(const Expr& a, const Expr& b) { return Equal().same(a, b); }

bool structural_equal(const Module& a, const Module& b) { return first_difference(a, b).empty(); }

std::string first_difference(const Module& a, const Module& b) {
  Equal facts;
  if (!facts.same(a.attrs, b.attrs)) return "the module's attributes";
  if (!facts.same(a.global_infos, b.global_infos)) return "the module's global infos";
  if (a.functions.size() != b.functions.size()) return "the number of functions";
  for (const auto& [name, entry] : a.functions) {
    const auto* other = find(b, name);
    if (!other || other->index() != entry.index()) return "function " + name;
    if (const auto* prim = std::get_if<tir::PrimFunc>(&entry)) {
      if (tir::structural_equal(*prim, std::get<tir::PrimFunc>(*other))) continue;
      return "function " + name;
    }
    Equal equal;
    if (equal.same(std::get<Expr>(entry), std::get<Expr>(*other))) continue;
    const std::string& where = equal.difference();
    return "function " + name + (where.empty() ? "" : ": " + where);
  }
  return "";
}

}  // namespace tenon::relax
