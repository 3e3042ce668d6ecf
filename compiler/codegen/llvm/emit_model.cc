// The functions of a library: bind, output_shape, arena_size, the host function and run.
#include <algorithm>
#include <cstddef>

#include "compiler/codegen/llvm/model_emitter.h"
#include "compiler/runtime/tenon_model.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon::codegen {

using namespace tir;

namespace {

llvm::Function* make_function(ModuleState& state, const char* name, llvm::Type* result,
                              std::vector<llvm::Type*> params) {
  auto* type = llvm::FunctionType::get(result, params, false);
  auto* function =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, state.module);
  set_function_attributes(state, function);
  return function;
}

// The pointer in a table of pointers.
llvm::Value* entry(FunctionEmitter& emitter, llvm::Value* table, std::size_t index) {
  return load_field(emitter, emitter.builder().getPtrTy(), table, index * 8);
}

// A context that is too small for this library has no place for an error.
void require_context(FunctionEmitter& emitter, llvm::Value* context) {
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::BasicBlock* refuse = emitter.new_block("old");
  llvm::BasicBlock* next = emitter.new_block("next");
  llvm::Value* size =
      load_field(emitter, builder.getInt32Ty(), context, offsetof(TenonContextV1, struct_size));
  builder.CreateCondBr(builder.CreateICmpUGE(size, builder.getInt32(sizeof(TenonContextV1))), next,
                       refuse);
  builder.SetInsertPoint(refuse);
  builder.CreateRet(builder.getInt32(TENON_ERROR_ABI));
  builder.SetInsertPoint(next);
}

void check_expressions(FunctionEmitter& emitter, llvm::Value* context, const LibrarySpec& spec,
                       const std::vector<TensorFields>& fields) {
  llvm::IRBuilder<>& builder = emitter.builder();
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    for (std::size_t axis = 0; axis < spec.inputs[i].dims.size(); ++axis) {
      const Expr& dim = spec.inputs[i].dims[axis];
      if (as_int(dim) || dim.as<Var>()) continue;
      Failure why;
      why.code = TENON_ERROR_SHAPE;
      why.tensor = static_cast<int>(i);
      why.axis = static_cast<int>(axis);
      why.expected = emit_int64(emitter, dim);
      why.found = load_field(emitter, builder.getInt64Ty(), fields[i].shape, axis * 8);
      emit_require(emitter, context, builder.CreateICmpEQ(why.expected, why.found), why);
    }
  }
}

std::int64_t align64(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

// Every call of the kernel in the host function.
std::vector<const Call*> calls_of(const LibrarySpec& spec, const std::string& kernel) {
  std::vector<const Call*> calls;
  walk(spec.host.func.body, {.expr = [&](const Expr& e) {
         const auto* n = e.as<Call>();
         const auto* name = n && !n->args.empty() ? n->args[0].as<StringImm>() : nullptr;
         if (name && name->value == kernel) calls.push_back(n);
         return true;
       }});
  return calls;
}

// The kernel's size-dependent workspace for one call, in the symbols of the model.
Expr symbolic_workspace(const LibrarySpec& spec, const LoweredKernel& kernel, const Call& call) {
  const PrimFunc& host = spec.host.func;
  VarMap to_model;
  const std::size_t first = host.params.size() - spec.symbols.size();
  for (std::size_t i = 0; i < spec.symbols.size(); ++i) {
    to_model[host.params[first + i].var] =
        cast(dtype_of(host.params[first + i].var), spec.symbols[i].var);
  }
  VarMap values;
  const auto& params = kernel.functions[0].func.params;
  const std::size_t num_own = params.size() - 2 - kernel.symbols.size();
  for (std::size_t i = 0; i + 2 < params.size() && i + 1 < call.args.size(); ++i) {
    const Expr v = i < num_own ? params[i].var : kernel.symbols[i - num_own];
    if (dtype_of(v).is_handle()) continue;
    const Expr value = substitute(call.args[i + 1], to_model);
    values[v] = cast(dtype_of(v), value);
  }
  return substitute(kernel.symbolic_workspace_bytes, values);
}

}  // namespace

std::string kernel_symbol(std::size_t index) { return str_cat("tenon_kernel_", index); }

Workspace workspace_of(const LibrarySpec& spec) {
  Workspace most;
  for (const KernelSpec& k : spec.kernels) {
    most.shared_bytes = std::max(most.shared_bytes, align64(k.kernel.workspace_bytes));
    most.bytes_per_worker =
        std::max(most.bytes_per_worker, align64(k.kernel.workspace_bytes_per_worker));
  }
  return most;
}

llvm::Value* emit_int64(FunctionEmitter& emitter, const Expr& e) {
  return emitter.emit(tir::cast(kInt64, e));
}

void bind_symbols(FunctionEmitter& emitter, const LibrarySpec& spec, llvm::Value* array) {
  llvm::IRBuilder<>& builder = emitter.builder();
  for (std::size_t i = 0; i < spec.symbols.size(); ++i) {
    llvm::Value* value = load_field(emitter, builder.getInt64Ty(), array, i * 8);
    llvm::Type* type = value_type(builder.getContext(), dtype_of(spec.symbols[i].var));
    emitter.bind(spec.symbols[i].var, builder.CreateIntCast(value, type, true));
  }
}

llvm::Function* emit_bind(ModuleState& state, const LibrarySpec& spec) {
  llvm::Type* pointer = llvm::PointerType::get(state.context, 0);
  llvm::Function* function = make_function(state, "bind", llvm::Type::getInt32Ty(state.context),
                                           {pointer, pointer, pointer});
  FunctionEmitter emitter(state, function);
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::Value* context = function->getArg(0);
  require_context(emitter, context);
  SymbolValues symbols;
  symbols.values.resize(spec.symbols.size());
  symbols.tensor.resize(spec.symbols.size());
  symbols.axis.resize(spec.symbols.size());
  std::vector<TensorFields> fields;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const TensorCheck check{spec.inputs[i], static_cast<int>(i),
                            entry(emitter, function->getArg(1), i)};
    fields.push_back(emit_tensor_check(emitter, context, spec, check, symbols));
  }
  for (std::size_t i = 0; i < symbols.values.size(); ++i) {
    if (!symbols.values[i]) {
      throw UserError(str_cat("library ", spec.name, ": symbol ", var(spec.symbols[i].var).name,
                              " is no plain dimension of any input"));
    }
    llvm::Value* at =
        builder.CreateGEP(builder.getInt64Ty(), function->getArg(2), builder.getInt64(i));
    builder.CreateStore(symbols.values[i], at);
  }
  check_expressions(emitter, context, spec, fields);
  builder.CreateRet(builder.getInt32(TENON_OK));
  return function;
}

llvm::Function* emit_output_shape(ModuleState& state, const LibrarySpec& spec) {
  llvm::Type* pointer = llvm::PointerType::get(state.context, 0);
  llvm::Type* word = llvm::Type::getInt32Ty(state.context);
  llvm::Function* function = make_function(state, "output_shape", word, {pointer, word, pointer});
  FunctionEmitter emitter(state, function);
  llvm::IRBuilder<>& builder = emitter.builder();
  bind_symbols(emitter, spec, function->getArg(0));
  llvm::BasicBlock* unknown = emitter.new_block("unknown");
  llvm::SwitchInst* choice = builder.CreateSwitch(function->getArg(1), unknown);
  for (std::size_t i = 0; i < spec.outputs.size(); ++i) {
    llvm::BasicBlock* block = emitter.new_block("output");
    choice->addCase(builder.getInt32(static_cast<unsigned>(i)), block);
    builder.SetInsertPoint(block);
    for (std::size_t axis = 0; axis < spec.outputs[i].dims.size(); ++axis) {
      llvm::Value* at =
          builder.CreateGEP(builder.getInt64Ty(), function->getArg(2), builder.getInt64(axis));
      builder.CreateStore(emit_int64(emitter, spec.outputs[i].dims[axis]), at);
    }
    builder.CreateRet(builder.getInt32(TENON_OK));
  }
  builder.SetInsertPoint(unknown);
  builder.CreateRet(builder.getInt32(TENON_ERROR_OTHER));
  return function;
}

llvm::Function* emit_arena_size(ModuleState& state, const LibrarySpec& spec) {
  llvm::Type* pointer = llvm::PointerType::get(state.context, 0);
  llvm::Function* function =
      make_function(state, "arena_size", llvm::Type::getInt64Ty(state.context),
                    {pointer, llvm::Type::getInt32Ty(state.context)});
  FunctionEmitter emitter(state, function);
  llvm::IRBuilder<>& builder = emitter.builder();
  bind_symbols(emitter, spec, function->getArg(0));
  const Workspace workspace = workspace_of(spec);
  llvm::Value* workers = builder.CreateSExt(function->getArg(1), builder.getInt64Ty());
  workers = builder.CreateSelect(builder.CreateICmpSLT(workers, builder.getInt64(1)),
                                 builder.getInt64(1), workers);
  const auto number = [&](std::int64_t value) {
    return builder.getInt64(static_cast<std::uint64_t>(value));
  };
  llvm::Value* size =
      spec.host.arena_bytes ? emit_int64(emitter, spec.host.arena_bytes) : number(0);
  size = builder.CreateAdd(size, number(workspace.shared_bytes));
  llvm::Value* most = number(0);
  for (const KernelSpec& k : spec.kernels) {
    if (!k.kernel.symbolic_workspace_bytes) continue;
    for (const Call* call : calls_of(spec, k.kernel.name)) {
      llvm::Value* bytes = emit_int64(emitter, symbolic_workspace(spec, k.kernel, *call));
      most = builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, most, bytes);
    }
  }
  size = builder.CreateAdd(size, most);
  size = builder.CreateAdd(size, builder.CreateMul(workers, number(workspace.bytes_per_worker)));
  builder.CreateRet(size);
  return function;
}

}  // namespace tenon::codegen
