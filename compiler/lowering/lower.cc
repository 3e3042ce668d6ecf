#include "compiler/lowering/lower.h"

#include <algorithm>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/shape_symbols.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

struct Stage {
  const char* name;
  std::function<PrimFunc(const PrimFunc&)> run;
};

// Everything from blocks to flat statements, in order.
std::vector<Stage> stages(const Target& target) {
  return {
      {"lower_match_buffers", lower_match_buffers},
      {"lower_init", lower_init},
      {"place_buffers", place_buffers},
      {"bind_block_vars", bind_block_vars},
      {"compact_buffers", compact_buffers},
      {"drop_blocks", drop_blocks},
      {"simplify", [](const PrimFunc& f) { return simplify(f); }},
      {"partition_loops", partition_loops},
      {"flatten_buffers", flatten_buffers},
      {"simplify_flat", [](const PrimFunc& f) { return simplify(f); }},
      {"vectorize", [&target](const PrimFunc& f) { return vectorize(f, target); }},
      {"expand_math", expand_math},
      {"unroll", unroll},
      {"registers", registers},
      {"prefetch", prefetch},
      {"addresses", addresses},
  };
}

// Variables of parameter shapes that are no parameters become int64 parameters.
PrimFunc with_symbol_params(const PrimFunc& func, std::vector<Expr>& symbols) {
  PrimFunc result = func;
  VarMap wide;
  for (const Expr& v : shape_symbols(func)) {
    const bool is_param = std::any_of(func.params.begin(), func.params.end(),
                                      [&](const Param& p) { return p.var.same_as(v); });
    if (is_param) continue;
    symbols.push_back(v);
    const Expr value = make_var(var(v).name, kInt64);
    result.params.push_back({value, {}});
    wide[v] = value;
  }
  if (wide.empty()) return result;
  std::vector<Stmt> list;
  for (const Expr& v : symbols) list.push_back(Bind{v, cast(dtype_of(v), wide[v])});
  list.push_back(func.body);
  result.body = seq(std::move(list));
  return result;
}

}  // namespace

LoweredKernel lower(const std::string& name, const PrimFunc& scheduled, const Target& target,
                    const LowerOptions& options) {
  LoweredKernel kernel;
  kernel.name = name;
  PrimFunc func = scheduled;
  const auto observe = [&](const char* pass) {
    if (options.observe) options.observe(pass, func);
  };
  for (const Stage& stage : stages(target)) {
    func = stage.run(func);
    observe(stage.name);
  }
  if (options.refuses_slow_tiles) verify_tiles(func, target);
  func = with_symbol_params(func, kernel.symbols);
  const WorkspacePlan plan = plan_workspace(func);
  func = plan.func;
  observe("plan_workspace");
  kernel.workspace_bytes = plan.shared_bytes;
  kernel.symbolic_workspace_bytes = plan.symbolic_bytes;
  kernel.workspace_bytes_per_worker = plan.bytes_per_worker;
  OutlinedFunctions outlined = outline_parallel(func, name, plan.worker);
  func = outlined.func;
  observe("outline_parallel");
  kernel.functions.push_back({name, func});
  for (auto& [body_name, body] : outlined.bodies) {
    if (options.observe) options.observe(body_name, body);
    kernel.functions.push_back({body_name, body});
  }
  return kernel;
}

}  // namespace tenon
