// The list of ONNX operators that are imported.
#include "compiler/frontends/onnx/importer.h"

namespace tenon::onnx {

std::string domain_text(const std::string& domain) { return domain.empty() ? "ai.onnx" : domain; }

const OperatorEntry* find_operator(const std::string& domain, const std::string& name,
                                   std::int64_t opset) {
  if (domain_text(domain) != "ai.onnx") return nullptr;
  for (const auto* table :
       {&attention_operators(), &einsum_operators(), &elementwise_operators(), &image_operators(),
        &index_operators(), &logic_operators(), &loss_operators(), &matrix_operators(),
        &movement_operators(), &normalization_operators(), &quantization_operators(),
        &recurrent_operators(), &reduction_operators(), &resize_operators(), &shape_operators()}) {
    for (const OperatorEntry& entry : *table) {
      if (entry.name == name) return opset >= entry.since ? &entry : nullptr;
    }
  }
  return nullptr;
}

}  // namespace tenon::onnx
