// From a lowered Relax function and its memory plan to the host function of a library: one call a
// kernel, with pointers into inputs, outputs, constants and arena; and the library's descriptors.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compiler/codegen/llvm/library.h"
#include "compiler/compile/memory_plan.h"

namespace tenon {

// A kernel as the host calls it: its name, and the model's symbols that it takes after its tensors.
struct HostKernel {
  std::string name;
  std::vector<tir::Expr> symbols;
};

struct HostInputs {
  const std::vector<SymbolSpec>& symbols;  // of the library
  const MemoryPlan& plan;
  std::size_t num_inputs, num_outputs;
  // Bytes of every constant as kernels want it (packed), in the order of plan.constants.
  const std::vector<ConstantBytes>& constants;
  const std::map<std::string, HostKernel>& kernels;  // by function name
};

HostSpec make_host(const HostInputs& inputs);

std::vector<TensorSpec> input_specs(const relax::Function& func);
// Output names are the function attribute "output_names".
std::vector<TensorSpec> output_specs(const relax::Function& func);
// Every variable of an input's shape, with the module's facts about it.
std::vector<SymbolSpec> symbol_specs(const relax::Module& module, const relax::Function& func);

}  // namespace tenon
