// The identity of a workload: a TensorIR function without its names. Equal functions (visit.h) have
// equal texts and hashes whatever their variables, buffers and blocks are called; the hash is the
// key of tasks, records and logs, so the text's form never changes under one version.
#pragma once
#include <string>
#include <string_view>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// The first line of every canonical text. A change of the form takes a new number.
inline constexpr std::string_view kWorkloadVersion = "# tenon-tir-1";

// A script that parse_prim_func reads: variables and buffers are v, v_1 ..., blocks b0, b1 ... in
// the order of the text. Function attributes count, except global_symbol and privacy.
std::string canonical_text(const PrimFunc& func);

// SHA-256 of canonical_text, 64 lower-case hexadecimal digits.
std::string workload_hash(const PrimFunc& func);

}  // namespace tenon::tir
