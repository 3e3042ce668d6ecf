// Parallel loops: T.call_extern("tenon_parallel_for", "body", num_chunks, captured...).
//
// The captured values go to a closure on the caller's stack. A wrapper with the signature of
// TenonChunkFn loads them and calls the body, whose tensor parameters are noalias, so the body's
// code equals the serial one. Without a parallel_for in the context, the wrapper runs all chunks.
#include <cstddef>

#include "compiler/codegen/llvm/emitter.h"
#include "compiler/runtime/tenon_model.h"
#include "compiler/support/error.h"

namespace tenon::codegen {

using namespace tir;

namespace {

llvm::FunctionType* chunk_type(llvm::LLVMContext& context) {
  auto* pointer = llvm::PointerType::get(context, 0);
  auto* word = llvm::Type::getInt64Ty(context);
  return llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                 {pointer, word, word, llvm::Type::getInt32Ty(context)}, false);
}

// void wrapper(closure, begin, end, worker): body(captured..., begin, end, worker).
llvm::Function* make_wrapper(ModuleState& state, llvm::Function* body, llvm::StructType* closure) {
  auto* wrapper =
      llvm::Function::Create(chunk_type(state.context), llvm::GlobalValue::InternalLinkage,
                             body->getName().str() + "_chunks", state.module);
  set_function_attributes(state, wrapper);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(state.context, "entry", wrapper));
  std::vector<llvm::Value*> args;
  for (unsigned i = 0; i < closure->getNumElements(); ++i) {
    llvm::Value* at = builder.CreateStructGEP(closure, wrapper->getArg(0), i);
    args.push_back(builder.CreateLoad(closure->getElementType(i), at));
  }
  args.push_back(wrapper->getArg(1));
  args.push_back(wrapper->getArg(2));
  args.push_back(builder.CreateSExt(wrapper->getArg(3), builder.getInt64Ty()));
  builder.CreateCall(body, args);
  builder.CreateRetVoid();
  return wrapper;
}

}  // namespace

void FunctionEmitter::parallel_for(const Call& n) {
  CHECK(n.args.size() >= 3 && n.args[1].as<StringImm>()) << "malformed parallel loop";
  CHECK(context != nullptr) << "a parallel loop in a function without a context";
  const auto it = state_.functions.find(n.args[1].as<StringImm>()->value);
  CHECK(it != state_.functions.end()) << "unknown body of a parallel loop";
  llvm::Value* num_chunks = builder_.CreateIntCast(emit(n.args[2]), builder_.getInt64Ty(), true);
  std::vector<llvm::Value*> captured;
  std::vector<llvm::Type*> types;
  for (std::size_t i = 3; i < n.args.size(); ++i) {
    const bool is_pointer = dtype_of(n.args[i]).is_handle();
    captured.push_back(is_pointer ? pointer_of(n.args[i]) : emit(n.args[i]));
    types.push_back(captured.back()->getType());
  }
  auto* closure_type = llvm::StructType::get(state_.context, types);
  llvm::Function* wrapper = make_wrapper(state_, it->second, closure_type);
  llvm::Value* closure = stack(closure_type, 1, 16);
  for (unsigned i = 0; i < captured.size(); ++i) {
    builder_.CreateStore(captured[i], builder_.CreateStructGEP(closure_type, closure, i));
  }
  auto* pointer = builder_.getPtrTy();
  llvm::Value* at = builder_.CreateGEP(builder_.getInt8Ty(), context,
                                       builder_.getInt64(offsetof(TenonContextV1, parallel_for)));
  llvm::Value* run = builder_.CreateLoad(pointer, at);
  llvm::BasicBlock* threads = new_block("threads");
  llvm::BasicBlock* alone = new_block("alone");
  llvm::BasicBlock* join = new_block("join");
  builder_.CreateCondBr(builder_.CreateIsNull(run), alone, threads);
  builder_.SetInsertPoint(alone);
  builder_.CreateCall(wrapper, {closure, builder_.getInt64(0), num_chunks, builder_.getInt32(0)});
  builder_.CreateBr(join);
  builder_.SetInsertPoint(threads);
  auto* run_type = llvm::FunctionType::get(
      builder_.getVoidTy(), {pointer, builder_.getInt64Ty(), pointer, pointer}, false);
  builder_.CreateCall(run_type, run, {context, num_chunks, wrapper, closure});
  builder_.CreateBr(join);
  builder_.SetInsertPoint(join);
}

}  // namespace tenon::codegen
