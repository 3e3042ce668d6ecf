#include "compiler/relax/type_relation.h"

#include <algorithm>

#include "compiler/relax/ops/infer.h"
#include "compiler/relax/script/printer.h"
#include "compiler/relax/script/symbol_lists.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

// Values that the symbols of two extents take in turn; odd, prime and large enough not to agree by
// chance in quotients and remainders.
constexpr std::int64_t kSamples[][4] = {
    {7, 11, 13, 17}, {64, 3, 128, 5}, {1021, 2053, 509, 4093}, {30, 42, 70, 105}};

bool may_be_equal(const Dim& a, const Dim& b) {
  if (a.same_as(b)) return true;
  std::set<tir::Expr, IdLess> symbols = tir::vars_of(a);
  for (const tir::Expr& symbol : tir::vars_of(b)) symbols.insert(symbol);
  for (const auto& sample : kSamples) {
    tir::VarMap map;
    std::int64_t i = 0;
    for (const tir::Expr& symbol : symbols) {
      map[symbol] = tir::int_imm(tir::dtype_of(symbol), sample[i % 4] + i / 4);
      ++i;
    }
    const auto x = tir::as_int(simplify(tir::substitute(a, map)));
    const auto y = tir::as_int(simplify(tir::substitute(b, map)));
    if (x && y && *x != *y) return false;
  }
  return true;
}

std::string shape_conflict(const std::optional<Shape>& a, int rank_a, const std::optional<Shape>& b,
                           int rank_b) {
  if (rank_a >= 0 && rank_b >= 0 && rank_a != rank_b) {
    return str_cat("ranks ", rank_a, " and ", rank_b);
  }
  if (!a || !b) return "";
  for (std::size_t i = 0; i < a->size(); ++i) {
    if (!may_be_equal((*a)[i], (*b)[i])) return str_cat("extents of axis ", i);
  }
  return "";
}

std::string describe(const Type& a, const Type& b, const std::string& what) {
  if (what.empty()) return "";
  return str_cat(print(a), " and ", print(b), " differ in ", what);
}

std::string conflict_of(const Type& a, const Type& b);

std::string list_conflict(const std::vector<Type>& a, const std::vector<Type>& b,
                          const char* name) {
  if (a.size() != b.size()) return str_cat("the number of ", name);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::string what = conflict_of(a[i], b[i]);
    if (!what.empty()) return str_cat(what, " of ", name, " ", i);
  }
  return "";
}

// What differs, or "".
std::string conflict_of(const Type& a, const Type& b) {
  if (!a || !b || a.as<AnyType>() || b.as<AnyType>()) return "";
  if (a.kind() != b.kind()) return "kind";
  if (const auto* x = a.as<TensorType>()) {
    const auto& y = b.get<TensorType>();
    if (x->dtype && y.dtype && *x->dtype != *y.dtype) return "element type";
    if (!x->vdevice.empty() && !y.vdevice.empty() && x->vdevice != y.vdevice) return "device";
    return shape_conflict(x->shape, x->rank, y.shape, y.rank);
  }
  if (const auto* x = a.as<ShapeType>()) {
    const auto& y = b.get<ShapeType>();
    return shape_conflict(x->values, x->rank, y.values, y.rank);
  }
  if (const auto* x = a.as<PrimType>()) {
    return x->dtype == b.get<PrimType>().dtype ? "" : "element type";
  }
  if (const auto* x = a.as<TupleType>()) {
    return list_conflict(x->fields_, b.get<TupleType>().fields_, "fields");
  }
  const auto& x = a.get<FuncType>();
  const auto& y = b.get<FuncType>();
  if (!x.params || !y.params) return "";
  // Each function has symbols of its own: only what does not depend on them can be compared.
  return x.params->size() == y.params->size() ? "" : "the number of parameters";
}

// Symbols that stand plain in a parameter's type take what stands there in the argument's.
void match_symbols(const Type& param, const Type& argument, tir::VarMap& map) {
  if (!param || !argument || param.kind() != argument.kind()) return;
  const auto match_shapes = [&](const std::optional<Shape>& a, const std::optional<Shape>& b) {
    if (!a || !b || a->size() != b->size()) return;
    for (std::size_t i = 0; i < a->size(); ++i) {
      if ((*a)[i].as<tir::Var>()) map.emplace((*a)[i], (*b)[i]);
    }
  };
  if (const auto* x = param.as<TensorType>()) {
    match_shapes(x->shape, argument.get<TensorType>().shape);
  } else if (const auto* shape = param.as<ShapeType>()) {
    match_shapes(shape->values, argument.get<ShapeType>().values);
  } else if (const auto* prim = param.as<PrimType>()) {
    const tir::Expr& value = argument.get<PrimType>().value;
    if (prim->value && prim->value.as<tir::Var>() && value) map.emplace(prim->value, value);
  } else if (const auto* tuple = param.as<TupleType>()) {
    const auto& y = argument.get<TupleType>();
    for (std::size_t i = 0; i < std::min(tuple->fields_.size(), y.fields_.size()); ++i) {
      match_symbols(tuple->fields_[i], y.fields_[i], map);
    }
  }
}

// Shapes that use a symbol without a value become unknown.
Type without_symbols(const Type& type, const tir::VarMap& known) {
  const auto uses_unknown = [&](const std::optional<Shape>& shape) {
    for (std::size_t i = 0; shape && i < shape->size(); ++i) {
      for (const tir::Expr& symbol : tir::vars_of((*shape)[i])) {
        if (!known.count(symbol)) return true;
      }
    }
    return false;
  };
  if (const auto* n = type.as<TensorType>(); n && uses_unknown(n->shape)) {
    TensorType copy = *n;
    copy.shape.reset();
    return copy;
  }
  if (const auto* n = type.as<ShapeType>(); n && uses_unknown(n->values)) {
    return ShapeType{std::nullopt, n->rank};
  }
  if (!type.as<TupleType>()) return type;
  return map_children(type, [&](const Type& field) { return without_symbols(field, known); });
}

}  // namespace

std::string type_conflict(const Type& declared, const Type& found) {
  return describe(declared, found, conflict_of(declared, found));
}

Type without_values(const Type& type) {
  if (!type) return type;
  if (const auto* prim = type.as<PrimType>()) {
    return prim->value ? Type(PrimType{prim->dtype, {}}) : type;
  }
  if (!type.as<TupleType>()) return type;
  return map_children(type, [](const Type& field) { return without_values(field); });
}

Type substitute(const Type& type, const tir::VarMap& symbols) {
  if (!type) return type;
  struct Replace {
    const tir::VarMap& symbols;
    Type operator()(const Type& t) const { return substitute(t, symbols); }
    tir::Expr operator()(const tir::Expr& e) const { return e ? tir::substitute(e, symbols) : e; }
  };
  return map_children(type, Replace{symbols});
}

Type result_of_call(const FuncType& function, const std::vector<Type>& arguments) {
  if (!function.params) return AnyType{};
  tir::VarMap map;
  for (std::size_t i = 0; i < std::min(arguments.size(), function.params->size()); ++i) {
    match_symbols((*function.params)[i], arguments[i], map);
  }
  return substitute(without_symbols(function.result, map), map);
}

}  // namespace tenon::relax
