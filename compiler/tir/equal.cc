// Structural equality and hash, derived from fields(): definitions are matched pairwise, then uses
// must refer to matched definitions.
#include <bit>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

class Equal {
 public:
  Equal() = default;
  // With `has_free_buffers`, a buffer that nothing defines is equal only to itself: an expression
  // alone defines none.
  explicit Equal(bool has_free_buffers) : has_free_buffers_(has_free_buffers) {}

  template <class V>
  bool same(const V& a, const V& b) {
    if constexpr (std::is_same_v<V, Expr>) {
      return same_expr(a, b);
    } else if constexpr (std::is_same_v<V, Stmt>) {
      return same_node(a, b);
    } else if constexpr (std::is_same_v<V, Buffer>) {
      return same_buffer(a, b);
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
    } else if constexpr (std::is_same_v<V, double>) {
      return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
             (std::isnan(a) && std::isnan(b));
    } else {
      return a == b;
    }
  }

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
    return equal;
  }

 private:
  template <class H>
  bool same_node(const H& a, const H& b) {
    if (!a || !b) return !a && !b;
    if (a.kind() != b.kind()) return false;
    const bool equal =
        match(a, [&]<class T>(const T& x) { return same_fields(x, b.template get<T>()); });
    if constexpr (std::is_same_v<H, Stmt>) {
      if (!equal && difference_.empty()) note(a, b);
    }
    return equal;
  }

  void note(const Stmt& a, const Stmt&) {
    match(a, [&]<class T>(const T& x) {
      if constexpr (std::is_same_v<T, Block>) {
        difference_ = "block " + x.name;
      } else if constexpr (std::is_same_v<T, For>) {
        difference_ = "loop " + var(x.var).name;
      } else if constexpr (std::is_same_v<T, Store>) {
        difference_ = "store to " + node(x.buffer).name;
      }
    });
  }

  bool same_expr(const Expr& a, const Expr& b) {
    if (!a || !b) return !a && !b;
    if (a.kind() != b.kind()) return false;
    if (a.as<Var>()) {
      const auto it = left_.find(a.id());
      if (it == left_.end() && in_buffer_) return define(a, b);
      if (it == left_.end()) return !right_.count(b.id()) && a.same_as(b);
      return it->second == b.id();
    }
    return same_node(a, b);
  }

  // Buffers seen for the first time on both sides are matched then: parameters and allocations
  // are their definitions, and a use before is one as well.
  bool same_buffer(const Buffer& a, const Buffer& b) {
    if (!a || !b) return !a && !b;
    const auto it = left_.find(a.id());
    if (it != left_.end()) return it->second == b.id();
    if (right_.count(b.id())) return false;
    if (has_free_buffers_) return a.same_as(b);
    return define_buffer(a, b);
  }

  bool define_buffer(const Buffer& a, const Buffer& b) {
    if (!a || !b) return !a && !b;
    bind(a.id(), b.id());
    // A symbolic shape, stride or offset defines its variables where the buffer is first seen.
    const bool outer = std::exchange(in_buffer_, true);
    const bool equal = same_fields(node(a), node(b));
    in_buffer_ = outer;
    return equal;
  }

  bool define(const Expr& a, const Expr& b) {
    if (!a || !b) return !a && !b;
    const auto it = left_.find(a.id());
    if (it != left_.end()) return it->second == b.id();
    if (right_.count(b.id()) || !same_fields(var(a), var(b))) return false;
    bind(a.id(), b.id());
    return true;
  }
  // Buffers are matched where they are first seen.
  template <class V>
  bool define(const V& a, const V& b) {
    return same(a, b);
  }

  void bind(const void* a, const void* b) {
    left_[a] = b;
    right_[b] = a;
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
    return std::visit(
        [&]<class T>(const T& x) {
          if constexpr (std::is_same_v<T, std::monostate>) {
            return true;
          } else {
            return same(x, std::get<T>(b));
          }
        },
        a);
  }

 public:
  const std::string& difference() const { return difference_; }

 private:
  std::unordered_map<const void*, const void*> left_, right_;
  bool in_buffer_ = false;
  bool has_free_buffers_ = false;
  std::string difference_;
};

class Hash {
 public:
  template <class V>
  void add(const V& v) {
    if constexpr (std::is_same_v<V, Expr>) {
      add_expr(v);
    } else if constexpr (std::is_same_v<V, Stmt>) {
      add_node(v);
    } else if constexpr (std::is_same_v<V, Buffer>) {
      add_buffer(v);
    } else if constexpr (HasFields<V>) {
      each_field<V>([&](auto fd) {
        if (fd.role == Role::kInfo) return;
        if (fd.role == Role::kDef) define(v.*fd.at);
        add(v.*fd.at);
      });
    } else if constexpr (kIsVector<V>) {
      mix(v.size());
      for (const auto& x : v) add(x);
    } else if constexpr (kIsOptional<V>) {
      mix(v.has_value());
      if (v) add(*v);
    } else if constexpr (kIsMap<V>) {
      mix(v.size());
      for (const auto& [k, x] : v) add(k), add(x);
    } else if constexpr (kIsVariant<V>) {
      mix(v.index());
      std::visit([&](const auto& x) { add(x); }, v);
    } else if constexpr (std::is_same_v<V, std::monostate>) {
    } else if constexpr (std::is_same_v<V, std::string>) {
      mix(std::hash<std::string>{}(v));
    } else if constexpr (std::is_same_v<V, double>) {
      mix(std::isnan(v) ? 1 : std::bit_cast<std::uint64_t>(v));
    } else if constexpr (std::is_same_v<V, DataType>) {
      mix((static_cast<std::uint64_t>(v.code) << 32) | (v.bits << 24) | (v.lanes << 1) |
          v.scalable);
    } else if constexpr (!std::is_same_v<V, BlockId>) {
      mix(static_cast<std::uint64_t>(v));
    }
  }
  std::uint64_t value() const { return state_; }

 private:
  template <class H>
  void add_node(const H& h) {
    if (!h) return mix(0x9e37);
    mix(static_cast<std::uint64_t>(h.kind()) + 17);
    match(h, [&](const auto& x) { add(x); });
  }
  void add_expr(const Expr& e) {
    if (!e || !e.as<Var>()) return add_node(e);
    const auto it = number_.find(e.id());
    // Free variables are equal only when identical.
    mix(it == number_.end() ? reinterpret_cast<std::uintptr_t>(e.id()) : it->second);
  }
  void add_buffer(const Buffer& b) {
    if (!b) return mix(0x51ed);
    const auto [it, fresh] = number_.emplace(b.id(), number_.size());
    mix(it->second);
    if (fresh) add(node(b));
  }
  void define(const Expr& e) {
    if (e) number_.emplace(e.id(), number_.size());
  }
  template <class V>
  void define(const V&) {}
  void mix(std::uint64_t x) {
    state_ ^= x + 0x9e3779b97f4a7c15ULL + (state_ << 6) + (state_ >> 2);
    state_ *= 0xff51afd7ed558ccdULL;
    state_ ^= state_ >> 32;
  }

  std::uint64_t state_ = 0xcbf29ce484222325ULL;
  std::unordered_map<const void*, std::uint64_t> number_;
};

bool same_function(Equal& equal, const PrimFunc& a, const PrimFunc& b) {
  return equal.same(a.params, b.params) && equal.same(a.ret_type, b.ret_type) &&
         a.is_schedulable == b.is_schedulable && a.is_private == b.is_private &&
         equal.same(a.attrs, b.attrs) && equal.same(a.body, b.body);
}

}  // namespace

bool structural_equal(const Expr& a, const Expr& b) { return Equal(true).same(a, b); }
bool structural_equal(const Stmt& a, const Stmt& b) { return Equal().same(a, b); }

bool structural_equal(const PrimFunc& a, const PrimFunc& b) {
  Equal equal;
  return same_function(equal, a, b);
}

bool structural_equal(const TirModule& a, const TirModule& b) {
  if (a.functions.size() != b.functions.size()) return false;
  Equal equal;
  if (!equal.same(a.attrs, b.attrs) || !equal.same(a.global_infos, b.global_infos)) return false;
  for (const auto& [name, func] : a.functions) {
    const PrimFunc* other = b.find(name);
    if (!other || !structural_equal(func, *other)) return false;
  }
  return true;
}

std::uint64_t structural_hash(const Expr& e) {
  Hash hash;
  hash.add(e);
  return hash.value();
}

std::uint64_t structural_hash(const Stmt& s) {
  Hash hash;
  hash.add(s);
  return hash.value();
}

std::string first_difference(const PrimFunc& a, const PrimFunc& b) {
  Equal equal;
  if (same_function(equal, a, b)) return "";
  return equal.difference().empty() ? "parameters or attributes" : equal.difference();
}

}  // namespace tenon::tir
