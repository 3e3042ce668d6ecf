// A slow and obvious interpreter of TensorIR: the meaning that every rewrite must keep. Loops of
// every kind run in order, blocks as they are defined: iter vars take their bindings and must stay
// in their domain, the predicate decides, init runs when all reduce iters are at their first value.
// Scalar arithmetic is that of semantics.h. Every access is checked against the buffer's shape;
// vector accesses against its memory. Fresh memory holds NaN (floats) or -1 (integers).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/tir/semantics.h"
#include "compiler/tir/stmt.h"

namespace tenon::tir {

// A compact, row-major tensor. Types narrower than a byte take a byte an element.
struct Tensor {
  DataType dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;

  static Tensor zeros(DataType dtype, std::vector<std::int64_t> shape);
  std::int64_t num_elements() const;
  // Element i of the flat data as a number; 64-bit integers beyond 2^53 round.
  double get(std::int64_t i) const;
  void set(std::int64_t i, double value);  // rounded to the type
};

// One argument a parameter: a tensor for a buffer or a pointer, a number for a scalar.
using Argument = std::variant<Tensor*, std::int64_t, double>;

// Runs the function; tensors are read and written in place. Symbols of shapes take their values
// from the tensors. Gives what the function returns. `module` has the functions it may call.
// Throws UserError for arguments that do not fit, accesses outside buffers, failed assertions,
// division by zero and calls that only a device can run.
std::optional<Scalar> interpret(const PrimFunc& func, const std::vector<Argument>& arguments,
                                const TirModule* module = nullptr);

// The same for a function whose parameters are all buffers.
void interpret(const PrimFunc& func, std::vector<Tensor>& tensors);

// Tensors for the parameters of a function that has only buffers and integer scalars: small random
// multiples of 1/8 in floats (sums of products of them are exact for a while), 0 to 7 in integers
// of 32 and more bits (they may be indices), small integers elsewhere. The k-th symbol of the
// shapes and scalars is 7, 5, 9, 6, 11, ... Pure in (func, seed).
struct RandomInputs {
  std::vector<Tensor> tensors;
  std::vector<Argument> arguments;  // points into tensors
  RandomInputs(const PrimFunc& func, std::uint64_t seed);
  RandomInputs(const RandomInputs&) = delete;
  RandomInputs& operator=(const RandomInputs&) = delete;
};

// Runs both functions on equal random inputs. "" when every tensor afterwards agrees within
// `tolerance` (relative to the larger magnitude, absolute below 1; NaN equals NaN), else where they
// differ first. The functions need the same parameters.
std::string difference_by_running(const PrimFunc& a, const PrimFunc& b, std::uint64_t seed,
                                  double tolerance);

}  // namespace tenon::tir
