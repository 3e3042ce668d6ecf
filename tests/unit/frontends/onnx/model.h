// ONNX models made in tests, and what an imported module computes by the definitions of its
// operators.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compiler/frontends/onnx/import.h"
#include "compiler/frontends/onnx/onnx_subset.pb.h"
#include "compiler/support/error.h"

namespace tenon::onnx {

using Dims = std::vector<std::int64_t>;

constexpr int kFloatTensor = 1, kUInt8Tensor = 2, kInt64Tensor = 7, kBoolTensor = 9;

class TestModel {
 public:
  explicit TestModel(std::int64_t opset = 13, std::int64_t ir_version = 8);

  TestModel& input(const std::string& name, const Dims& dims, int type = kFloatTensor);
  // A dimension for each word: a number or a symbol's name.
  TestModel& symbolic_input(const std::string& name, const std::vector<std::string>& dims);
  TestModel& output(const std::string& name);
  TestModel& output(const std::string& name, const Dims& dims, int type = kFloatTensor);
  TestModel& floats(const std::string& name, const Dims& dims, const std::vector<float>& values);
  TestModel& integers(const std::string& name, const Dims& dims, const Dims& values);
  // The last node gets the attributes that follow.
  TestModel& node(const std::string& op, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs);
  TestModel& attribute(const std::string& name, std::int64_t value);
  TestModel& attribute(const std::string& name, float value);
  TestModel& attribute(const std::string& name, const std::string& value);
  TestModel& attribute(const std::string& name, const Dims& values);

  onnx_file::Graph& graph() { return *model.mutable_graph(); }
  onnx_file::Node& last_node() { return *graph().mutable_node(graph().node_size() - 1); }
  relax::Module import(const std::string& folder = "") const;
  // The message of the UserError that importing throws; a failure when it throws none.
  std::string refusal(const std::string& folder = "") const;

  onnx_file::Model model;
};

// A tensor of any type as numbers.
struct Numbers {
  Dims dims;
  std::vector<double> values;
};

// What the module gives for float inputs, by the interpreter; the first output.
Numbers run(const relax::Module& module, const std::vector<std::vector<float>>& inputs);
// The extents of the first output as text: "(2, n)".
std::string output_shape(const relax::Module& module);

void expect_numbers(const Numbers& got, const Dims& dims, const std::vector<double>& values,
                    double tolerance = 1e-5);

}  // namespace tenon::onnx
