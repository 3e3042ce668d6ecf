// The C header of one model: its names, shapes and symbols as constants, for callers that know at
// compile time which library they load.
#pragma once
#include <string>

#include "compiler/codegen/llvm/library.h"

namespace tenon {

std::string model_header(const LibrarySpec& spec);

}  // namespace tenon
