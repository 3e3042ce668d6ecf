// Objects become one shared object, through LLD in this process. No LLVM types.
#pragma once

#include <string>
#include <vector>

#include "compiler/target/target.h"

namespace tenon::codegen {

// A piece of an ELF object file, written one after the other, so that large constants are never
// copied into one string. The views must live until link_shared returns.
using ObjectParts = std::vector<std::string_view>;

// Links with no system library, no undefined symbol and no build id into `output_path` (replaced).
// Throws Bug with the linker's words when it refuses. Thread-safe; links take turns.
void link_shared(const std::vector<ObjectParts>& objects, const Target& target,
                 const std::string& output_path);

// The same as bytes.
std::string link_shared(const std::vector<ObjectParts>& objects, const Target& target);

// An ELF object that holds one read-only section with the constants at constant_offsets() and one
// hidden symbol on it. `storage` keeps the small parts alive.
ObjectParts constants_object(const std::vector<std::string_view>& constants, const Target& target,
                             const std::string& symbol, std::vector<std::string>& storage);

}  // namespace tenon::codegen
