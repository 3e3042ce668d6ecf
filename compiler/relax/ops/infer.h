// What the inference rules of operators share: checked looks at arguments and errors that say the
// operator, the argument, what was found and what is needed.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/relax/op.h"

namespace tenon::relax {

// The tensor type of argument i, of known shape and dtype; UserError otherwise.
TensorType tensor_arg(const Call& call, std::size_t i);
Shape shape_arg(const Call& call, std::size_t i);
DataType dtype_arg(const Call& call, std::size_t i);
// The tensors of a tuple argument.
std::vector<Type> tuple_arg(const Call& call, std::size_t i);
[[noreturn]] void op_error(const Call& call, const std::string& text);
// Needs the rank; the message names the argument.
void require_rank(const Call& call, std::size_t i, std::size_t rank);
// axis in [-rank, rank) -> [0, rank).
std::size_t normal_axis(const Call& call, std::int64_t axis, std::size_t rank);
// All axes when `axes` is absent or empty.
std::vector<std::size_t> normal_axes(const Call& call, const std::string& name, std::size_t rank);
// "(2, n, 4)"
std::string to_text(const Shape& shape);

// Simplified; equal when proved for all values of the symbols; different when never equal.
Dim simplify(const Dim& dim);
bool proved_equal(const Dim& a, const Dim& b);
bool proved_different(const Dim& a, const Dim& b);
Dim product(const Shape& shape);
// NumPy broadcasting. An axis that cannot be proved equal or 1 is an error that says the axis.
Shape broadcast_shapes(const Call& call, const Shape& a, const Shape& b);

}  // namespace tenon::relax
