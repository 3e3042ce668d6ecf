#include "compiler/passes/relax/passes.h"

namespace tenon::relax {

std::vector<GraphPass> graph_pipeline(const GraphOptions& options) {
  const auto fold = [evaluate = options.evaluate](const Module& m) {
    return fold_constants(m, evaluate);
  };
  return {
      {"fold_constants", fold},
      {"simplify_algebra", simplify_algebra},
      {"fold_scale", fold_scale},
      {"eliminate_common_subexpressions", eliminate_common_subexpressions},
      {"remove_dead_code", remove_dead_code},
      {"plan_layout",
       [lanes = options.vector_lanes](const Module& m) { return plan_layout(m, lanes); }},
      {"fold_constants_of_layout", fold},
      {"simplify_after_layout", simplify_algebra},
      {"eliminate_common_subexpressions_after_layout", eliminate_common_subexpressions},
      {"remove_dead_code_after_layout", remove_dead_code},
      {"copy_outputs", copy_outputs},
      {"lower_and_fuse", lower_and_fuse},
  };
}

}  // namespace tenon::relax
