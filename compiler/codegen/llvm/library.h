// A compiled library: kernels, a host function and constants become one shared object that exports
// tenon_model_v1 (compiler/runtime/tenon_model.h) and needs nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lowering/lower.h"
#include "compiler/target/target.h"
#include "compiler/tir/stmt.h"

namespace tenon {

// Changes whenever the same input gives other machine code. Part of every artifact key.
inline constexpr int kCodegenVersion = 1;
// "LLVM 19.1.7"
std::string codegen_backend_version();

// A symbolic dimension of the model: `var` is an int64 variable.
struct SymbolSpec {
  tir::Expr var;
  std::int64_t min = 1;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t divisor = 1;
};

// dims: IntImm, a symbol's variable, or an int64 expression of symbols. An input's expression that
// is neither a variable nor variable * constant is checked, not solved: every symbol must be such a
// dimension of some input.
struct TensorSpec {
  std::string name;
  DataType dtype;
  std::vector<tir::Expr> dims;
  std::uint32_t flags = 0;  // TENON_TENSOR_*
  std::uint32_t alignment = 64;
};

struct KernelSpec {
  LoweredKernel kernel;
  std::string workload;  // hex SHA-256, or empty
  std::int64_t flops = -1;
  std::int64_t bytes = -1;
};

// The host function: parameters are the data pointers of inputs, then of outputs, then the pointer
// of the constants, then of the arena, then the symbols (int64 variables of its own, in the order
// of LibrarySpec::symbols). Its body calls kernels by
//   T.call_extern("kernel", pointers and scalars as in the kernel's parameters)
// without the last two (workspace, context), which code generation adds. Pointers are variables or
// T.address_of(load).
struct HostSpec {
  tir::PrimFunc func;
  tir::Expr arena_bytes;  // int64 expression of LibrarySpec::symbols' variables; a multiple of 64
};

// Bytes of one constant; they must outlive the call that builds the library.
using ConstantBytes = std::string_view;

struct LibrarySpec {
  std::string name;
  std::string producer = "tenon";
  Target target;
  std::vector<TensorSpec> inputs, outputs;
  std::vector<SymbolSpec> symbols;
  std::vector<KernelSpec> kernels;
  HostSpec host;
  std::vector<ConstantBytes> constants;
};

// Where each constant lies behind the constants pointer: multiples of 64.
std::vector<std::int64_t> constant_offsets(const std::vector<ConstantBytes>& constants);

// The library of one kernel for measuring: tensors that the kernel writes are outputs, the others
// inputs, both in parameter order; shape variables are symbols. `scheduled` is the function that
// was lowered (its parameters carry the shapes).
LibrarySpec candidate_library(const tir::PrimFunc& scheduled, const LoweredKernel& kernel,
                              const Target& target);

// The bytes of the shared object. Same input, same bytes. Thread-safe; links take turns.
std::string build_library(const LibrarySpec& spec);
// The same written to `path` (replaced), without holding the bytes: for libraries with weights.
void build_library(const LibrarySpec& spec, const std::string& path);

// For tests and --emit: the code of the kernels alone.
std::string emit_assembly(const std::vector<LoweredKernel>& kernels, const Target& target);
std::string emit_llvm_ir(const std::vector<LoweredKernel>& kernels, const Target& target);

}  // namespace tenon
