#include "compiler/relax/expr.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

constexpr std::size_t kTensorAlignment = 64;

Type constant_type(const TensorData& data) { return tensor_type(data.shape, data.dtype); }

std::size_t tensor_bytes(DataType dtype, const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t dim : shape) count *= static_cast<std::size_t>(dim);
  return count * static_cast<std::size_t>(dtype.size_bytes());
}

}  // namespace

std::int64_t TensorData::num_elements() const {
  std::int64_t count = 1;
  for (const std::int64_t dim : shape) count *= dim;
  return count;
}

std::pair<TensorRef, std::byte*> make_tensor(DataType dtype, std::vector<std::int64_t> shape) {
  const std::size_t bytes = tensor_bytes(dtype, shape);
  const std::size_t padded = (bytes + kTensorAlignment) / kTensorAlignment * kTensorAlignment;
  void* memory = std::aligned_alloc(kTensorAlignment, padded);
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, padded);
  auto tensor = std::make_shared<TensorData>();
  tensor->dtype = dtype;
  tensor->shape = std::move(shape);
  tensor->bytes = static_cast<const std::byte*>(memory);
  tensor->size_bytes = bytes;
  tensor->owner = std::shared_ptr<const void>(memory, [](void* p) { std::free(p); });
  return {tensor, static_cast<std::byte*>(memory)};
}

const Function* Module::find_function(const std::string& name) const {
  for (const auto& [key, func] : functions) {
    if (key != name) continue;
    const auto* expr = std::get_if<Expr>(&func);
    return expr ? expr->as<Function>() : nullptr;
  }
  return nullptr;
}

const tir::PrimFunc* Module::find_prim_func(const std::string& name) const {
  for (const auto& [key, func] : functions) {
    if (key == name) return std::get_if<tir::PrimFunc>(&func);
  }
  return nullptr;
}

std::string Module::add(const std::string& hint, std::variant<Expr, tir::PrimFunc> func) {
  const auto taken = [&](const std::string& name) {
    for (const auto& entry : functions) {
      if (entry.first == name) return true;
    }
    return false;
  };
  std::string name = hint;
  for (int i = 1; taken(name); ++i) name = hint + std::to_string(i);
  functions.emplace_back(name, std::move(func));
  return name;
}

void Module::replace(const std::string& name, std::variant<Expr, tir::PrimFunc> func) {
  for (auto& entry : functions) {
    if (entry.first != name) continue;
    entry.second = std::move(func);
    return;
  }
  CHECK(false) << "module has no function " << name;
}

Type tensor_type(Shape shape, DataType dtype) {
  const int rank = static_cast<int>(shape.size());
  return TensorType{std::move(shape), rank, dtype};
}

Type tensor_type(const std::vector<std::int64_t>& shape, DataType dtype) {
  Shape dims;
  for (const std::int64_t dim : shape) dims.push_back(tir::i64(dim));
  return tensor_type(std::move(dims), dtype);
}

Expr make_var(std::string name, Type type, bool is_dataflow) {
  return Var{std::move(name), std::move(type), is_dataflow};
}

Expr constant(TensorRef data, std::string name) {
  return Constant{std::move(data), std::move(name)};
}

Expr scalar_constant(DataType dtype, double value) {
  auto [tensor, bytes] = make_tensor(dtype, {});
  const auto put = [&, out = bytes]<class T>(T x) { std::memcpy(out, &x, sizeof x); };
  if (dtype == kFloat32) {
    put(static_cast<float>(value));
  } else if (dtype == kFloat64) {
    put(value);
  } else if (dtype == kInt64) {
    put(static_cast<std::int64_t>(value));
  } else if (dtype == kInt32) {
    put(static_cast<std::int32_t>(value));
  } else if (dtype == kBoolType || dtype.bits == 8) {
    put(static_cast<std::int8_t>(value));
  } else {
    throw UserError("constant of type " + to_string(dtype) +
                    ": only float32, float64, int64, int32, int8, uint8 and bool can be made");
  }
  return constant(tensor);
}

const Var& var(const Expr& e) {
  CHECK(e.as<Var>()) << "a variable is needed here";
  return e.get<Var>();
}

Type type_of(const Expr& leaf) {
  CHECK(leaf) << "the type of a null expression was asked for";
  return match(
      leaf, [](const Var& n) -> Type { return n.type; },
      [](const Constant& n) -> Type { return constant_type(*n.data); },
      [](const ShapeExpr& n) -> Type {
        return ShapeType{n.values, static_cast<int>(n.values.size())};
      },
      [](const PrimValue& n) -> Type { return PrimType{tir::dtype_of(n.value), n.value}; },
      [](const Tuple& n) -> Type {
        TupleType type;
        for (const Expr& value : n.values) type.fields_.push_back(type_of(value));
        return type;
      },
      [](const Function& n) -> Type {
        std::vector<Type> params;
        for (const Expr& param : n.params) params.push_back(type_of(param));
        return FuncType{std::move(params), n.result, n.is_pure};
      },
      [](const auto&) -> Type { return AnyType{}; });
}

const Shape& shape_of(const Type& type) {
  const auto* tensor = type.as<TensorType>();
  CHECK(tensor && tensor->shape) << "a tensor of known shape is needed here";
  return *tensor->shape;
}

// Constants have no stored type, so only variables give a reference that lives long enough.
const Shape& shape_of(const Expr& leaf) {
  const auto* v = leaf.as<Var>();
  CHECK(v) << "shape_of needs a variable; use shape_of(type_of(e)) for a constant";
  return shape_of(v->type);
}

DataType dtype_of(const Type& type) {
  const auto* tensor = type.as<TensorType>();
  CHECK(tensor && tensor->dtype) << "a tensor of known element type is needed here";
  return *tensor->dtype;
}

DataType dtype_of(const Expr& leaf) { return dtype_of(type_of(leaf)); }

std::optional<std::vector<std::int64_t>> static_shape(const Shape& shape) {
  std::vector<std::int64_t> dims;
  for (const Dim& dim : shape) {
    const auto value = tir::as_int(dim);
    if (!value) return std::nullopt;
    dims.push_back(*value);
  }
  return dims;
}

}  // namespace tenon::relax
