// The node kit shared by every IR: nodes are plain immutable structs behind one intrusive handle.
//
// A node type lists its members once, in fields(); walking, rewriting, structural equality,
// hashing and dumping are derived from that list. A family is the closed list of node types one
// handle may hold, so adding a node that some match() forgets does not compile.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tenon {

template <class... Ts>
struct TypeList {};

template <class T, class L>
inline constexpr int kIndexOf = -1;
template <class T, class... Ts>
inline constexpr int kIndexOf<T, TypeList<Ts...>> = [] {
  int i = 0, found = -1;
  ((std::is_same_v<T, Ts> ? void(found = i++) : void(i++)), ...);
  return found;
}();

// An immutable shared reference to one node of Family::Nodes, or nothing. Copies share the node;
// same_as() compares identity. Safe to share between threads: nodes never change.
template <class Family>
class Handle {
 public:
  using Nodes = typename Family::Nodes;
  Handle() = default;
  template <class T>
  requires(kIndexOf<T, Nodes> >= 0) Handle(T node)
      : cell_(new CellOf<T>(std::move(node))) {}  // NOLINT: implicit on purpose
  Handle(const Handle& other) : cell_(other.cell_) {
    if (cell_) cell_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Handle(Handle&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  Handle& operator=(Handle other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~Handle() {
    if (cell_ && cell_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete cell_;
  }

  explicit operator bool() const { return cell_ != nullptr; }
  int kind() const { return cell_->kind; }
  bool same_as(const Handle& other) const { return cell_ == other.cell_; }
  // Identity as a key for maps and sets; stable while any handle to the node lives.
  const void* id() const { return cell_; }
  template <class T>
  const T* as() const {
    return cell_ && kind() == kIndexOf<T, Nodes> ? &get<T>() : nullptr;
  }
  // Needs kind() to be T's; as<T>() checks.
  template <class T>
  const T& get() const {
    return static_cast<const CellOf<T>*>(cell_)->node;
  }

 private:
  struct Cell {
    explicit Cell(int k) : kind(static_cast<std::uint8_t>(k)) {}
    virtual ~Cell() = default;
    std::atomic<int> refs{1};
    const std::uint8_t kind;
  };
  template <class T>
  struct CellOf : Cell {
    explicit CellOf(T n) : Cell(kIndexOf<T, Nodes>), node(std::move(n)) {}
    const T node;
  };
  Cell* cell_ = nullptr;
};

// Orders handles by identity, for std::map and std::set keys.
struct IdLess {
  template <class Family>
  bool operator()(const Handle<Family>& a, const Handle<Family>& b) const {
    return std::less<const void*>{}(a.id(), b.id());
  }
};
struct IdHash {
  template <class Family>
  std::size_t operator()(const Handle<Family>& h) const {
    return std::hash<const void*>{}(h.id());
  }
};
struct IdEqual {
  template <class Family>
  bool operator()(const Handle<Family>& a, const Handle<Family>& b) const {
    return a.same_as(b);
  }
};

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

template <class H, class F, class First, class... Rest>
decltype(auto) dispatch(const H& h, F& f, TypeList<First, Rest...>) {
  using R = std::invoke_result_t<F&, const First&>;
  static_assert((std::is_invocable_r_v<R, F&, const Rest&> && ...), "match(): a kind has no arm");
  static constexpr R (*kArms[])(const H&, F&) = {
      +[](const H& x, F& g) -> R { return g(x.template get<First>()); },
      +[](const H& x, F& g) -> R { return g(x.template get<Rest>()); }...};
  return kArms[h.kind()](h, f);
}

// match(e, [](const Add& n) {...}, ..., [](const auto&) {...}): every kind must have an arm.
template <class Family, class... Fs>
decltype(auto) match(const Handle<Family>& h, Fs&&... fs) {
  auto f = Overloaded{std::forward<Fs>(fs)...};
  return dispatch(h, f, typename Family::Nodes{});
}

// A field is used (read in the node's scope), defines a variable or buffer, or is information that
// equality, hash and canonical text ignore (names, ids).
enum class Role : std::uint8_t { kUse, kDef, kInfo };

template <class T, class M>
struct Field {
  const char* name;
  M T::*at;
  Role role;
};
template <class T, class M>
constexpr Field<T, M> use(const char* name, M T::*at) {
  return {name, at, Role::kUse};
}
template <class T, class M>
constexpr Field<T, M> def(const char* name, M T::*at) {
  return {name, at, Role::kDef};
}
template <class T, class M>
constexpr Field<T, M> info(const char* name, M T::*at) {
  return {name, at, Role::kInfo};
}

template <class T>
concept HasFields = requires {
  T::fields();
};

template <class V>
inline constexpr bool kIsHandle = false;
template <class F>
inline constexpr bool kIsHandle<Handle<F>> = true;
template <class V>
inline constexpr bool kIsVector = false;
template <class T, class A>
inline constexpr bool kIsVector<std::vector<T, A>> = true;
template <class V>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class V>
inline constexpr bool kIsMap = false;
template <class K, class T, class C, class A>
inline constexpr bool kIsMap<std::map<K, T, C, A>> = true;
template <class V>
inline constexpr bool kIsVariant = false;
template <class... Ts>
inline constexpr bool kIsVariant<std::variant<Ts...>> = true;

template <class T, class F>
void each_field(F&& f) {
  std::apply([&](auto... x) { (f(x), ...); }, T::fields());
}

// Calls f(x) for every direct child x that f accepts, looking through vectors, optionals, maps,
// variants and plain structs with fields(), in field order.
template <class V, class F>
void visit_value(const V& v, F& f) {
  if constexpr (std::is_invocable_v<F&, const V&>) {
    f(v);
  } else if constexpr (HasFields<V>) {
    each_field<V>([&](auto fd) { visit_value(v.*fd.at, f); });
  } else if constexpr (kIsVector<V>) {
    for (const auto& x : v) visit_value(x, f);
  } else if constexpr (kIsOptional<V>) {
    if (v) visit_value(*v, f);
  } else if constexpr (kIsMap<V>) {
    for (const auto& [k, x] : v) visit_value(x, f);
  } else if constexpr (kIsVariant<V>) {
    std::visit([&](const auto& x) { visit_value(x, f); }, v);
  }
}

template <class Family, class F>
void visit_children(const Handle<Family>& h, F&& f) {
  match(h, [&]<class T>(const T& node) {
    each_field<T>([&](auto fd) { visit_value(node.*fd.at, f); });
  });
}

// Replaces every direct child x that f accepts by f(x); says whether anything changed.
template <class V, class F>
bool map_value(V& v, F& f) {
  bool changed = false;
  if constexpr (std::is_invocable_r_v<V, F&, const V&>) {
    V n = f(v);
    changed = !n.same_as(v);
    if (changed) v = std::move(n);
  } else if constexpr (HasFields<V>) {
    each_field<V>([&](auto fd) { changed |= map_value(v.*fd.at, f); });
  } else if constexpr (kIsVector<V>) {
    for (auto& x : v) changed |= map_value(x, f);
  } else if constexpr (kIsOptional<V>) {
    if (v) changed |= map_value(*v, f);
  } else if constexpr (kIsMap<V>) {
    for (auto& [k, x] : v) changed |= map_value(x, f);
  } else if constexpr (kIsVariant<V>) {
    std::visit([&](auto& x) { changed |= map_value(x, f); }, v);
  }
  return changed;
}

// Rebuilds `h` with f applied to its direct children; gives back `h` itself when nothing changed.
template <class Family, class F>
Handle<Family> map_children(const Handle<Family>& h, F&& f) {
  return match(h, [&]<class T>(const T& node) -> Handle<Family> {
    T copy = node;
    bool changed = false;
    each_field<T>([&](auto fd) { changed |= map_value(copy.*fd.at, f); });
    return changed ? Handle<Family>(std::move(copy)) : h;
  });
}

}  // namespace tenon
