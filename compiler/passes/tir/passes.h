// The lowering passes of TensorIR for processors, in the order in which they run. Each is one file
// and one function; compiler/lowering/pipeline.cc is the list. Each result is legal TensorIR with
// the same meaning.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/target/target.h"
#include "compiler/tir/stmt.h"

namespace tenon {

// Blocks marked `constant` or meta_schedule.layout_rewrite_preproc move to a function of their own,
// to be run once when a model is compiled: its parameters are the layout-free parameters it reads,
// then what it makes. What it makes becomes the last parameters of `func`; parameters that only it
// read are gone. Needs a schedulable function. Throws UserError for a marked block that reads
// anything but layout-free parameters and such constants.
struct ConstantSplit {
  tir::PrimFunc func;
  std::optional<tir::PrimFunc> constants;  // nothing: no block is marked
};
ConstantSplit split_constants(const tir::PrimFunc& func);

// Reduction blocks' init becomes a store guarded by "every reduction iterator is at its first
// value". After it no block has an init.
tir::PrimFunc lower_init(const tir::PrimFunc& func);

// Accesses of match_buffer views become accesses of the buffers they show.
tir::PrimFunc lower_match_buffers(const tir::PrimFunc& func);

// Each buffer that a block allocates is allocated in the lowest loop body that holds all accesses
// and carries no value from one iteration to the next.
tir::PrimFunc place_buffers(const tir::PrimFunc& func);

// Block iterators are replaced by their bindings.
tir::PrimFunc bind_block_vars(const tir::PrimFunc& func);

// Each allocated buffer shrinks to the region that is touched below its allocation; indices become
// relative to it. buffer_dim_align gives strides.
tir::PrimFunc compact_buffers(const tir::PrimFunc& func);

// Blocks become their statements; predicates become `if`.
tir::PrimFunc drop_blocks(const tir::PrimFunc& func);

// Canonical indices and conditions under the loops and conditions around them; loops of one trip
// and decided branches disappear.
tir::PrimFunc simplify(const tir::PrimFunc& func);

// Loops marked `tails = "copies"` or pragma_loop_partition_hint are cut where a condition on their
// variable becomes constant, so that the main copy has no condition. A large body that would become
// more than four copies gets two versions behind an `if` instead: without conditions, and as it is.
tir::PrimFunc partition_loops(const tir::PrimFunc& func);

// One-dimensional buffers and int64 indices; loop variables become int64.
tir::PrimFunc flatten_buffers(const tir::PrimFunc& func);

// Vectorized loops become vector loads, stores and arithmetic of the target's widths; conditions on
// the lane become masks. Throws UserError where a loop cannot be a vector.
tir::PrimFunc vectorize(const tir::PrimFunc& func, const Target& target);

// exp, log, tanh and their like become polynomials of arithmetic that every target has.
tir::PrimFunc expand_math(const tir::PrimFunc& func);

// Unrolled loops become their copies, with indices in canonical form.
tir::PrimFunc unroll(const tir::PrimFunc& func);

// `local` buffers: proves that every index is constant, gives them vector elements. Throws
// UserError for a tile with an index that is not constant.
tir::PrimFunc registers(const tir::PrimFunc& func);

// Loops with the annotation prefetch = [[read, distance, locality], ...] ask for memory ahead.
tir::PrimFunc prefetch(const tir::PrimFunc& func);

// Indices become a base, bound in the loop where it changes, plus a constant.
tir::PrimFunc addresses(const tir::PrimFunc& func);

// Refuses (UserError) flat code whose register tiles hold a condition or, by estimate, more live
// vectors than the target has registers: such a candidate is slow, whatever LLVM makes of it.
void verify_tiles(const tir::PrimFunc& func, const Target& target);

// Allocations of scope `global` become places in one workspace (last parameter but one).
struct WorkspacePlan {
  tir::PrimFunc func;
  std::int64_t shared_bytes = 0;
  std::int64_t bytes_per_worker = 0;
  tir::Expr symbolic_bytes;  // of buffers whose size depends on symbols, behind the shared ones
  tir::Expr worker;          // variable of the worker's number, used inside parallel loops
};
WorkspacePlan plan_workspace(const tir::PrimFunc& func);

// Bodies of parallel loops become functions; the loop becomes a call of tenon_parallel_for.
struct OutlinedFunctions {
  tir::PrimFunc func;
  std::vector<std::pair<std::string, tir::PrimFunc>> bodies;
};
OutlinedFunctions outline_parallel(const tir::PrimFunc& func, const std::string& name,
                                   const tir::Expr& worker);

}  // namespace tenon
