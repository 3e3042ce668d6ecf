// The metadata section of scripts: constants that do not fit the text, as the JSON graph that
// Apache TVM writes. The graph's root maps "ir.GenericConst" to an array of constants; a tensor is
// the base64 of its DLPack header and bytes.
#pragma once
#include <string>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

inline constexpr std::string_view kConstantKind = "ir.GenericConst";

// The constants in order of their index. Throws UserError saying what is wrong with the text.
std::vector<TensorRef> read_metadata(const std::string& json);

// `metadata = tvm.ir.load_json("""...""")` with a line break, which reads back as the same tensors.
std::string write_metadata(const std::vector<TensorRef>& constants);

}  // namespace tenon::relax
