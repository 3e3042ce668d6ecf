// The graph passes, in the order of the pipeline (compiler/passes/relax/pipelines.cc). Each is a
// function from a module to a module that computes the same; a module of straight-line functions
// is needed (UserError names the construct otherwise).
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

// Runs a definition on constant tensors. Given by the caller, so that passes need no code
// generator.
using Evaluate = std::function<TensorRef(
    const tir::PrimFunc& func, const std::vector<TensorRef>& args, const TensorData& result_type)>;

// Calls whose arguments are all constants -> the constant they compute.
Module fold_constants(const Module& module, const Evaluate& evaluate);
// conv2d -> multiply / add by constants of one value a channel: into weight and bias.
Module fold_scale(const Module& module);
// identity, x + 0, x * 1, reshape of reshape, permute of permute, cast of cast, single concat.
Module simplify_algebra(const Module& module);
// Equal pure calls of equal arguments -> one.
Module eliminate_common_subexpressions(const Module& module);
// Bindings that nothing uses, and private functions that no public one leads to.
Module remove_dead_code(const Module& module);
// Channel-blocked layouts for convolutions and what lies between them; see the file's head.
Module plan_layout(const Module& module, int vector_lanes);
// Results that are parameters, constants, or the same bytes as an earlier result are copied.
Module copy_outputs(const Module& module);
// Operators -> call_tir of their definitions, one function for each group of fuse_groups.
Module lower_and_fuse(const Module& module);

struct GraphPass {
  std::string name;
  std::function<Module(const Module&)> run;
};
struct GraphOptions {
  int vector_lanes = 8;  // of float32 on the target
  Evaluate evaluate;
};
// The passes from an imported module to call_tir form, in order.
std::vector<GraphPass> graph_pipeline(const GraphOptions& options);

}  // namespace tenon::relax
