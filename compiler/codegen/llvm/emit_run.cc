// The host function, which calls kernels in order, and run, which brings it memory.
#include <cstddef>

#include "compiler/codegen/llvm/model_emitter.h"
#include "compiler/runtime/tenon_model.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::codegen {

using namespace tir;

namespace {

// Calls of kernels inside the host function: two more arguments, and the clock around the call.
class KernelCaller {
 public:
  KernelCaller(FunctionEmitter& emitter, ModuleState& state, const LibrarySpec& spec,
               llvm::Value* workspace, llvm::Value* context)
      : emitter_(emitter), workspace_(workspace), context_(context) {
    for (std::size_t i = 0; i < spec.kernels.size(); ++i) {
      const LoweredKernel& kernel = spec.kernels[i].kernel;
      if (!index_.emplace(kernel.name, i).second) {
        throw UserError(str_cat("library ", spec.name, ": two kernels are named ", kernel.name));
      }
      functions_.push_back(declare(state, kernel, i));
    }
  }

  llvm::Value* call(const std::string& name, std::vector<llvm::Value*> args) {
    const auto it = index_.find(name);
    if (it == index_.end()) return nullptr;
    llvm::IRBuilder<>& builder = emitter_.builder();
    llvm::Function* kernel = functions_[it->second];
    args.push_back(workspace_);
    args.push_back(context_);
    CHECK(args.size() == kernel->arg_size())
        << "kernel " << name << " takes " << kernel->arg_size() - 2 << " arguments, the call has "
        << args.size() - 2;
    for (unsigned i = 0; i < args.size(); ++i) {
      llvm::Type* type = kernel->getArg(i)->getType();
      if (type->isIntegerTy()) args[i] = builder.CreateIntCast(args[i], type, true);
    }
    llvm::Value* clock =
        load_field(emitter_, builder.getPtrTy(), context_, offsetof(TenonContextV1, clock_ns));
    llvm::Value* begin = now(clock);
    llvm::Value* result = builder.CreateCall(kernel, args);
    add_time(clock, begin, it->second);
    return result;
  }

 private:
  static llvm::Function* declare(ModuleState& state, const LoweredKernel& kernel,
                                 std::size_t index) {
    CHECK(!kernel.functions.empty()) << "kernel " << kernel.name << " has no function";
    std::vector<llvm::Type*> types;
    for (const Param& param : kernel.functions[0].func.params) {
      types.push_back(value_type(state.context, dtype_of(param.var)));
    }
    auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(state.context), types, false);
    auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                            kernel_symbol(index), state.module);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    function->addFnAttr(llvm::Attribute::NoUnwind);
    return function;
  }

  // clock_ns(user), or 0 when there is no clock.
  llvm::Value* now(llvm::Value* clock) {
    llvm::IRBuilder<>& builder = emitter_.builder();
    llvm::BasicBlock* ask = emitter_.new_block("clock");
    llvm::BasicBlock* next = emitter_.new_block("next");
    llvm::BasicBlock* before = builder.GetInsertBlock();
    builder.CreateCondBr(builder.CreateIsNull(clock), next, ask);
    builder.SetInsertPoint(ask);
    llvm::Value* user =
        load_field(emitter_, builder.getPtrTy(), context_, offsetof(TenonContextV1, user));
    auto* type = llvm::FunctionType::get(builder.getInt64Ty(), {builder.getPtrTy()}, false);
    llvm::Value* time = builder.CreateCall(type, clock, {user});
    builder.CreateBr(next);
    builder.SetInsertPoint(next);
    llvm::PHINode* phi = builder.CreatePHI(builder.getInt64Ty(), 2);
    phi->addIncoming(builder.getInt64(0), before);
    phi->addIncoming(time, ask);
    return phi;
  }

  void add_time(llvm::Value* clock, llvm::Value* begin, std::size_t index) {
    llvm::IRBuilder<>& builder = emitter_.builder();
    llvm::Value* spent = builder.CreateSub(now(clock), begin);
    llvm::BasicBlock* add = emitter_.new_block("profile");
    llvm::BasicBlock* next = emitter_.new_block("next");
    builder.CreateCondBr(builder.CreateIsNull(clock), next, add);
    builder.SetInsertPoint(add);
    llvm::Value* counters =
        load_field(emitter_, builder.getPtrTy(), context_, offsetof(TenonContextV1, kernel_ns));
    llvm::Value* at = builder.CreateGEP(builder.getInt64Ty(), counters, builder.getInt64(index));
    llvm::Value* sum = builder.CreateAdd(builder.CreateLoad(builder.getInt64Ty(), at), spent);
    builder.CreateStore(sum, at);
    builder.CreateBr(next);
    builder.SetInsertPoint(next);
  }

  FunctionEmitter& emitter_;
  llvm::Value* workspace_;
  llvm::Value* context_;
  std::map<std::string, std::size_t> index_;
  std::vector<llvm::Function*> functions_;
};

llvm::Value* field(FunctionEmitter& emitter, llvm::Value* context, llvm::Type* type,
                   std::size_t offset) {
  return load_field(emitter, type, context, offset);
}

// The arena: the caller's when it gave one that fits, else from its allocator. `owned` is what has
// to be released, or null.
struct Arena {
  llvm::Value* pointer;
  llvm::Value* owned;
};

Arena emit_arena(FunctionEmitter& emitter, llvm::Value* context, llvm::Value* size) {
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::Type* pointer = builder.getPtrTy();
  llvm::Value* null = llvm::ConstantPointerNull::get(builder.getPtrTy());
  llvm::AllocaInst* result = emitter.stack(pointer, 1, 8);
  llvm::AllocaInst* owned = emitter.stack(pointer, 1, 8);
  builder.CreateStore(null, owned);
  llvm::Value* given = field(emitter, context, pointer, offsetof(TenonContextV1, arena));
  builder.CreateStore(given, result);
  llvm::BasicBlock* needed = emitter.new_block("needed");
  llvm::BasicBlock* check = emitter.new_block("given");
  llvm::BasicBlock* allocate = emitter.new_block("allocate");
  llvm::BasicBlock* ready = emitter.new_block("ready");
  builder.CreateCondBr(builder.CreateICmpEQ(size, builder.getInt64(0)), ready, needed);
  builder.SetInsertPoint(needed);
  builder.CreateCondBr(builder.CreateIsNull(given), allocate, check);
  builder.SetInsertPoint(check);
  llvm::Value* bytes =
      field(emitter, context, builder.getInt64Ty(), offsetof(TenonContextV1, arena_bytes));
  llvm::Value* bits = builder.CreatePtrToInt(given, builder.getInt64Ty());
  llvm::Value* rest = builder.CreateAnd(bits, builder.getInt64(TENON_ALIGNMENT - 1));
  llvm::Value* fits = builder.CreateAnd(builder.CreateICmpSGE(bytes, size),
                                        builder.CreateICmpEQ(rest, builder.getInt64(0)));
  Failure too_small;
  too_small.code = TENON_ERROR_ARENA;
  too_small.expected = size;
  too_small.found = bytes;
  emit_require(emitter, context, fits, too_small);
  builder.CreateBr(ready);
  builder.SetInsertPoint(allocate);
  llvm::Value* function = field(emitter, context, pointer, offsetof(TenonContextV1, allocate));
  Failure missing;
  missing.code = TENON_ERROR_ARENA;
  missing.expected = size;
  emit_require(emitter, context, builder.CreateIsNotNull(function), missing);
  llvm::Value* user = field(emitter, context, pointer, offsetof(TenonContextV1, user));
  auto* type = llvm::FunctionType::get(
      pointer, {pointer, builder.getInt64Ty(), builder.getInt64Ty()}, false);
  llvm::Value* made =
      builder.CreateCall(type, function, {user, size, builder.getInt64(TENON_ALIGNMENT)});
  Failure none;
  none.code = TENON_ERROR_MEMORY;
  none.expected = size;
  emit_require(emitter, context, builder.CreateIsNotNull(made), none);
  builder.CreateStore(made, result);
  builder.CreateStore(made, owned);
  builder.CreateBr(ready);
  builder.SetInsertPoint(ready);
  return {builder.CreateLoad(pointer, result), builder.CreateLoad(pointer, owned)};
}

void emit_release(FunctionEmitter& emitter, llvm::Value* context, llvm::Value* owned) {
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::Type* pointer = builder.getPtrTy();
  llvm::Value* release = field(emitter, context, pointer, offsetof(TenonContextV1, release));
  llvm::BasicBlock* free = emitter.new_block("release");
  llvm::BasicBlock* done = emitter.new_block("done");
  llvm::Value* keep = builder.CreateOr(builder.CreateIsNull(owned), builder.CreateIsNull(release));
  builder.CreateCondBr(keep, done, free);
  builder.SetInsertPoint(free);
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), {pointer, pointer}, false);
  llvm::Value* user = field(emitter, context, pointer, offsetof(TenonContextV1, user));
  builder.CreateCall(type, release, {user, owned});
  builder.CreateBr(done);
  builder.SetInsertPoint(done);
}

llvm::Value* constants_base(ModuleState& state, const LibrarySpec& spec) {
  auto* pointer = llvm::PointerType::get(state.context, 0);
  if (spec.constants.empty()) return llvm::ConstantPointerNull::get(pointer);
  auto* global =
      new llvm::GlobalVariable(state.module, llvm::Type::getInt8Ty(state.context), true,
                               llvm::GlobalValue::ExternalLinkage, nullptr, kConstantsSymbol);
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return global;
}

}  // namespace

llvm::Function* emit_host(ModuleState& state, const LibrarySpec& spec) {
  PrimFunc func = spec.host.func;
  const std::size_t expected = spec.inputs.size() + spec.outputs.size() + 2 + spec.symbols.size();
  CHECK(func.params.size() == expected) << "the host function of " << spec.name << " has "
                                        << func.params.size() << " parameters, needs " << expected;
  std::vector<llvm::Type*> types;
  for (const Param& param : func.params) {
    types.push_back(value_type(state.context, dtype_of(param.var)));
  }
  auto* pointer = llvm::PointerType::get(state.context, 0);
  types.push_back(pointer);
  types.push_back(pointer);
  llvm::Function* function = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getVoidTy(state.context), types, false),
      llvm::GlobalValue::InternalLinkage, "host", state.module);
  set_function_attributes(state, function);
  FunctionEmitter emitter(state, function);
  const unsigned count = static_cast<unsigned>(func.params.size());
  for (unsigned i = 0; i < count; ++i) {
    emitter.bind(func.params[i].var, function->getArg(i));
    if (func.params[i].buffer) emitter.bind(node(func.params[i].buffer).data, function->getArg(i));
  }
  KernelCaller caller(emitter, state, spec, function->getArg(count), function->getArg(count + 1));
  emitter.context = function->getArg(count + 1);
  emitter.call_hook = [&](const std::string& name, std::vector<llvm::Value*> args) {
    return caller.call(name, std::move(args));
  };
  emitter.emit(func.body);
  emitter.finish();
  return function;
}

llvm::Function* emit_run(ModuleState& state, const LibrarySpec& spec, const RunParts& parts) {
  auto* pointer = llvm::PointerType::get(state.context, 0);
  auto* type = llvm::FunctionType::get(llvm::Type::getInt32Ty(state.context),
                                       {pointer, pointer, pointer}, false);
  llvm::Function* function =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "run", state.module);
  set_function_attributes(state, function);
  FunctionEmitter emitter(state, function);
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::Value* context = function->getArg(0);
  llvm::Value* symbols =
      emitter.stack(builder.getInt64Ty(), std::max(1, static_cast<int>(spec.symbols.size())), 8);
  llvm::Value* status = builder.CreateCall(parts.bind, {context, function->getArg(1), symbols});
  llvm::BasicBlock* bad = emitter.new_block("bad");
  llvm::BasicBlock* bound = emitter.new_block("bound");
  builder.CreateCondBr(builder.CreateICmpEQ(status, builder.getInt32(TENON_OK)), bound, bad);
  builder.SetInsertPoint(bad);
  builder.CreateRet(status);
  builder.SetInsertPoint(bound);
  bind_symbols(emitter, spec, symbols);
  SymbolValues values;
  std::vector<llvm::Value*> args;
  for (std::size_t i = 0; i < spec.symbols.size(); ++i) {
    values.values.push_back(load_field(emitter, builder.getInt64Ty(), symbols, i * 8));
    values.tensor.push_back(-1);
    values.axis.push_back(-1);
  }
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    llvm::Value* tensor = load_field(emitter, pointer, function->getArg(1), i * 8);
    llvm::Value* data = load_field(emitter, pointer, tensor, offsetof(DLTensor, data));
    llvm::Value* offset =
        load_field(emitter, builder.getInt64Ty(), tensor, offsetof(DLTensor, byte_offset));
    args.push_back(builder.CreateGEP(builder.getInt8Ty(), data, offset));
  }
  for (std::size_t i = 0; i < spec.outputs.size(); ++i) {
    const TensorCheck check{spec.outputs[i], TENON_OUTPUT_BASE + static_cast<int>(i),
                            load_field(emitter, pointer, function->getArg(2), i * 8)};
    args.push_back(emit_tensor_check(emitter, context, spec, check, values).data);
  }
  llvm::Value* workers =
      load_field(emitter, builder.getInt32Ty(), context, offsetof(TenonContextV1, num_workers));
  llvm::Value* size = builder.CreateCall(parts.arena_size, {symbols, workers});
  const Arena arena = emit_arena(emitter, context, size);
  args.push_back(constants_base(state, spec));
  args.push_back(arena.pointer);
  for (std::size_t i = 0; i < spec.symbols.size(); ++i) {
    const unsigned at = static_cast<unsigned>(args.size());
    args.push_back(
        builder.CreateIntCast(values.values[i], parts.host->getArg(at)->getType(), true));
  }
  llvm::Value* behind =
      spec.host.arena_bytes ? emit_int64(emitter, spec.host.arena_bytes) : builder.getInt64(0);
  args.push_back(builder.CreateGEP(builder.getInt8Ty(), arena.pointer, behind));
  args.push_back(context);
  builder.CreateCall(parts.host, args);
  emit_release(emitter, context, arena.owned);
  builder.CreateRet(builder.getInt32(TENON_OK));
  return function;
}

}  // namespace tenon::codegen
