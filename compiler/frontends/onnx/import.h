// ONNX models -> Relax modules.
//
// The module has one function `main`; its parameters and results carry the names of the graph's
// inputs and outputs. Symbolic dimensions (dim_param) become int64 variables; arithmetic on shapes
// becomes expressions of them. Operators have the meaning of the opset that the model imports.
#pragma once
#include <string>

#include "compiler/relax/expr.h"

namespace tenon::onnx {

// Throws UserError: not an ONNX file, truncated, a newer IR version, external data outside the
// model's folder, unsupported operators (one error that lists all of them with name, operator,
// domain and opset), shapes that contradict each other. Throws IoError when the file cannot be
// read.
relax::Module import_file(const std::string& path);

// The same for a file's bytes. `name` is the module's; external data is looked for in `folder`.
relax::Module import_bytes(const std::string& bytes, const std::string& name,
                           const std::string& folder);

// A file that holds one TensorProto, as ONNX test sets do. Throws as import_file.
relax::TensorRef import_tensor(const std::string& path);

}  // namespace tenon::onnx
