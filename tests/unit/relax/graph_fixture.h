// Small Relax modules for tests: parameters, constants, one function called main, and running it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/relax/builder.h"
#include "compiler/relax/interpret.h"

namespace tenon::relax {

Expr param(const std::string& name, const std::vector<std::int64_t>& shape,
           DataType dtype = kFloat32);
// One with symbols among its dimensions.
Expr symbolic(const std::string& name, Shape shape, DataType dtype = kFloat32);
Type float_type(const std::vector<std::int64_t>& shape);
// float32 values.
TensorRef floats(std::vector<std::int64_t> shape, const std::vector<float>& values);
Expr float_constant(std::vector<std::int64_t> shape, const std::vector<float>& values);
// Seeded values in [-1, 1].
Expr random_constant(std::vector<std::int64_t> shape, std::uint64_t seed);
std::vector<float> values_of(const Value& value);

// A module whose function main is what the builder holds.
Module main_module(Builder& builder, std::vector<Expr> params, const Expr& result);
const Function& main_of(const Module& module);
const std::vector<Binding>& bindings_of(const Module& module);
// Calls of an operator in main.
int count_ops(const Module& module, std::string_view name);
// Runs main on made-up arguments.
Value run_main(const Module& module, std::uint64_t seed = 1, std::int64_t size = 3);
// "" when both modules compute the same on made-up arguments, else what differs.
std::string difference(const Module& before, const Module& after, double tolerance = 0,
                       std::uint64_t seed = 1);
// What a call refuses, as text; "" when it does not throw UserError.
template <class F>
std::string refusal(F&& call);

}  // namespace tenon::relax

#include "compiler/support/error.h"

template <class F>
std::string tenon::relax::refusal(F&& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}
