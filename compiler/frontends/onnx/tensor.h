// Tensors of a model file -> constants. Raw and typed fields, external data confined to the model's
// folder.
#pragma once
#include <string>

#include "compiler/frontends/onnx/onnx_subset.pb.h"
#include "compiler/relax/expr.h"

namespace tenon::onnx {

// TensorProto.DataType -> element type; UserError that gives the number when it is unknown. `where`
// says whose type it is.
DataType element_type(int data_type, const std::string& where);

// `folder` is the folder of the model file. Throws UserError on sizes that do not fit the shape, on
// unsupported element types and on external data outside the folder.
relax::TensorRef read_tensor(const onnx_file::Tensor& tensor, const std::string& folder);

}  // namespace tenon::onnx
