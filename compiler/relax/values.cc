#include "compiler/relax/values.h"

#include <algorithm>
#include <cmath>

#include "compiler/relax/ops/infer.h"
#include "compiler/relax/symbols.h"
#include "compiler/support/error.h"
#include "compiler/support/rng.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpreter/frame.h"
#include "compiler/tir/shape_symbols.h"

namespace tenon::relax {
namespace {

std::string type_text(const TensorData& tensor) {
  return str_cat(to_string(tensor.dtype), " (", join(tensor.shape, ", "), ")");
}

void collect(const Value& value, std::vector<TensorRef>& tensors) {
  if (const auto* tensor = value.as<TensorRef>()) {
    tensors.push_back(*tensor);
  } else if (const auto* tuple = value.as<Value::Tuple>()) {
    for (const Value& field : *tuple) collect(field, tensors);
  } else {
    throw UserError("a tensor or a tuple of tensors is needed, found " + describe(value));
  }
}

double made_up_number(DataType dtype, Rng& rng) {
  if (dtype.is_float()) return static_cast<double>(rng.between(-128, 128)) / 128;
  if (dtype.is_bool()) return static_cast<double>(rng.below(2));
  const std::uint64_t bits = dtype.is_int() ? dtype.bits - 1u : dtype.bits;
  return static_cast<double>(rng.below(bits < 3 ? std::uint64_t{1} << bits : 8));
}

void note_difference(ValueDifference& result, const std::string& text) {
  if (result.is_equal) result.first = text;
  result.is_equal = false;
}

bool is_right(double expected, double found, double allowed) {
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found);
  if (expected == found) return true;
  return std::fabs(found - expected) <= allowed && std::isfinite(found) && std::isfinite(expected);
}

void compare_tensors(const TensorData& expected, const TensorData& found, std::size_t index,
                     const ValueTolerance& tolerance, ValueDifference& result) {
  if (expected.dtype != found.dtype || expected.shape != found.shape) {
    note_difference(result, str_cat("tensor ", index, " is ", type_text(found), ", expected ",
                                    type_text(expected)));
    return;
  }
  double largest = 0;
  const std::int64_t count = expected.num_elements();
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = std::fabs(element_at(expected, i));
    if (std::isfinite(x)) largest = std::max(largest, x);
  }
  result.max_expected = std::max(result.max_expected, largest);
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = element_at(expected, i), y = element_at(found, i);
    const double error = std::fabs(x - y);
    if (std::isfinite(error)) result.max_error = std::max(result.max_error, error);
    if (is_right(x, y, tolerance.relative * std::fabs(x) + tolerance.scaled * largest)) continue;
    note_difference(result, str_cat("tensor ", index, ", element ", i, ": expected ",
                                    format_double(x), ", found ", format_double(y)));
  }
}

}  // namespace

std::string describe(const Value& value) {
  if (const auto* tensor = value.as<TensorRef>()) return "a tensor " + type_text(**tensor);
  if (const auto* shape = value.as<ShapeValue>()) {
    return str_cat("a shape (", join(shape->dims, ", "), ")");
  }
  if (const auto* number = value.as<PrimNumber>()) {
    return str_cat("the ", to_string(number->dtype), " ", number->value);
  }
  if (const auto* tuple = value.as<Value::Tuple>()) {
    return str_cat("a tuple of ", tuple->size());
  }
  return "a function";
}

std::vector<TensorRef> tensors_of(const Value& value) {
  std::vector<TensorRef> tensors;
  collect(value, tensors);
  return tensors;
}

double element_at(const TensorData& tensor, std::int64_t index) {
  if (tensor.dtype.is_vector() || tensor.dtype.is_handle() || tensor.dtype.is_void()) {
    throw UserError("elements of type " + to_string(tensor.dtype) + " are no numbers");
  }
  const auto offset = static_cast<std::size_t>(index * tensor.dtype.size_bytes());
  const tir::Scalar raw = tir::interpreter::read_element(tensor.bytes + offset, tensor.dtype);
  return tir::apply_cast(tensor.dtype, kFloat64, raw).f;
}

TensorRef made_up_tensor(DataType dtype, std::vector<std::int64_t> shape, std::uint64_t seed,
                         std::uint64_t stream) {
  auto [tensor, bytes] = make_tensor(dtype, std::move(shape));
  Rng rng(seed, stream);
  const auto width = static_cast<std::size_t>(dtype.size_bytes());
  const auto count = static_cast<std::size_t>(tensor->num_elements());
  for (std::size_t i = 0; i < count; ++i) {
    tir::Scalar number;
    number.f = made_up_number(dtype, rng);
    tir::interpreter::write_element(bytes + i * width, dtype,
                                    tir::apply_cast(kFloat64, dtype, number));
  }
  return tensor;
}

SymbolSizes small_sizes(const Module& module, const Function& func, std::int64_t wanted) {
  SymbolSizes sizes;
  for (const Expr& param : func.params) {
    const auto* tensor = var(param).type.as<TensorType>();
    if (!tensor || !tensor->shape) continue;
    for (const Dim& dim : *tensor->shape) {
      for (const tir::Expr& symbol : tir::vars_in_order(dim)) {
        const auto place = static_cast<std::int64_t>(sizes.size());
        sizes.emplace(symbol, wanted + place);
      }
    }
  }
  for (const SymbolInfo& info : module.symbols) {
    const auto it = sizes.find(info.var);
    if (it == sizes.end()) continue;
    const std::int64_t step = std::max<std::int64_t>(1, info.divisor);
    const std::int64_t least = std::max(it->second, info.min);
    it->second = (least + step - 1) / step * step;
    if (info.max && it->second > *info.max) it->second = *info.max / step * step;
  }
  return sizes;
}

std::vector<Value> made_up_arguments(const Function& func, const SymbolSizes& sizes,
                                     std::uint64_t seed) {
  SymbolValues symbols;
  for (const auto& [symbol, size] : sizes) symbols.define(symbol, size, "the chosen sizes");
  std::vector<Value> arguments;
  for (const Expr& param : func.params) {
    const auto* tensor = var(param).type.as<TensorType>();
    if (!tensor || !tensor->shape || !tensor->dtype) {
      throw UserError("parameter " + var(param).name +
                      " is no tensor of known shape and element type, so no input can be made up");
    }
    arguments.emplace_back(
        made_up_tensor(*tensor->dtype, symbols.evaluate(*tensor->shape), seed, arguments.size()));
  }
  return arguments;
}

ValueDifference compare_values(const Value& expected, const Value& found,
                               const ValueTolerance& tolerance) {
  const std::vector<TensorRef> x = tensors_of(expected), y = tensors_of(found);
  ValueDifference result;
  if (x.size() != y.size()) {
    note_difference(result, str_cat(y.size(), " tensors, expected ", x.size()));
    return result;
  }
  for (std::size_t i = 0; i < x.size(); ++i) compare_tensors(*x[i], *y[i], i, tolerance, result);
  return result;
}

}  // namespace tenon::relax
