#include "compiler/compile/header.h"

#include <cctype>

#include "compiler/tir/script/printer.h"

namespace tenon {
namespace {

// A C identifier made of a name: other characters become underscores.
std::string identifier(const std::string& name, bool upper) {
  std::string text;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    text += std::isalnum(u) ? static_cast<char>(upper ? std::toupper(u) : u) : '_';
  }
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) text = "m_" + text;
  return text;
}

std::string shape_text(const TensorSpec& tensor) {
  std::string text = "(";
  for (std::size_t i = 0; i < tensor.dims.size(); ++i) {
    if (i > 0) text += ", ";
    const auto value = tir::as_int(tensor.dims[i]);
    text += value ? std::to_string(*value) : tir::print(tensor.dims[i]);
  }
  return text + ")";
}

void add_tensors(std::string& text, const std::string& prefix, const std::string& kind,
                 const std::vector<TensorSpec>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    text += "#define " + prefix + "_" + kind + "_" + identifier(tensors[i].name, true) + " " +
            std::to_string(i) + "  /* " + to_string(tensors[i].dtype) + " " +
            shape_text(tensors[i]) + " */\n";
  }
}

}  // namespace

std::string model_header(const LibrarySpec& spec) {
  const std::string prefix = identifier(spec.name, true);
  std::string text = "/* Made by Tenon for the model \"" + spec.name + "\".\n" +
                     " * Load the library, look up TENON_MODEL_SYMBOL, call run(). */\n" +
                     "#ifndef TENON_LIBRARY_" + prefix + "_H_\n#define TENON_LIBRARY_" + prefix +
                     "_H_\n\n" + "#include \"tenon_model.h\"\n\n";
  text += "#define " + prefix + "_NUM_INPUTS " + std::to_string(spec.inputs.size()) + "\n";
  text += "#define " + prefix + "_NUM_OUTPUTS " + std::to_string(spec.outputs.size()) + "\n";
  text += "#define " + prefix + "_NUM_SYMBOLS " + std::to_string(spec.symbols.size()) + "\n\n";
  text += "/* Positions of tensors in the arrays that run() takes. */\n";
  add_tensors(text, prefix, "INPUT", spec.inputs);
  add_tensors(text, prefix, "OUTPUT", spec.outputs);
  if (!spec.symbols.empty()) text += "\n/* Positions of symbolic dimensions. */\n";
  for (std::size_t i = 0; i < spec.symbols.size(); ++i) {
    text += "#define " + prefix + "_SYMBOL_" +
            identifier(tir::var(spec.symbols[i].var).name, true) + " " + std::to_string(i) + "\n";
  }
  return text + "\n#endif\n";
}

}  // namespace tenon
