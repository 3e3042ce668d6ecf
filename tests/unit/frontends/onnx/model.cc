#include "tests/unit/frontends/onnx/model.h"

#include <cctype>
#include <cmath>
#include <cstring>

#include "compiler/relax/interpret.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

// The numbers as a tensor of the parameter's type.
relax::TensorRef argument(const relax::Expr& param, const std::vector<float>& numbers) {
  const relax::Type type = relax::type_of(param);
  const DataType dtype = relax::dtype_of(type);
  auto [tensor, bytes] = relax::make_tensor(dtype, *relax::static_shape(relax::shape_of(type)));
  EXPECT_EQ(tensor->num_elements(), static_cast<std::int64_t>(numbers.size()));
  for (const float number : numbers) {
    const auto put = [&, &to = bytes]<class T>(T value) {
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    };
    if (dtype == kInt64) {
      put(static_cast<std::int64_t>(number));
    } else {
      EXPECT_EQ(dtype, kFloat32) << "inputs of another type are not made";
      put(number);
    }
  }
  return tensor;
}

onnx_file::Attribute& add_attribute(onnx_file::Node& node, const std::string& name, int type) {
  onnx_file::Attribute& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

onnx_file::Type::TensorType& add_value(onnx_file::ValueInfo& info, const std::string& name,
                                       int type) {
  info.set_name(name);
  info.mutable_type()->mutable_tensor_type()->set_elem_type(type);
  info.mutable_type()->mutable_tensor_type()->mutable_shape();
  return *info.mutable_type()->mutable_tensor_type();
}

void add_dims(onnx_file::Type::TensorType& type, const Dims& dims) {
  for (const std::int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

}  // namespace

TestModel::TestModel(std::int64_t opset, std::int64_t ir_version) {
  model.set_ir_version(ir_version);
  model.mutable_graph()->set_name("test");
  auto* import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
}

TestModel& TestModel::input(const std::string& name, const Dims& dims, int type) {
  add_dims(add_value(*graph().add_input(), name, type), dims);
  return *this;
}

TestModel& TestModel::symbolic_input(const std::string& name,
                                     const std::vector<std::string>& dims) {
  auto& type = add_value(*graph().add_input(), name, kFloatTensor);
  for (const std::string& dim : dims) {
    auto* added = type.mutable_shape()->add_dim();
    if (!dim.empty() && std::isdigit(static_cast<unsigned char>(dim[0]))) {
      added->set_dim_value(std::stoll(dim));
    } else {
      added->set_dim_param(dim);
    }
  }
  return *this;
}

TestModel& TestModel::output(const std::string& name) {
  graph().add_output()->set_name(name);
  return *this;
}

TestModel& TestModel::output(const std::string& name, const Dims& dims, int type) {
  add_dims(add_value(*graph().add_output(), name, type), dims);
  return *this;
}

TestModel& TestModel::floats(const std::string& name, const Dims& dims,
                             const std::vector<float>& values) {
  auto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(kFloatTensor);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
  for (const float value : values) tensor->add_float_data(value);
  return *this;
}

TestModel& TestModel::integers(const std::string& name, const Dims& dims, const Dims& values) {
  auto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(kInt64Tensor);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
  for (const std::int64_t value : values) tensor->add_int64_data(value);
  return *this;
}

TestModel& TestModel::node(const std::string& op, const std::vector<std::string>& inputs,
                           const std::vector<std::string>& outputs) {
  auto* node = graph().add_node();
  node->set_op_type(op);
  node->set_name("the_" + op);
  for (const std::string& name : inputs) node->add_input(name);
  for (const std::string& name : outputs) node->add_output(name);
  return *this;
}

TestModel& TestModel::attribute(const std::string& name, std::int64_t value) {
  add_attribute(last_node(), name, 2).set_i(value);
  return *this;
}
TestModel& TestModel::attribute(const std::string& name, float value) {
  add_attribute(last_node(), name, 1).set_f(value);
  return *this;
}
TestModel& TestModel::attribute(const std::string& name, const std::string& value) {
  add_attribute(last_node(), name, 3).set_s(value);
  return *this;
}
TestModel& TestModel::attribute(const std::string& name, const Dims& values) {
  auto& added = add_attribute(last_node(), name, 7);
  for (const std::int64_t value : values) added.add_ints(value);
  return *this;
}

relax::Module TestModel::import(const std::string& folder) const {
  return import_bytes(model.SerializeAsString(), "test", folder);
}

std::string TestModel::refusal(const std::string& folder) const {
  try {
    import(folder);
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "the model was imported";
  return "";
}

Numbers run(const relax::Module& module, const std::vector<std::vector<float>>& inputs) {
  const relax::Function& func = *module.find_function("main");
  EXPECT_EQ(inputs.size(), func.params.size());
  std::vector<relax::Value> arguments;
  for (std::size_t i = 0; i < func.params.size(); ++i) {
    arguments.emplace_back(argument(func.params[i], inputs[i]));
  }
  const relax::TensorRef first =
      relax::tensors_of(relax::interpret(module, "main", arguments)).at(0);
  Numbers numbers{first->shape, {}};
  for (std::int64_t i = 0; i < first->num_elements(); ++i) {
    numbers.values.push_back(relax::element_at(*first, i));
  }
  return numbers;
}

std::string output_shape(const relax::Module& module) {
  const relax::Type type = module.find_function("main")->result;
  const auto* tuple = type.as<relax::TupleType>();
  return relax::to_text(relax::shape_of(tuple ? tuple->fields_[0] : type));
}

void expect_numbers(const Numbers& got, const Dims& dims, const std::vector<double>& values,
                    double tolerance) {
  EXPECT_EQ(got.dims, dims);
  ASSERT_EQ(got.values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double margin = tolerance * std::max(1.0, std::abs(values[i]));
    EXPECT_NEAR(got.values[i], values[i], margin) << "element " << i;
  }
}

}  // namespace tenon::onnx
