#include "tests/unit/relax/graph_fixture.h"

#include <cstring>

namespace tenon::relax {

Expr param(const std::string& name, const std::vector<std::int64_t>& shape, DataType dtype) {
  return make_var(name, tensor_type(shape, dtype));
}
Expr symbolic(const std::string& name, Shape shape, DataType dtype) {
  return make_var(name, tensor_type(std::move(shape), dtype));
}
Type float_type(const std::vector<std::int64_t>& shape) { return tensor_type(shape, kFloat32); }

TensorRef floats(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  auto [tensor, bytes] = make_tensor(kFloat32, std::move(shape));
  CHECK(tensor->size_bytes == values.size() * sizeof(float)) << "one value an element";
  if (!values.empty()) std::memcpy(bytes, values.data(), tensor->size_bytes);
  return tensor;
}

Expr float_constant(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  return constant(floats(std::move(shape), values));
}

Expr random_constant(std::vector<std::int64_t> shape, std::uint64_t seed) {
  return constant(made_up_tensor(kFloat32, std::move(shape), seed, 99));
}

std::vector<float> values_of(const Value& value) {
  std::vector<float> all;
  for (const TensorRef& tensor : tensors_of(value)) {
    for (std::int64_t i = 0; i < tensor->num_elements(); ++i) {
      all.push_back(static_cast<float>(element_at(*tensor, i)));
    }
  }
  return all;
}

Module main_module(Builder& builder, std::vector<Expr> params, const Expr& result) {
  Module module;
  module.functions.emplace_back("main", builder.finish(std::move(params), result));
  return module;
}

const Function& main_of(const Module& module) {
  const Function* func = module.find_function("main");
  CHECK(func) << "the module has a function main";
  return *func;
}

const std::vector<Binding>& bindings_of(const Module& module) {
  return straight_bindings(main_of(module));
}

int count_ops(const Module& module, std::string_view name) {
  int count = 0;
  for (const Binding& binding : bindings_of(module)) {
    const auto* call = binding.value.as<Call>();
    count += call && call->op && call->op->name == name;
  }
  return count;
}

Value run_main(const Module& module, std::uint64_t seed, std::int64_t size) {
  const Function& func = main_of(module);
  return interpret(module, "main", made_up_arguments(func, small_sizes(module, func, size), seed));
}

std::string difference(const Module& before, const Module& after, double tolerance,
                       std::uint64_t seed) {
  return compare_values(run_main(before, seed), run_main(after, seed),
                        {.relative = tolerance, .scaled = tolerance})
      .first;
}

}  // namespace tenon::relax
