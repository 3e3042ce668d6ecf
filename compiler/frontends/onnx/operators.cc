// The list of ONNX operators that are imported.
#include "compiler/frontends/onnx/importer.h"

namespace tenon::onnx {

const OperatorEntry* find_operator(const std::string& domain, const std::string& name,
                                   std::int64_t opset) {
  if (!domain.empty() && domain != "ai.onnx") return nullptr;
  for (const auto* table : {&image_operators(), &elementwise_operators(), &matrix_operators(),
                            &movement_operators(), &shape_operators()}) {
    for (const OperatorEntry& entry : *table) {
      if (entry.name == name) return opset >= entry.since ? &entry : nullptr;
    }
  }
  return nullptr;
}

}  // namespace tenon::onnx
