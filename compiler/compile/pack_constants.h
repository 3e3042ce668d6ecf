// Constants in the form that scheduled kernels read: repacked where a schedule changed a layout,
// and with the work on constants done that a schedule marked `constant`.
#pragma once
#include <string>
#include <vector>

#include "compiler/codegen/llvm/library.h"
#include "compiler/compile/memory_plan.h"
#include "compiler/compile/packing.h"
#include "compiler/compile/plain_kernel.h"

namespace tenon {

// A scheduled function without its work on constants.
struct SplitKernel {
  // Parameters: those of the scheduled function that it still reads, what `constants` makes, then
  // its result.
  tir::PrimFunc func;
  // For each parameter but the result: the scheduled function's parameter, or what is made.
  struct Source {
    bool is_made = false;
    std::size_t index = 0;
  };
  std::vector<Source> sources;
  std::optional<tir::PrimFunc> constants;    // nothing: no block was marked
  std::vector<std::size_t> constant_params;  // of the scheduled function, that `constants` reads
};
// Throws UserError for a block that is marked but reads what is no constant.
SplitKernel split_kernel(const tir::PrimFunc& scheduled);

struct PackedKernel {
  std::string function;
  const ScheduledFunction& scheduled;
  const SplitKernel& split;
};
struct PackedConstants {
  MemoryPlan plan;  // calls with the kernels' own arguments
  std::vector<relax::TensorRef> tensors;
  std::vector<ConstantBytes> bytes;  // of `tensors`; empty for one that nothing reads as it is
};
// A constant that two kernels want in different forms is kept once for each.
PackedConstants pack_constants(const MemoryPlan& plan, const std::vector<PackedKernel>& kernels,
                               PlainKernels& evaluator);

}  // namespace tenon
