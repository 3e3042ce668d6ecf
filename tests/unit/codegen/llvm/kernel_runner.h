// Compiles one TensorIR function as a measured candidate would be and runs it on tensors.
#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/llvm/library.h"
#include "compiler/runtime/library.h"
#include "compiler/runtime/nd_array.h"
#include "compiler/target/target.h"
#include "compiler/tir/interpret.h"
#include "compiler/tir/stmt.h"

namespace tenon {

class KernelRunner {
 public:
  KernelRunner(const tir::PrimFunc& scheduled, const Target& target);

  const Library& library() const { return library_; }
  const LoweredKernel& kernel() const { return kernel_; }
  std::string assembly() const { return emit_assembly({kernel_}, target_); }

  // One array a tensor parameter, in parameter order; written ones change. Throws UserError with
  // the library's error text.
  void run(std::vector<NdArray>& tensors, int num_workers = 1) const;
  // The same for the interpreter's tensors.
  void run(std::vector<tir::Tensor>& tensors, int num_workers = 1) const;

 private:
  Target target_;
  LoweredKernel kernel_;
  Library library_;
  std::vector<bool> is_output_;  // of each tensor parameter
};

DLDataType dl_dtype_of(DataType type);

// "" when compiled code and interpreter agree on random inputs within `tolerance`, else where not.
std::string difference_when_compiled(const tir::PrimFunc& func, const Target& target,
                                     double tolerance, std::uint64_t seed = 1);

// The file's text below the repository root's sibling ../shared, or "" when there is none.
std::string shared_file(const std::string& path);

}  // namespace tenon
