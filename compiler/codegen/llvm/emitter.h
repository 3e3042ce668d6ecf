// Turns flat TensorIR into LLVM IR, one function at a time. Internal to this folder: it is the only
// header here that shows LLVM types.
//
// The code says everything already: vectors are vectors, register tiles are allocas with constant
// indices, addresses are a dynamic base plus a constant. LLVM promotes, selects and allocates.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/target/target.h"
#include "compiler/tir/stmt.h"

namespace tenon::codegen {

// What all functions of a module share.
struct ModuleState {
  llvm::LLVMContext& context;
  llvm::Module& module;
  const Target& target;
  std::map<std::string, llvm::Function*> functions;  // callable by T.call_extern
};

// Types. bool is i1 as a value and i8 in memory; bfloat16 is i16. Throws UserError for element
// types without arithmetic here.
llvm::Type* value_type(llvm::LLVMContext& context, DataType type);
llvm::Type* memory_type(llvm::LLVMContext& context, DataType type);

// The LLVM function of a flat PrimFunc, declared with its attributes and entered in
// state.functions. Tensors are noalias; those never written are readonly.
llvm::Function* declare_function(ModuleState& state, const std::string& name,
                                 const tir::PrimFunc& func);
void define_function(ModuleState& state, llvm::Function* function, const tir::PrimFunc& func);
// nounwind, no-builtins, processor and features: on every function that is defined.
void set_function_attributes(ModuleState& state, llvm::Function* function);

class FunctionEmitter {
 public:
  // Starts with an empty entry block in `function`.
  FunctionEmitter(ModuleState& state, llvm::Function* function);

  llvm::IRBuilder<>& builder() { return builder_; }
  // Says what a variable is; for a tensor pointer the data variable of its buffers.
  void bind(const tir::Expr& var, llvm::Value* value) { values_[var.id()] = value; }
  llvm::Value* emit(const tir::Expr& e);
  void emit(const tir::Stmt& s);
  // Ends the function with `ret void` when its last block is open.
  void finish();
  llvm::BasicBlock* new_block(const char* name);
  // An alloca in the entry block.
  llvm::AllocaInst* stack(llvm::Type* type, int count, int alignment);

  // Called in place of calls by name, with the callee's name and the emitted arguments; gives null
  // to decline. For the host function, which adds what kernels need besides.
  std::function<llvm::Value*(const std::string&, std::vector<llvm::Value*>)> call_hook;
  llvm::Value* context = nullptr;  // the TenonContextV1 pointer, for parallel loops

 private:
  struct Address {
    llvm::Value* pointer = nullptr;
    llvm::Align alignment;
  };
  struct Loop {
    llvm::BasicBlock* continue_block = nullptr;
    llvm::BasicBlock* exit = nullptr;
  };

  // emit_expr.cc
  llvm::Value* variable(const tir::Expr& e);
  llvm::Value* binary(const tir::Binary& n);
  llvm::Value* float_binary(const tir::Binary& n);
  llvm::Value* float_sum(const tir::Binary& n);
  llvm::Value* integer_binary(const tir::Binary& n);
  llvm::Value* compare(const tir::Binary& n);
  llvm::Value* floor_divide(const tir::Binary& n);
  llvm::Value* cast(DataType from, DataType to, llvm::Value* value);
  llvm::Value* select(const tir::Select& n);
  llvm::Value* ramp(const tir::Ramp& n);
  llvm::Value* shuffle(const tir::Shuffle& n);
  llvm::Value* splat(llvm::Value* value, const tir::Expr& lanes);
  llvm::Value* float_constant(DataType type, double value);
  llvm::Value* widen_bf16(llvm::Value* value);
  llvm::Value* narrow_bf16(llvm::Value* value);
  llvm::Value* narrow_to_odd(llvm::Value* value);
  llvm::Value* arithmetic(const tir::Expr& e);  // emitted; bfloat16 as float

  // emit_memory.cc
  llvm::Value* load(const tir::Load& n);
  llvm::Value* gather(const tir::Load& n, int lanes);
  void store(const tir::Store& n);
  void scatter(const tir::Store& n, llvm::Value* value, int lanes);
  Address address(const tir::Buffer& buffer, const tir::Expr& index);
  llvm::Value* pointer_of(const tir::Expr& e);
  std::int64_t known_factor(const tir::Expr& e);
  llvm::Value* to_memory(DataType type, llvm::Value* value);
  llvm::Value* from_memory(DataType type, llvm::Value* value);

  // emit_call.cc
  llvm::Value* call(const tir::Call& n);
  llvm::Value* unary_math(const tir::Call& n);
  llvm::Value* bit_operation(const tir::Call& n);
  llvm::Value* vector_operation(const tir::Call& n);
  llvm::Value* if_then_else(const tir::Call& n);
  llvm::Value* lane_reduce(const tir::Call& n);
  llvm::Value* call_by_name(const tir::Call& n);
  llvm::Value* call_llvm(const tir::Call& n);
  void prefetch(const tir::Call& n);

  // emit_parallel.cc: T.call_extern("tenon_parallel_for", body, num_chunks, captured...)
  void parallel_for(const tir::Call& n);

  // emit_stmt.cc
  void emit_for(const tir::For& n);
  void emit_if(const tir::If& n);
  void emit_while(const tir::While& n);
  void allocate(const tir::AllocBuffer& n);
  void loop_once(const tir::For& n);

  ModuleState& state_;
  llvm::Function* function_;
  llvm::IRBuilder<> builder_;
  std::map<const void*, llvm::Value*> values_;
  std::map<const void*, std::int64_t> factors_;  // powers of two known to divide a variable
  std::vector<Loop> loops_;
  int index_depth_ = 0;  // > 0 inside an index: sums cannot wrap
};

// index = dynamic + constant; dynamic may be null.
struct SplitIndex {
  tir::Expr dynamic;
  std::int64_t constant = 0;
};
SplitIndex split_index(const tir::Expr& index);
// One index over memory from one a dimension, as int64, without the buffer's elem_offset.
tir::Expr linear_index(const tir::BufferNode& buffer, const std::vector<tir::Expr>& indices);

// The name that lowering gives the call that runs a parallel loop.
inline constexpr const char* kParallelFor = "tenon_parallel_for";

}  // namespace tenon::codegen
