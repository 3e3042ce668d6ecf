// What the operators' import functions see: the node, its inputs as graph values, and the builder.
//
// A value is a tensor of the graph, or integers known as expressions of the symbols (a shape
// chain), or both.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/frontends/onnx/onnx_subset.pb.h"
#include "compiler/relax/builder.h"

namespace tenon::onnx {

// Integers of a scalar or vector, each an int64 expression.
struct IntegerValues {
  std::vector<tir::Expr> values;
  bool is_scalar = false;
};

struct Value {
  relax::Expr tensor;                     // null when only the integers are known
  std::optional<IntegerValues> integers;  // set for small integer constants too
};

class NodeContext {
 public:
  NodeContext(const onnx_file::Node& node, std::int64_t opset, const std::vector<Value>& inputs,
              relax::Builder& builder, const std::string& folder)
      : node_(node), opset_(opset), inputs_(inputs), builder_(builder), folder_(folder) {}

  std::int64_t opset() const { return opset_; }
  std::size_t num_inputs() const { return inputs_.size(); }
  std::size_t num_outputs() const { return static_cast<std::size_t>(node_.output_size()); }
  bool has_input(std::size_t i) const;
  const Value& value(std::size_t i) const;
  // The tensor of input i; integers that are all constant become a constant tensor.
  relax::Expr tensor(std::size_t i) const;
  relax::TensorType type(std::size_t i) const;
  std::size_t rank(std::size_t i) const;
  // The integers of input i; UserError when they are known only at run time.
  std::vector<tir::Expr> integers(std::size_t i) const;
  std::vector<std::int64_t> constant_integers(std::size_t i) const;
  // The elements of input i, which must be a constant of floats.
  std::vector<double> constant_floats(std::size_t i) const;
  // The number that input i is as a constant; nothing when it is no constant scalar.
  std::optional<double> constant_number(std::size_t i) const;

  bool has_attribute(const std::string& name) const { return find(name) != nullptr; }
  std::int64_t int_attribute(const std::string& name,
                             std::optional<std::int64_t> fallback = {}) const;
  double float_attribute(const std::string& name, std::optional<double> fallback = {}) const;
  std::string string_attribute(const std::string& name, const std::string& fallback) const;
  std::vector<std::int64_t> ints_attribute(const std::string& name) const;  // empty when absent
  std::vector<double> floats_attribute(const std::string& name) const;      // empty when absent
  const onnx_file::Attribute* find(const std::string& name) const;

  relax::Expr emit(std::string_view op, std::vector<relax::Expr> args,
                   tir::AttrMap attrs = {}) const {
    return builder_.emit(op, std::move(args), std::move(attrs), output_name());
  }
  const std::string& folder() const { return folder_; }
  // Throws UserError that names the node and its operator.
  [[noreturn]] void fail(const std::string& text) const;
  std::string output_name() const { return node_.output_size() > 0 ? node_.output(0) : ""; }

 private:
  const onnx_file::Node& node_;
  std::int64_t opset_;
  const std::vector<Value>& inputs_;
  relax::Builder& builder_;
  const std::string& folder_;
};

// Gives one value an output.
using ImportFunction = std::vector<Value> (*)(const NodeContext& node);

struct OperatorEntry {
  std::string_view name;  // of the domain "" (ai.onnx)
  std::int64_t since;     // lowest opset whose meaning the function implements
  ImportFunction import;
};

// One visible list in operators.cc, filled from the tables of the ops_*.cc files.
const OperatorEntry* find_operator(const std::string& domain, const std::string& name,
                                   std::int64_t opset);
const std::vector<OperatorEntry>& attention_operators();      // ops_attention.cc
const std::vector<OperatorEntry>& einsum_operators();         // ops_einsum.cc
const std::vector<OperatorEntry>& elementwise_operators();    // ops_elementwise.cc
const std::vector<OperatorEntry>& image_operators();          // ops_image.cc
const std::vector<OperatorEntry>& index_operators();          // ops_index.cc
const std::vector<OperatorEntry>& logic_operators();          // ops_logic.cc
const std::vector<OperatorEntry>& loss_operators();           // ops_loss.cc
const std::vector<OperatorEntry>& matrix_operators();         // ops_matrix.cc
const std::vector<OperatorEntry>& movement_operators();       // ops_movement.cc
const std::vector<OperatorEntry>& normalization_operators();  // ops_normalization.cc
const std::vector<OperatorEntry>& quantization_operators();   // ops_quantization.cc
const std::vector<OperatorEntry>& recurrent_operators();      // ops_recurrent.cc
const std::vector<OperatorEntry>& reduction_operators();      // ops_reduction.cc
const std::vector<OperatorEntry>& resize_operators();         // ops_resize.cc
const std::vector<OperatorEntry>& shape_operators();          // ops_shape.cc

// The domain as messages and comparisons want it: the standard's is written "" or "ai.onnx".
std::string domain_text(const std::string& domain);
// "a node of the graph" for messages: name or first output, operator.
std::string describe(const onnx_file::Node& node);
Value tensor_value(relax::Expr tensor);
Value integer_value(std::vector<tir::Expr> values, bool is_scalar);
// A scalar of a type, and a tensor converted to one.
relax::Expr number(const NodeContext& node, DataType dtype, double value);
relax::Expr cast_to(const NodeContext& node, const relax::Expr& tensor, DataType dtype);
// Emitted with the shape; the tensor itself when it has it already.
relax::Expr reshape_to(const NodeContext& node, const relax::Expr& tensor, relax::Shape shape);
relax::Shape tensor_shape(const relax::Expr& tensor);
// Input i; before opset 7 the second operand is aligned at attribute axis, and only with
// broadcast = 1.
relax::Expr aligned_operand(const NodeContext& node, std::size_t i);
// axis in [-rank, rank) -> [0, rank); UserError that names the node otherwise.
std::size_t axis_in(const NodeContext& node, std::int64_t axis, std::size_t rank);
// A constant tensor of int64.
relax::Expr integer_constant(const std::vector<std::int64_t>& values, bool is_scalar);
// The integers of a small integer constant; nothing for other tensors.
std::optional<IntegerValues> integers_of(const relax::TensorData& data);

}  // namespace tenon::onnx
