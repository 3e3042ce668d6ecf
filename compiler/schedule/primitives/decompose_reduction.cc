// decompose_reduction(block, loop): the init becomes a block of its own in front of the loop.
//
//   for i, k: block C: init C[i] = 0; C[i] += A[i, k]
//   -> for i: { block C_init: C[i] = 0;  for k: block C_update: C[i] += A[i, k] }
#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Parts {
  std::vector<Stmt> inner_loops;  // from the given loop to the block
  std::vector<Stmt> outer_loops;  // above the given loop
};

Parts check(const Schedule& schedule, const Site& block, const Site& loop,
            const std::string& what) {
  check_reduction(schedule, block, what);
  Parts parts;
  bool below = false;
  for (const Stmt& s : loops_above(block)) {
    below |= s.same_as(loop.stmt());
    (below ? parts.inner_loops : parts.outer_loops).push_back(s);
  }
  const std::string loop_name = var(loop.loop().var).name;
  if (!below) {
    schedule_error(schedule, block,
                   what + ": loop " + loop_name + " is not around block " + block.block().name);
  }
  for (const Stmt& s : parts.outer_loops) {
    for (const IterVar& iter : block.block().iter_vars) {
      const Expr& outer = s.get<For>().var;
      if (iter.kind != IterKind::kReduce || !uses_var(iter.binding, outer)) continue;
      schedule_error(
          schedule, loop,
          what + ": loop " + loop_name + " is inside loop " + var(outer).name + ", which reduces",
          "give a loop that is outside all reduction loops");
    }
  }
  return parts;
}

// The init as a block of its own, its bindings still in terms of the old loops.
Block init_block(const Block& block) {
  Block init;
  init.id = new_block_id();
  init.name = block.name + "_init";
  VarMap fresh;
  for (const IterVar& iter : block.iter_vars) {
    if (iter.kind != IterKind::kSpatial) continue;
    IterVar copy = iter;
    copy.var = make_var(var(iter.var).name, dtype_of(iter.var));
    fresh[iter.var] = copy.var;
    init.iter_vars.push_back(copy);
  }
  init.annotations = block.annotations;
  init.writes = substitute_regions(block.writes, fresh);
  init.body = renew_definitions(substitute(block.init, fresh));
  return init;
}

Expr kept_predicate(const Expr& predicate, const std::vector<Expr>& dropped) {
  Expr kept = bool_imm(true);
  for (const Expr& part : conjuncts(predicate)) {
    bool uses = std::any_of(dropped.begin(), dropped.end(),
                            [&](const Expr& v) { return uses_var(part, v); });
    if (!uses) kept = conjunction(kept, part);
  }
  return kept;
}

// The init block under copies of those inner loops that it depends on.
Stmt init_nest(const Block& block, const std::vector<Stmt>& inner_loops) {
  Block init = init_block(block);
  std::vector<Stmt> kept;
  std::vector<Expr> dropped;
  VarMap fresh;
  for (const Stmt& s : inner_loops) {
    const For& loop = s.get<For>();
    bool used = std::any_of(init.iter_vars.begin(), init.iter_vars.end(),
                            [&](const IterVar& iter) { return uses_var(iter.binding, loop.var); });
    if (!used) {
      dropped.push_back(loop.var);
      continue;
    }
    kept.push_back(s);
    fresh[loop.var] = make_var(var(loop.var).name + "_init", dtype_of(loop.var));
  }
  for (IterVar& iter : init.iter_vars) iter.binding = substitute(iter.binding, fresh);
  init.predicate = substitute(kept_predicate(block.predicate, dropped), fresh);
  Stmt nest = init;
  for (std::size_t i = kept.size(); i-- > 0;) {
    For loop = kept[i].get<For>();
    loop.var = fresh.at(loop.var);
    loop.min = substitute(loop.min, fresh);
    loop.extent = substitute(loop.extent, fresh);
    loop.body = nest;
    nest = loop;
  }
  return nest;
}

void make_update(Block& block) {
  block.name += "_update";
  block.init = {};
  std::vector<BufferRegion> reads;
  for (const BufferRegion& write : block.writes) {
    bool known = std::any_of(block.reads.begin(), block.reads.end(),
                             [&](const BufferRegion& r) { return r.buffer.same_as(write.buffer); });
    if (!known) reads.push_back(write);
  }
  reads.insert(reads.end(), block.reads.begin(), block.reads.end());
  block.reads = std::move(reads);
}

}  // namespace

Changed<BlockRef> decompose_reduction(const Schedule& schedule, const BlockRef& block_ref,
                                      const LoopRef& loop_ref) {
  Site block = site_of(schedule, block_ref);
  Site loop = site_of(schedule, loop_ref);
  const std::string what =
      "decompose_reduction(" + block.block().name + ", " + name_of(loop_ref) + ")";
  Parts parts = check(schedule, block, loop, what);
  Stmt init = init_nest(block.block(), parts.inner_loops);
  Stmt update = replace_stmts(loop.stmt(), {{block.stmt(), edit_block(block.stmt(), make_update)}});
  BlockRef made{all_blocks(init).front().get<Block>().id};
  return {replace(schedule, loop, seq({init, update})), made};
}

}  // namespace tenon
