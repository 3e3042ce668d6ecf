// loop_partition(i, [4, None]): one loop becomes consecutive parts, each under blocks of its own.
//
//   for i in range(16): block B: ..
//   -> block B_i_common: { block B_i0_partition: for i0 in range(4): block B_i0: ..
//                          block B_i1_partition: for i1 in range(4, 16): block B_i1: .. }
#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::string call_text(const LoopPartitionArgs& args) {
  std::vector<std::string> factors;
  for (const Expr& factor : args.factors) {
    auto value = factor ? as_int(factor) : std::nullopt;
    factors.push_back(!factor ? "None" : value ? str_cat(*value) : "n");
  }
  return "loop_partition(" + name_of(args.loop) + ", [" + join(factors, ", ") + "])";
}

void check_loop(const Schedule& schedule, const Site& site, const std::string& what) {
  const For& loop = site.loop();
  if (!loop.annotations.empty() || loop.kind == ForKind::kThreadBinding) {
    schedule_error(schedule, site, what + ": the loop has annotations or a thread binding");
  }
  std::vector<Stmt> blocks = child_blocks(site.stmt());
  if (blocks.empty()) schedule_error(schedule, site, what + ": no block is below the loop");
  each_stmt(loop.body, [&](const Stmt& s) {
    if (is_block(s)) return false;
    if (is_loop(s) || s.as<Seq>()) return true;
    schedule_error(schedule, site,
                   what + ": the loop holds statements other than loops and blocks");
  });
  // A region that belongs to loops inside the block cannot be given per part.
  for (const Stmt& block : blocks) {
    bool has_loops = false;
    each_stmt(block.get<Block>().body, [&](const Stmt& s) { return !(has_loops |= is_loop(s)); });
    if (!has_loops) continue;
    schedule_error(schedule, child_site(site, block),
                   what + ": block " + block.get<Block>().name + " holds loops of its own");
  }
}

std::vector<Expr> complete_factors(const Schedule& schedule, const Site& site,
                                   const LoopPartitionArgs& args, const std::string& what) {
  const For& loop = site.loop();
  const DataType dtype = dtype_of(loop.var);
  std::vector<Expr> factors = args.factors;
  auto num_open = std::count_if(factors.begin(), factors.end(), [](const Expr& f) { return !f; });
  if (num_open > 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": ", num_open, " factors are open, at most one can be inferred"));
  }
  Expr sum = int_imm(dtype, 0);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (!factors[i]) continue;
    if (auto value = as_int(factors[i]); value && *value <= 0) {
      schedule_error(schedule, site,
                     str_cat(what, ": factor ", i, " is ", *value, ", it must be positive"));
    }
    factors[i] = cast(dtype, factors[i]);
    sum = add(sum, factors[i]);
  }
  Analyzer analyzer;
  if (analyzer.can_prove_greater_equal(sum, loop.extent)) {
    schedule_error(schedule, site,
                   what + ": the factors leave nothing of loop " + name_of(args.loop));
  }
  Expr rest = analyzer.simplify(loop.extent - sum);
  if (num_open == 0) factors.emplace_back();
  for (Expr& factor : factors) {
    if (!factor) factor = rest;
  }
  return factors;
}

// A region whose starts are all iters of the block covers their domains; any other stays.
BufferRegion covered(const BufferRegion& region, const std::vector<IterVar>& iters) {
  BufferRegion result = region;
  for (Range& range : result.region) {
    auto at = std::find_if(iters.begin(), iters.end(),
                           [&](const IterVar& iter) { return iter.var.same_as(range.min); });
    if (at == iters.end()) return region;
    range = at->domain;
  }
  return result;
}

// The block of one part: its iter bound to the loop has the part as its domain.
Stmt part_block(const Stmt& block, const Expr& loop_var, const Range& part) {
  return edit_block(block, [&](Block& b) {
    b.name += "_" + var(loop_var).name;
    for (IterVar& iter : b.iter_vars) {
      if (iter.binding.same_as(loop_var)) iter.domain = part;
    }
    for (BufferRegion& region : b.reads) region = covered(region, b.iter_vars);
    for (BufferRegion& region : b.writes) region = covered(region, b.iter_vars);
  });
}

Stmt part_body(const Stmt& stmt, const Expr& loop_var, const Range& part) {
  if (is_block(stmt)) return part_block(stmt, loop_var, part);
  Rewriter children;
  children.stmt = [&](const Stmt& s) { return s ? part_body(s, loop_var, part) : s; };
  return map_stmt_children(stmt, children);
}

Stmt plain_block(const std::string& name, Stmt body) {
  Block block;
  block.id = new_block_id();
  block.name = name;
  block.predicate = bool_imm(true);
  block.body = std::move(body);
  return block;
}

}  // namespace

Changed<std::vector<LoopRef>> loop_partition(const Schedule& schedule,
                                             const LoopPartitionArgs& args) {
  const std::string what = call_text(args);
  Site site = site_of(schedule, args.loop);
  check_loop(schedule, site, what);
  std::vector<Expr> factors = complete_factors(schedule, site, args, what);
  const For& loop = site.loop();
  const std::string name = child_blocks(site.stmt()).front().get<Block>().name + "_";
  Analyzer analyzer;
  std::vector<LoopRef> made;
  std::vector<Stmt> parts;
  Expr start = loop.min;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    Expr v = make_var(str_cat(var(loop.var).name, i), dtype_of(loop.var));
    const Range part{start, factors[i]};
    Stmt body = part_body(substitute(loop.body, {{loop.var, v}}), v, part);
    if (i > 0) body = renew_definitions(body);
    For copy = loop;
    copy.kind = ForKind::kSerial;
    copy.var = v;
    copy.min = part.min;
    copy.extent = part.extent;
    copy.body = body;
    parts.push_back(plain_block(name + var(v).name + "_partition", copy));
    made.push_back({v});
    start = analyzer.simplify(start + factors[i]);
  }
  Stmt common = plain_block(name + var(loop.var).name + "_common", seq(std::move(parts)));
  return {replace(schedule, site, common), made};
}

}  // namespace tenon
