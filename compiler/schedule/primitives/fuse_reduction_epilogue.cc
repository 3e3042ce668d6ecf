// fuse_reduction_epilogue(C, D): what D adds to a finished sum, the sum starts with.
//
//   block C: init C[i] = 0; C[i] += A[i, k];  block D: D[i] = C[i] + bias[i]
//   -> block C: init D[i] = bias[i]; D[i] += A[i, k]
//
// D may copy the reduction's result or add something to a sum. Another function of the result
// (a clip, a root) would be applied to partial results, so it is refused.
#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/inline.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/reducer.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Epilogue {
  Store write;
  std::vector<Expr> read_at;  // indices of the load of the reduction's result
  Expr addend;                // null: a plain copy
};

bool loads(const Expr& e, const Buffer& buffer) {
  bool found = false;
  Visitor visitor;
  visitor.expr = [&](const Expr& x) {
    const auto* l = x.as<Load>();
    found |= l && l->buffer.same_as(buffer);
    return !found;
  };
  walk(e, visitor);
  return found;
}

Epilogue read_epilogue(const Schedule& schedule, const Site& site, const Buffer& result,
                       BinaryOp op, const std::string& what) {
  auto write = single_store(site.block());
  auto is_result = [&](const Expr& e) {
    const auto* l = e.as<Load>();
    return l && l->buffer.same_as(result);
  };
  if (write && is_int(site.block().predicate, 1)) {
    if (is_result(write->value)) return {*write, write->value.get<Load>().indices, {}};
    const auto* sum = write->value.as<Binary>();
    if (sum && sum->op == BinaryOp::kAdd && op == BinaryOp::kAdd) {
      bool is_left = is_result(sum->a);
      const Expr& other = is_left ? sum->b : sum->a;
      if ((is_left || is_result(sum->b)) && !loads(other, result)) {
        return {*write, (is_left ? sum->a : sum->b).get<Load>().indices, other};
      }
    }
  }
  schedule_error(schedule, site,
                 what + ": block " + site.block().name +
                     " neither copies the reduction's result nor adds something to a sum");
}

// The epilogue's iters in terms of the reduction's: both index the result by plain iters over the
// same domains.
VarMap match_iters(const Schedule& schedule, const Site& reduction, const Site& epilogue,
                   const Store& update, const Epilogue& read, const std::string& what) {
  auto domain_of = [](const Block& block, const Expr& v) -> const Range* {
    for (const IterVar& iter : block.iter_vars) {
      if (iter.var.same_as(v)) return &iter.domain;
    }
    return nullptr;
  };
  VarMap map;
  bool is_plain = read.read_at.size() == update.indices.size();
  for (std::size_t i = 0; is_plain && i < read.read_at.size(); ++i) {
    const Range* theirs = domain_of(epilogue.block(), read.read_at[i]);
    const Range* ours = domain_of(reduction.block(), update.indices[i]);
    is_plain = theirs && ours && structural_equal(theirs->min, ours->min) &&
               structural_equal(theirs->extent, ours->extent) &&
               map.emplace(read.read_at[i], update.indices[i]).second;
  }
  if (!is_plain || map.size() != epilogue.block().iter_vars.size()) {
    schedule_error(schedule, epilogue,
                   what + ": the iters of blocks " + reduction.block().name + " and " +
                       epilogue.block().name + " do not go over the result alike");
  }
  return map;
}

void check_pair(const Schedule& schedule, const Site& scope, const Site& reduction,
                const Site& epilogue, const std::string& what) {
  check_reduction(schedule, reduction, what);
  if (!scope.path.back().same_as(epilogue.path[scope_index(schedule, epilogue, what)])) {
    schedule_error(schedule, epilogue, what + ": the blocks are not in one scope");
  }
  check_complete(schedule, epilogue, what);
  if (is_output_block(scope, reduction.stmt())) {
    schedule_error(schedule, reduction,
                   what + ": block " + reduction.block().name + " writes an output");
  }
  std::vector<Stmt> consumers = block_scope(scope.stmt()).consumers(reduction.stmt());
  if (consumers.size() == 1 && consumers.front().same_as(epilogue.stmt())) return;
  schedule_error(schedule, reduction,
                 what + ": block " + epilogue.block().name + " is not the only consumer of block " +
                     reduction.block().name);
}

}  // namespace

Schedule fuse_reduction_epilogue(const Schedule& schedule, const BlockRef& reduction_ref,
                                 const BlockRef& epilogue_ref) {
  Site reduction = site_of(schedule, reduction_ref);
  Site epilogue = site_of(schedule, epilogue_ref);
  const std::string what =
      "fuse_reduction_epilogue(" + reduction.block().name + ", " + epilogue.block().name + ")";
  Site scope = cut(reduction, scope_index(schedule, reduction, what));
  check_stage_pipeline(schedule, scope, what);
  check_pair(schedule, scope, reduction, epilogue, what);
  auto sum = find_reduction(reduction.block());
  if (!sum) {
    schedule_error(schedule, reduction,
                   what + ": block " + reduction.block().name + " is no known reduction");
  }
  const Buffer& result = sum->update.buffer;
  Epilogue read = read_epilogue(schedule, epilogue, result, sum->op, what);
  VarMap map = match_iters(schedule, reduction, epilogue, sum->update, read, what);

  std::vector<Expr> indices;
  for (const Expr& index : read.write.indices) indices.push_back(substitute(index, map));
  const Buffer& target = read.write.buffer;
  Rewriter loads_target;
  loads_target.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    return l && l->buffer.same_as(result) ? load(target, indices) : e;
  };
  Expr start = read.addend ? substitute(read.addend, map) : sum->init.value;
  Stmt fused = edit_block(reduction.stmt(), [&](Block& b) {
    b.init = store(target, indices, start);
    b.body = store(target, indices, rewrite(sum->update.value, loads_target));
  });
  Stmt body = replace_stmts(scope.stmt(),
                            {{epilogue.stmt(), {}}, {reduction.stmt(), with_found_regions(fused)}});
  return replace(schedule, scope, body);
}

}  // namespace tenon
