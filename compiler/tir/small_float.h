// Values of the floating-point formats of dtype.h as doubles, and back: what memory of type
// float16, bfloat16, float8 ... holds.
#pragma once
#include <cstdint>

#include "compiler/ir/dtype.h"

namespace tenon::tir {

// The value of the low `type.bits` bits. Exact. `type` is a float element type.
double decode_float(DataType type, std::uint64_t bits);

// The nearest value of the type, ties to even. Beyond the largest: infinity where the format has
// one, else NaN where it has that, else the largest value. NaN stays NaN (the largest where none).
std::uint64_t encode_float(DataType type, double value);

// decode_float(encode_float(value)): one rounding.
double round_to(DataType type, double value);

}  // namespace tenon::tir
