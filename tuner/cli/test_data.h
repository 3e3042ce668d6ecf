// ONNX test sets: input_0.pb ... and output_0.pb ... in one folder.
#pragma once
#include <string>
#include <vector>

#include "compiler/runtime/nd_array.h"

namespace tenon::cli {

struct TestData {
  std::vector<NdArray> inputs, outputs;
};

// All num_inputs inputs must be there (UserError); outputs as many as there are, at most
// num_outputs, at least one.
TestData load_test_data(const std::string& folder, int num_inputs, int num_outputs);

}  // namespace tenon::cli
