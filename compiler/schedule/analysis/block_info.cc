#include "compiler/schedule/analysis/block_info.h"

#include <algorithm>

#include "compiler/arith/iter_map.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

bool overlap(const Block& block) {
  for (const BufferRegion& read : block.reads) {
    for (const BufferRegion& write : block.writes) {
      if (node(read.buffer).data.same_as(node(write.buffer).data)) return true;
    }
  }
  return false;
}

bool is_only_writer(const Stmt& stmt, const BlockScope& scope) {
  for (const BufferRegion& write : stmt.get<Block>().writes) {
    auto it = scope.writers.find(write.buffer);
    if (it == scope.writers.end() || it->second.size() != 1) return false;
  }
  return true;
}

bool reduce_iter_indexes_output(const Block& block) {
  std::vector<Expr> reduce = iters_of_kind(block, IterKind::kReduce);
  auto used_in = [&](const Expr& e) {
    return std::any_of(reduce.begin(), reduce.end(), [&](const Expr& v) { return uses_var(e, v); });
  };
  bool found = false;
  Visitor visitor;
  visitor.stmt = [&](const Stmt& s) {
    if (const auto* write = s.as<Store>()) {
      for (const Expr& index : write->indices) found |= used_in(index);
    }
    return !found;
  };
  visitor.expr = [](const Expr&) { return false; };
  for (const BufferRegion& write : block.writes) {
    for (const Range& range : write.region) found |= used_in(range.min) || used_in(range.extent);
  }
  walk(block.body, visitor);
  return found;
}

std::vector<BufferRegion> unbound(const std::vector<BufferRegion>& regions, const VarMap& map) {
  std::vector<BufferRegion> result = regions;
  for (BufferRegion& region : result) {
    for (Range& range : region.region) {
      range = {substitute(range.min, map), substitute(range.extent, map)};
    }
  }
  return result;
}

Site scope_of(const Schedule& schedule, const Site& block, const std::string& what) {
  return cut(block, scope_index(schedule, block, what));
}

}  // namespace

namespace {

// Bindings with loops that run backwards in them (62 - 2 * i + j) in terms of forward ones, which
// take the same values.
std::vector<Expr> forward(const std::vector<Expr>& bindings, const RangeMap& loops,
                          Analyzer& analyzer) {
  std::vector<Expr> result = bindings;
  for (const auto& [loop_var, range] : loops) {
    Expr one = int_imm(dtype_of(loop_var), 1);
    for (std::size_t i = 0; i < bindings.size(); ++i) {
      if (!uses_var(bindings[i], loop_var)) continue;
      Expr next = substitute(bindings[i], {{loop_var, loop_var + one}});
      auto step = as_int(analyzer.simplify(next - bindings[i]));
      if (!step || *step >= 0) continue;
      VarMap turned{{loop_var, range.min + range.min + range.extent - one - loop_var}};
      for (Expr& binding : result) binding = analyzer.simplify(substitute(binding, turned));
      break;
    }
  }
  return result;
}

std::optional<std::string> why_not_affine(const Block& block, const std::vector<Expr>& bindings,
                                          const RangeMap& loops) {
  if (bindings.empty() || loops.empty()) return std::nullopt;
  Analyzer analyzer;
  IterMapResult map = detect_iter_map(bindings, loops, block.predicate, analyzer,
                                      {IterMapLevel::kSurjective, /*simplify_trivial=*/false});
  if (!map) return map.error;
  for (std::size_t i = 0; i < map.indices.size(); ++i) {
    const IterSum& sum = map.indices[i];
    if (sum.args.empty() || is_int(sum.args.front().scale, 1)) continue;
    return "iter " + var(block.iter_vars[i].var).name + " takes only every other value";
  }
  return std::nullopt;
}

std::vector<Expr> bindings_in_order(const Block& block) {
  std::vector<Expr> bindings;
  for (const IterVar& iter : block.iter_vars) bindings.push_back(iter.binding);
  return bindings;
}

}  // namespace

std::optional<std::string> why_not_affine(const Site& site) {
  return why_not_affine(site.block(), bindings_in_order(site.block()),
                        ranges_of(loops_above(site)));
}

bool has_affine_binding_turned(const Site& site) {
  if (has_affine_binding(site)) return true;
  if (!is_int(site.block().predicate, 1)) return false;
  RangeMap loops = ranges_of(loops_above(site));
  Analyzer analyzer;
  std::vector<Expr> turned = forward(bindings_in_order(site.block()), loops, analyzer);
  return !why_not_affine(site.block(), turned, loops);
}

bool has_affine_binding(const Site& site) { return !why_not_affine(site); }

bool has_trivial_binding(const Block& block) {
  return std::all_of(block.iter_vars.begin(), block.iter_vars.end(), [](const IterVar& iter) {
    return iter.binding.as<Var>() || as_int(iter.binding);
  });
}

std::vector<Expr> iters_of_kind(const Block& block, IterKind kind) {
  std::vector<Expr> found;
  for (const IterVar& iter : block.iter_vars) {
    if (iter.kind == kind) found.push_back(iter.var);
  }
  return found;
}

bool has_only_spatial_iters(const Block& block) {
  return std::all_of(block.iter_vars.begin(), block.iter_vars.end(),
                     [](const IterVar& iter) { return iter.kind == IterKind::kSpatial; });
}

bool has_only_spatial_and_reduce_iters(const Block& block) {
  return std::all_of(block.iter_vars.begin(), block.iter_vars.end(), [](const IterVar& iter) {
    return iter.kind == IterKind::kSpatial || iter.kind == IterKind::kReduce;
  });
}

std::optional<std::string> why_not_complete(const Site& site, const BlockScope& scope) {
  const Block& block = site.block();
  if (!has_only_spatial_iters(block)) return "not all of its iters are spatial";
  if (!is_only_writer(site.stmt(), scope)) return "another block writes the same buffer";
  if (overlap(block)) return "it reads the buffer it writes";
  return std::nullopt;
}

std::optional<std::string> why_not_reduction(const Site& site, const BlockScope& scope) {
  const Block& block = site.block();
  if (!block.init) return "it has no init";
  if (!has_affine_binding(site)) return "its bindings are not affine";
  if (!has_only_spatial_and_reduce_iters(block)) return "it has iters neither spatial nor reduce";
  if (!is_only_writer(site.stmt(), scope)) return "another block writes the same buffer";
  if (reduce_iter_indexes_output(block)) return "a reduce iter indexes what it writes";
  return std::nullopt;
}

bool is_complete(const Site& block, const BlockScope& scope) {
  return !why_not_complete(block, scope);
}
bool is_reduction(const Site& block, const BlockScope& scope) {
  return !why_not_reduction(block, scope);
}

VarMap bindings_of(const Block& block) {
  VarMap map;
  for (const IterVar& iter : block.iter_vars) map[iter.var] = iter.binding;
  return map;
}

std::vector<BufferRegion> unbound_reads(const Block& block) {
  return unbound(block.reads, bindings_of(block));
}
std::vector<BufferRegion> unbound_writes(const Block& block) {
  return unbound(block.writes, bindings_of(block));
}

void check_stage_pipeline(const Schedule& schedule, const Site& scope_site,
                          const std::string& what) {
  if (auto why = why_not_stage_pipeline(scope_site)) {
    schedule_error(
        schedule, scope_site,
        what + ": block " + scope_site.block().name + " is not a stage pipeline: " + *why);
  }
}

void check_compact_dataflow(const Schedule& schedule, const Site& subtree,
                            const std::string& what) {
  BlockScope scope = block_scope(subtree.stmt());
  for (const Stmt& block : scope.blocks) {
    Site site = child_site(subtree, block);
    auto not_complete = why_not_complete(site, scope);
    if (!not_complete) continue;
    auto not_reduction = why_not_reduction(site, scope);
    if (!not_reduction) continue;
    schedule_error(schedule, site,
                   what + ": block " + site.block().name + " is neither complete (" +
                       *not_complete + ") nor a reduction (" + *not_reduction + ")");
  }
}

void check_affine_binding(const Schedule& schedule, const Site& block, const std::string& what) {
  auto why = why_not_affine(block);
  if (!why) return;
  schedule_error(
      schedule, block,
      what + ": the bindings of block " + block.block().name + " are not affine: " + *why);
}

void check_complete(const Schedule& schedule, const Site& block, const std::string& what) {
  BlockScope scope = block_scope(scope_of(schedule, block, what).stmt());
  if (auto why = why_not_complete(block, scope)) {
    schedule_error(schedule, block,
                   what + ": block " + block.block().name + " is not complete: " + *why);
  }
}

void check_reduction(const Schedule& schedule, const Site& block, const std::string& what) {
  BlockScope scope = block_scope(scope_of(schedule, block, what).stmt());
  if (auto why = why_not_reduction(block, scope)) {
    schedule_error(schedule, block,
                   what + ": block " + block.block().name + " is not a reduction: " + *why);
  }
}

void check_complete_or_reduction(const Schedule& schedule, const Site& block,
                                 const std::string& what) {
  BlockScope scope = block_scope(scope_of(schedule, block, what).stmt());
  auto not_complete = why_not_complete(block, scope);
  if (!not_complete) return;
  auto not_reduction = why_not_reduction(block, scope);
  if (!not_reduction) return;
  schedule_error(schedule, block,
                 what + ": block " + block.block().name + " is neither complete (" + *not_complete +
                     ") nor a reduction (" + *not_reduction + ")");
}

bool is_output_block(const Site& scope_site, const Stmt& block) {
  const std::vector<Buffer>& local = scope_site.block().alloc_buffers;
  for (const BufferRegion& write : block.get<Block>().writes) {
    bool is_local = std::any_of(local.begin(), local.end(),
                                [&](const Buffer& b) { return b.same_as(write.buffer); });
    if (!is_local) return true;
  }
  return false;
}

}  // namespace tenon
