#include "tuner/cli/test_data.h"

#include <cstring>
#include <filesystem>

#include "compiler/compile.h"
#include "compiler/support/error.h"

namespace tenon::cli {
namespace {

DLDataType dl_type(DataType type) {
  DLDataType result{kDLFloat, type.bits, 1};
  if (type.is_int()) result.code = kDLInt;
  if (type.is_uint()) result.code = kDLUInt;
  if (type.is_bool()) result.code = kDLBool;
  if (type == kBFloat16) result.code = kDLBfloat;
  return result;
}

NdArray load_array(const std::filesystem::path& path) {
  const relax::TensorRef tensor = load_tensor(path.string());
  NdArray array = NdArray::zeros(dl_type(tensor->dtype), tensor->shape);
  std::memcpy(array.data(), tensor->bytes, tensor->size_bytes);
  return array;
}

}  // namespace

TestData load_test_data(const std::string& folder, int num_inputs, int num_outputs) {
  const std::filesystem::path root(folder);
  TestData data;
  for (int i = 0; i < num_inputs; ++i) {
    const auto path = root / ("input_" + std::to_string(i) + ".pb");
    if (!std::filesystem::exists(path)) {
      throw UserError("--test-data " + folder + ": has no " + path.filename().string() +
                      ", the library has " + std::to_string(num_inputs) + " inputs");
    }
    data.inputs.push_back(load_array(path));
  }
  for (int i = 0; i < num_outputs; ++i) {
    const auto path = root / ("output_" + std::to_string(i) + ".pb");
    if (std::filesystem::exists(path)) data.outputs.push_back(load_array(path));
  }
  if (data.outputs.empty()) {
    throw UserError("--test-data " + folder + ": has no output_0.pb to compare with");
  }
  return data;
}

}  // namespace tenon::cli
