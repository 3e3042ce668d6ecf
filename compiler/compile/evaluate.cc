#include "compiler/compile/evaluate.h"

#include <cstring>

#include "compiler/support/error.h"
#include "compiler/tir/interpret.h"

namespace tenon {

relax::TensorRef evaluate_constant(const tir::PrimFunc& func,
                                   const std::vector<relax::TensorRef>& args,
                                   const relax::TensorData& result_type) {
  CHECK(func.params.size() == args.size() + 1) << "a definition has one result";
  std::vector<tir::Tensor> tensors;
  for (const relax::TensorRef& arg : args) {
    tir::Tensor tensor{arg->dtype, arg->shape, std::vector<std::byte>(arg->size_bytes)};
    std::memcpy(tensor.data.data(), arg->bytes, arg->size_bytes);
    tensors.push_back(std::move(tensor));
  }
  tensors.push_back(tir::Tensor::zeros(result_type.dtype, result_type.shape));
  tir::interpret(func, tensors);
  auto [result, bytes] = relax::make_tensor(result_type.dtype, result_type.shape);
  CHECK(tensors.back().data.size() == result->size_bytes) << "a result has another size";
  std::memcpy(bytes, tensors.back().data.data(), result->size_bytes);
  return result;
}

}  // namespace tenon
