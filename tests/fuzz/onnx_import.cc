// Any bytes are imported as an ONNX model or refused by a UserError; nothing else happens.
#include <cstddef>
#include <cstdint>
#include <string>

#include "compiler/frontends/onnx/import.h"
#include "compiler/support/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    // External data is looked for where there is none.
    tenon::onnx::import_bytes(bytes, "fuzz", "/nonexistent");
  } catch (const tenon::UserError&) {
    return 0;
  }
  return 0;
}
