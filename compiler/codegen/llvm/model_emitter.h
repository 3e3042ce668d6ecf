// The parts of a library that are not kernels: the descriptor struct and its functions (bind,
// output_shape, arena_size, run), as compiler/runtime/tenon_model.h defines them. Internal.
#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/llvm/emitter.h"
#include "compiler/codegen/llvm/library.h"

namespace tenon::codegen {

inline constexpr const char* kConstantsSymbol = "tenon_constants";

// The symbol that kernel number `index` has in its object: hidden in the library.
std::string kernel_symbol(std::size_t index);

// Dimensions that are neither constants nor plain symbols, in the order of their numbers.
struct Expressions {
  std::vector<tir::Expr> list;
  // The number in TenonTensorV1::dims for this dimension.
  std::int64_t dim_code(const LibrarySpec& spec, const tir::Expr& dim);
};

// A check that fails writes context->error and returns its code from the function under emission.
struct Failure {
  int code = 0;
  int tensor = -1;
  int axis = -1;
  int other_tensor = -1;
  int other_axis = -1;
  llvm::Value* expected = nullptr;  // i64, or null for 0
  llvm::Value* found = nullptr;
  std::string message = {};
};
void emit_require(FunctionEmitter& emitter, llvm::Value* context, llvm::Value* ok,
                  const Failure& failure);

// Fields of a DLTensor.
struct TensorFields {
  llvm::Value* data = nullptr;  // with byte_offset added
  llvm::Value* raw_data = nullptr;
  llvm::Value* shape = nullptr;
};
// Checks one tensor against its descriptor. `dims` are the expected sizes, null where the symbol
// is not bound yet: then it is bound to the found size and checked against its bounds.
struct TensorCheck {
  const TensorSpec& tensor;
  int number;  // as TenonErrorV1::tensor counts
  llvm::Value* pointer;
};
struct SymbolValues {
  std::vector<llvm::Value*> values;  // null: not bound yet
  std::vector<int> tensor, axis;     // where a value came from
};
TensorFields emit_tensor_check(FunctionEmitter& emitter, llvm::Value* context,
                               const LibrarySpec& spec, const TensorCheck& check,
                               SymbolValues& symbols);

// int32_t bind(context, inputs, symbols), and so on; each is internal to the module.
llvm::Function* emit_bind(ModuleState& state, const LibrarySpec& spec);
llvm::Function* emit_output_shape(ModuleState& state, const LibrarySpec& spec);
llvm::Function* emit_arena_size(ModuleState& state, const LibrarySpec& spec);
llvm::Function* emit_host(ModuleState& state, const LibrarySpec& spec);
struct RunParts {
  llvm::Function* bind;
  llvm::Function* arena_size;
  llvm::Function* host;
};
llvm::Function* emit_run(ModuleState& state, const LibrarySpec& spec, const RunParts& parts);

// The constant struct and the exported function that returns it.
struct ModelFunctions {
  llvm::Function* arena_size;
  llvm::Function* bind;
  llvm::Function* output_shape;
  llvm::Function* run;
};
void emit_descriptor(ModuleState& state, const LibrarySpec& spec, const ModelFunctions& functions);

// Makes the symbols' variables known to the emitter from an array of int64.
void bind_symbols(FunctionEmitter& emitter, const LibrarySpec& spec, llvm::Value* array);
// Evaluates an int64 expression of bound symbols.
llvm::Value* emit_int64(FunctionEmitter& emitter, const tir::Expr& e);
// The load of a field at a byte offset.
llvm::Value* load_field(FunctionEmitter& emitter, llvm::Type* type, llvm::Value* object,
                        std::size_t offset);

// Bytes of workspace behind the host's arena: the most that any kernel needs.
struct Workspace {
  std::int64_t shared_bytes = 0;
  std::int64_t bytes_per_worker = 0;
};
Workspace workspace_of(const LibrarySpec& spec);

}  // namespace tenon::codegen
