// TensorIR functions run in this process: compiled with plain loops for this machine when there is
// enough to do, else interpreted. For constants at compile time and for --verify.
//
// Both ways compute the same bits: contraction into fused multiply-adds is part of the function's
// meaning, so machines without such instructions only interpret.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/relax/interpret.h"
#include "compiler/runtime/library.h"
#include "compiler/runtime/nd_array.h"
#include "compiler/support/files.h"

namespace tenon {

// Iterations of the blocks of a function for these arguments: what an interpreter has to do.
std::int64_t count_points(const relax::KernelCall& call);

// Not for sharing between threads. Keeps every library it made until it ends.
class PlainKernels {
 public:
  // Functions with fewer points than `min_points` are interpreted.
  explicit PlainKernels(std::int64_t min_points = 1 << 14) : min_points_(min_points) {}
  PlainKernels(const PlainKernels&) = delete;
  PlainKernels& operator=(const PlainKernels&) = delete;

  // A relax::KernelRunner. Throws UserError when the function cannot be compiled or run.
  std::vector<relax::TensorRef> run(const relax::KernelCall& call);
  int num_compiled() const { return static_cast<int>(libraries_.size()); }

 private:
  bool is_worth_compiling(const relax::KernelCall& call) const;
  const Library& library_of(const tir::PrimFunc& func);

  std::int64_t min_points_;
  std::unique_ptr<TempDir> folder_;           // made when first needed
  std::map<std::string, Library> libraries_;  // by workload hash
};

// The result of an operator's definition on constants: relax::Evaluate.
relax::TensorRef evaluate_constant(PlainKernels& kernels, const tir::PrimFunc& func,
                                   const std::vector<relax::TensorRef>& args,
                                   const relax::TensorData& result_type);

// A tensor as the runtime sees it, over the same memory; it must only be read.
NdArray array_over(const relax::TensorRef& tensor);
// A tensor over an array's memory, which it keeps alive.
relax::TensorRef tensor_of(NdArray array, DataType dtype);

}  // namespace tenon
