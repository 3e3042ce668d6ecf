#include "compiler/relax/value_types.h"

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

std::string axis_of(std::size_t axis, const std::string& place) {
  return str_cat("dimension ", axis, " of ", place);
}
std::string field_of(std::size_t index, const std::string& place) {
  return str_cat("field ", index, " of ", place);
}

// The sizes that a tensor or shape has, and the dimensions that its type wants; null: none known.
const std::vector<std::int64_t>* sizes_of(const Value& value) {
  if (const auto* tensor = value.as<TensorRef>()) return &(*tensor)->shape;
  if (const auto* shape = value.as<ShapeValue>()) return &shape->dims;
  return nullptr;
}
const Shape* dims_of(const Type& type) {
  if (const auto* tensor = type.as<TensorType>()) return tensor->shape ? &*tensor->shape : nullptr;
  if (const auto* shape = type.as<ShapeType>()) return shape->values ? &*shape->values : nullptr;
  return nullptr;
}

[[noreturn]] void wrong(const std::string& place, const Value& value, const std::string& needed) {
  throw UserError(str_cat(place, " is ", describe(value), "; ", needed, " is needed"));
}

void check_rank(int rank, const Value& value, const std::string& place) {
  const std::vector<std::int64_t>& sizes = *sizes_of(value);
  if (rank < 0 || static_cast<std::size_t>(rank) == sizes.size()) return;
  wrong(place, value, str_cat("rank ", rank));
}

void check_dims(const Type& type, const Value& value, const std::string& place,
                const SymbolValues& symbols) {
  const Shape* dims = dims_of(type);
  if (!dims) return;
  const std::vector<std::int64_t>& sizes = *sizes_of(value);
  for (std::size_t i = 0; i < dims->size(); ++i) {
    symbols.check((*dims)[i], sizes[i], axis_of(i, place));
  }
}

}  // namespace

void bind_symbols(const Type& type, const Value& value, const std::string& place,
                  SymbolValues& symbols) {
  if (const auto* tuple = type.as<TupleType>()) {
    const auto* values = value.as<Value::Tuple>();
    if (!values || values->size() != tuple->fields_.size()) return;
    for (std::size_t i = 0; i < values->size(); ++i) {
      bind_symbols(tuple->fields_[i], (*values)[i], field_of(i, place), symbols);
    }
    return;
  }
  if (const auto* prim = type.as<PrimType>()) {
    const auto* number = value.as<PrimNumber>();
    if (number && prim->value) symbols.solve(prim->value, number->value, place);
    return;
  }
  const Shape* dims = dims_of(type);
  const std::vector<std::int64_t>* sizes = sizes_of(value);
  if (!dims || !sizes || dims->size() != sizes->size()) return;
  for (std::size_t i = 0; i < dims->size(); ++i) {
    symbols.solve((*dims)[i], (*sizes)[i], axis_of(i, place));
  }
}

void check_type(const Type& type, const Value& value, const std::string& place,
                const SymbolValues& symbols) {
  if (const auto* tensor = type.as<TensorType>()) {
    const auto* found = value.as<TensorRef>();
    if (!found) wrong(place, value, "a tensor");
    if (tensor->dtype && (*found)->dtype != *tensor->dtype) {
      wrong(place, value, to_string(*tensor->dtype));
    }
    check_rank(tensor->shape ? static_cast<int>(tensor->shape->size()) : tensor->rank, value,
               place);
    check_dims(type, value, place, symbols);
  } else if (const auto* shape = type.as<ShapeType>()) {
    if (!value.as<ShapeValue>()) wrong(place, value, "a shape");
    check_rank(shape->values ? static_cast<int>(shape->values->size()) : shape->rank, value, place);
    check_dims(type, value, place, symbols);
  } else if (const auto* prim = type.as<PrimType>()) {
    const auto* number = value.as<PrimNumber>();
    if (!number) wrong(place, value, "a number");
    if (prim->value) symbols.check(prim->value, number->value, place);
  } else if (const auto* tuple = type.as<TupleType>()) {
    const auto* values = value.as<Value::Tuple>();
    if (!values || values->size() != tuple->fields_.size()) {
      wrong(place, value, str_cat("a tuple of ", tuple->fields_.size()));
    }
    for (std::size_t i = 0; i < values->size(); ++i) {
      check_type(tuple->fields_[i], (*values)[i], field_of(i, place), symbols);
    }
  } else if (type.as<FuncType>() && !value.as<std::shared_ptr<const Closure>>()) {
    wrong(place, value, "a function");
  }
}

}  // namespace tenon::relax
