#include "tuner/cli/model_inputs.h"

#include <algorithm>

#include "compiler/runtime/generate.h"

namespace tenon::cli {

std::vector<NdArray> made_up_inputs(const TenonModelV1& model, std::uint64_t seed) {
  std::vector<NdArray> inputs;
  for (int i = 0; i < model.num_inputs; ++i) {
    const TenonTensorV1& tensor = model.inputs[i];
    std::vector<std::int64_t> shape;
    for (int axis = 0; axis < tensor.rank; ++axis) {
      const std::int64_t dim = tensor.dims[axis];
      shape.push_back(dim >= 0 ? dim : std::max<std::int64_t>(1, model.symbols[-(dim + 1)].min));
    }
    NdArray array = NdArray::zeros(tensor.dtype, shape);
    fill_generated(&array, {.seed = seed, .tensor_index = static_cast<std::uint64_t>(i)});
    inputs.push_back(std::move(array));
  }
  return inputs;
}

}  // namespace tenon::cli
