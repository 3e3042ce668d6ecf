// Relax modules as TVMScript text. What is printed reads back (parser.h) as an equal module
// (compiler/relax/equal.h).
//
// Constants: scalars stand in the text (R.const); other tensors stand in a metadata section before
// the module, in the JSON that Apache TVM writes (without source spans). Tensors larger than
// `inline_bytes` are only named, with their type: R.external_constant("conv1.weight",
// R.Tensor((64, 3, 7, 7), dtype="float32")). The reader asks its ParseOptions for such a tensor,
// and refuses the text, with the place, where it is given none.
//
// What Module::symbols says of symbols is not in the text.
//
// Difference from the text that TVM prints: no source spans in the metadata section.
#pragma once
#include <cstddef>
#include <limits>
#include <map>
#include <string>

#include "compiler/relax/expr.h"

namespace tenon::relax {

struct PrintOptions {
  std::size_t inline_bytes = std::numeric_limits<std::size_t>::max();
  // Receives the constants that are only named, when not null.
  std::map<std::string, TensorRef>* external = nullptr;
};

std::string print(const Module& module, const PrintOptions& options = {});

// Fragments, for messages: variables and symbols appear under their own names.
std::string print(const Type& type);
std::string print(const Expr& value);

}  // namespace tenon::relax
