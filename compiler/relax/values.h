// Run-time values of Relax: what the interpreter computes with, seeded inputs for a function, and
// the comparison of two results.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

struct Closure;  // compiler/relax/interpret.cc: a function value and the variables it sees

struct ShapeValue {
  std::vector<std::int64_t> dims;
};
struct PrimNumber {
  DataType dtype;
  std::int64_t value = 0;
};
// A tensor, a shape, an integer, a tuple of values, or a function.
struct Value {
  using Tuple = std::vector<Value>;
  std::variant<TensorRef, ShapeValue, PrimNumber, Tuple, std::shared_ptr<const Closure>> content;

  Value(TensorRef tensor) : content(std::move(tensor)) {}  // NOLINT: implicit on purpose
  Value(ShapeValue shape) : content(std::move(shape)) {}   // NOLINT
  Value(PrimNumber number) : content(number) {}            // NOLINT
  Value(Tuple tuple) : content(std::move(tuple)) {}        // NOLINT
  Value(std::shared_ptr<const Closure> function) : content(std::move(function)) {}  // NOLINT
  // Null when the value is something else.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&content);
  }
};

// "a tensor float32 (2, 3)", "a tuple of 2", for messages.
std::string describe(const Value& value);
// The tensors of a value in order, tuples looked through. UserError for anything else.
std::vector<TensorRef> tensors_of(const Value& value);

// One element as a number; 64-bit integers beyond 2^53 round. The element type is checked to be a
// plain scalar (UserError).
double element_at(const TensorData& tensor, std::int64_t index);

// A tensor of seeded values, pure in its arguments: floats are multiples of 1/128 in [-1, 1], so
// that short sums of products are exact; integers 0 to 7 (they may be indices), within the type.
TensorRef made_up_tensor(DataType dtype, std::vector<std::int64_t> shape, std::uint64_t seed,
                         std::uint64_t stream);

// Sizes of symbolic dimensions.
using SymbolSizes = std::map<tir::Expr, std::int64_t, IdLess>;
// A size for every symbol in the parameters of a function: `wanted`, wanted + 1 ... in order of
// first appearance (1 is a special case of many operators, so 3 tests more), moved up to what the
// module's facts allow, or down to its maximum.
SymbolSizes small_sizes(const Module& module, const Function& func, std::int64_t wanted = 3);
// One made-up tensor for every parameter, in those sizes. UserError for a parameter that is no
// tensor of known rank and element type.
std::vector<Value> made_up_arguments(const Function& func, const SymbolSizes& sizes,
                                     std::uint64_t seed);

// An element is right when |found - expected| <= relative * |expected| + scaled * (the largest
// finite |expected| of its tensor). NaN is right only for NaN, infinities only for the same.
struct ValueTolerance {
  double relative = 0;
  double scaled = 0;
};
struct ValueDifference {
  bool is_equal = true;
  double max_error = 0;     // largest finite |found - expected|
  double max_expected = 0;  // largest finite |expected|
  std::string first;        // what differs first; empty when equal
};
ValueDifference compare_values(const Value& expected, const Value& found,
                               const ValueTolerance& tolerance);

}  // namespace tenon::relax
