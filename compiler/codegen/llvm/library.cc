#include "compiler/codegen/llvm/library.h"

#include <llvm/IR/LLVMContext.h>

#include "compiler/codegen/llvm/emitter.h"
#include "compiler/codegen/llvm/link.h"
#include "compiler/codegen/llvm/machine.h"
#include "compiler/codegen/llvm/model_emitter.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// sse4.1 has rounding; below it LLVM would call libm, and a library has no libm.
void check_target(const Target& target) {
  if (target.architecture == Architecture::kX86_64 && !target.has("sse4.1")) {
    throw UserError(
        str_cat("target ", to_string(target), " lacks sse4.1, which code generation needs"),
        "use -mcpu=x86-64-v2 or newer");
  }
}

void emit_kernel(codegen::ModuleState& state, const LoweredKernel& kernel,
                 const std::string& symbol) {
  std::vector<llvm::Function*> functions;
  for (const FlatFunction& f : kernel.functions) {
    functions.push_back(codegen::declare_function(state, f.name, f.func));
  }
  for (std::size_t i = 0; i < functions.size(); ++i) {
    codegen::define_function(state, functions[i], kernel.functions[i].func);
  }
  functions[0]->setName(symbol);
  functions[0]->setLinkage(llvm::GlobalValue::ExternalLinkage);
  functions[0]->setVisibility(llvm::GlobalValue::HiddenVisibility);
}

std::string kernels_as(const std::vector<LoweredKernel>& kernels, const Target& target,
                       codegen::Output output) {
  check_target(target);
  llvm::LLVMContext context;
  llvm::Module module("kernels", context);
  codegen::prepare_module(module, target);
  for (const LoweredKernel& kernel : kernels) {
    codegen::ModuleState state{context, module, target, {}};
    emit_kernel(state, kernel, kernel.name);
  }
  return codegen::generate(module, target, output);
}

std::string kernel_object(const LoweredKernel& kernel, std::size_t index, const Target& target) {
  llvm::LLVMContext context;
  context.setDiscardValueNames(true);
  llvm::Module module("kernel", context);
  codegen::prepare_module(module, target);
  codegen::ModuleState state{context, module, target, {}};
  emit_kernel(state, kernel, codegen::kernel_symbol(index));
  return codegen::generate(module, target, codegen::Output::kObject);
}

std::string model_object(const LibrarySpec& spec) {
  llvm::LLVMContext context;
  context.setDiscardValueNames(true);
  llvm::Module module("model", context);
  codegen::prepare_module(module, spec.target);
  codegen::ModuleState state{context, module, spec.target, {}};
  codegen::ModelFunctions functions{};
  functions.bind = codegen::emit_bind(state, spec);
  functions.output_shape = codegen::emit_output_shape(state, spec);
  functions.arena_size = codegen::emit_arena_size(state, spec);
  llvm::Function* host = codegen::emit_host(state, spec);
  functions.run = codegen::emit_run(state, spec, {functions.bind, functions.arena_size, host});
  codegen::emit_descriptor(state, spec, functions);
  return codegen::generate(module, spec.target, codegen::Output::kObject, codegen::Effort::kGlue);
}

// Objects of the library; `storage` keeps what the views show.
std::vector<codegen::ObjectParts> make_objects(const LibrarySpec& spec,
                                               std::vector<std::string>& storage) {
  check_target(spec.target);
  storage.reserve(spec.kernels.size() + 3);
  std::vector<codegen::ObjectParts> objects;
  for (std::size_t i = 0; i < spec.kernels.size(); ++i) {
    storage.push_back(kernel_object(spec.kernels[i].kernel, i, spec.target));
    objects.push_back({storage.back()});
  }
  storage.push_back(model_object(spec));
  objects.push_back({storage.back()});
  if (!spec.constants.empty()) {
    objects.push_back(
        codegen::constants_object(spec.constants, spec.target, codegen::kConstantsSymbol, storage));
  }
  return objects;
}

}  // namespace

std::string codegen_backend_version() { return codegen::llvm_version(); }

std::string build_library(const LibrarySpec& spec) {
  std::vector<std::string> storage;
  return codegen::link_shared(make_objects(spec, storage), spec.target);
}

void build_library(const LibrarySpec& spec, const std::string& path) {
  std::vector<std::string> storage;
  codegen::link_shared(make_objects(spec, storage), spec.target, path);
}

std::string emit_assembly(const std::vector<LoweredKernel>& kernels, const Target& target) {
  return kernels_as(kernels, target, codegen::Output::kAssembly);
}

std::string emit_llvm_ir(const std::vector<LoweredKernel>& kernels, const Target& target) {
  return kernels_as(kernels, target, codegen::Output::kIr);
}

}  // namespace tenon
