// Model-local functions, inlined before the graph is imported.
#pragma once
#include "compiler/frontends/onnx/onnx_subset.pb.h"

namespace tenon::onnx {

// The model without calls of its own functions: bodies are put in their places with names made
// unique and attribute references bound. UserError on recursion and on opset versions of a
// function that differ from the model's.
onnx_file::Model inline_functions(const onnx_file::Model& model);

}  // namespace tenon::onnx
