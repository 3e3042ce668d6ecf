#include "compiler/schedule/analysis/independent.h"

#include "compiler/schedule/analysis/block_info.h"

namespace tenon {

using namespace tir;

namespace {

void check_block(const Schedule& schedule, const Site& block, const Expr& loop_var,
                 ReduceIters reduce, const std::string& what) {
  if (!has_affine_binding_turned(block)) check_affine_binding(schedule, block, what);
  for (const IterVar& iter : block.block().iter_vars) {
    if (!uses_var(iter.binding, loop_var)) continue;
    if (iter.kind == IterKind::kSpatial) continue;
    if (iter.kind == IterKind::kReduce && reduce == ReduceIters::kAllowed) continue;
    schedule_error(schedule, block,
                   what + ": iter " + var(iter.var).name + " of block " + block.block().name +
                       " follows loop " + var(loop_var).name + " and is not spatial");
  }
}

}  // namespace

void check_independent(const Schedule& schedule, const Site& loop, ReduceIters reduce,
                       const std::string& what) {
  check_stage_pipeline(schedule, cut(loop, scope_index(schedule, loop, what)), what);
  check_compact_dataflow(schedule, loop, what);
  each_stmt(loop.stmt(), [&](const Stmt& s) {
    if (is_block(s)) check_block(schedule, child_site(loop, s), loop.loop().var, reduce, what);
    return true;
  });
}

Schedule with_loop_kind(const Schedule& schedule, const Site& site, ForKind kind,
                        const std::string& thread_tag) {
  For loop = site.loop();
  loop.kind = kind;
  loop.thread_tag = thread_tag;
  return replace(schedule, site, loop);
}

}  // namespace tenon
