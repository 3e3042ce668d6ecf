// The text of a model's structured error: names, sizes and symbols instead of numbers.
#pragma once

#include <string>

#include "compiler/runtime/tenon_model.h"

namespace tenon {

// One line for people, such as "input 'x', dimension 0: batch is 3 here but 2 in input 'y',
// dimension 0". Tensors and symbols are named from `model`.
std::string format_model_error(const TenonModelV1& model, const TenonErrorV1& error);

// The text of one dimension of a descriptor: a number, a symbol, an expression, or "?".
std::string format_dim(const TenonModelV1& model, int64_t dim);

// "float32[batch, 3, 32, 32]".
std::string format_descriptor(const TenonModelV1& model, const TenonTensorV1& tensor);

}  // namespace tenon
