#include "compiler/schedule/access_simplifier.h"

#include <algorithm>
#include <set>

#include "compiler/arith/iter_map.h"
#include "compiler/schedule/rewrite.h"

namespace tenon {

using namespace tir;

namespace {

// Walks down and keeps the context of the place it is at.
class AccessWalk {
 public:
  explicit AccessWalk(const AccessRewriter& rewriter) : rewriter_(rewriter) {
    children_.stmt = [this](const Stmt& s) { return run(s); };
    children_.expr = [this](const Expr& e) { return run(e); };
  }

  Stmt run(const Stmt& stmt) {
    if (!stmt) return stmt;
    if (const auto* branch = stmt.as<If>()) return run_if(*branch);
    if (const auto* loop = stmt.as<For>()) {
      context_.iters[loop->var] = context_.loops[loop->var] = {loop->min, loop->extent};
    }
    const auto* block = stmt.as<Block>();
    if (block) {
      for (const IterVar& iter : block->iter_vars) context_.iters[iter.var] = iter.domain;
    }
    Stmt changed = map_stmt_children(stmt, children_);
    if (const auto* write = changed.as<Store>()) return run_store(*write);
    if (block && rewriter_.block) return rewriter_.block(stmt, changed, context_);
    return changed;
  }

 private:
  Expr run(const Expr& e) {
    if (!e) return e;
    if (const auto* choice = e.as<Select>()) {
      Expr condition = run(choice->condition);
      Expr then = under(condition, choice->true_value);
      return select(condition, then, under(logical_not(condition), choice->false_value));
    }
    const auto* choice = e.as<Call>();
    if (choice && choice->op == Intrinsic::kIfThenElse) {
      Call copy = *choice;
      copy.args[0] = run(choice->args[0]);
      copy.args[1] = under(copy.args[0], choice->args[1]);
      copy.args[2] = under(logical_not(copy.args[0]), choice->args[2]);
      return copy;
    }
    Expr changed = map_expr_children(e, children_);
    const auto* read = changed.as<Load>();
    if (!read) return changed;
    Load copy = *read;
    rewriter_.access(copy.buffer, copy.indices, context_);
    return load(copy.buffer, copy.indices, copy.predicate);
  }

  Stmt run_store(const Store& write) {
    Store copy = write;
    rewriter_.access(copy.buffer, copy.indices, context_);
    return store(copy.buffer, copy.indices, copy.value, copy.predicate);
  }

  Stmt run_if(const If& branch) {
    If copy = branch;
    copy.condition = run(branch.condition);
    context_.conditions.push_back(copy.condition);
    copy.then_body = run(branch.then_body);
    context_.conditions.back() = logical_not(copy.condition);
    copy.else_body = run(branch.else_body);
    context_.conditions.pop_back();
    return copy;
  }

  Expr under(const Expr& condition, const Expr& e) {
    context_.conditions.push_back(condition);
    Expr changed = run(e);
    context_.conditions.pop_back();
    return changed;
  }

  const AccessRewriter& rewriter_;
  Rewriter children_;
  IndexContext context_;
};

// Iterator maps are about integers: a condition on other values says nothing there.
bool is_integral(const Expr& condition) {
  bool integral = true;
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    integral &= !e.as<Load>() && (dtype_of(e).is_integer() || dtype_of(e).is_bool());
    return integral;
  };
  walk(condition, visitor);
  return integral;
}

int num_divisions(const Expr& index) {
  int count = 0;
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    const auto* b = e.as<Binary>();
    count += b && (b->op == BinaryOp::kFloorDiv || b->op == BinaryOp::kFloorMod);
    return true;
  };
  walk(index, visitor);
  return count;
}

bool uses_iter(const Expr& condition, const RangeMap& iters) {
  std::set<Expr, IdLess> vars = vars_of(condition);
  return std::any_of(vars.begin(), vars.end(), [&](const Expr& v) { return iters.count(v) > 0; });
}

std::vector<BufferRegion> normal_regions(std::vector<BufferRegion> regions,
                                         const IndexContext& context) {
  Analyzer analyzer;
  for (BufferRegion& region : regions) {
    std::vector<Expr> starts;
    for (const Range& range : region.region) starts.push_back(range.min);
    starts = context.normalized(starts);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      Range& range = region.region[i];
      range = {starts[i], is_one(range.extent) ? range.extent : analyzer.simplify(range.extent)};
    }
  }
  return regions;
}

}  // namespace

std::vector<Expr> IndexContext::normalized(const std::vector<Expr>& indices) const {
  Expr predicate = bool_imm(true);
  for (const Expr& condition : conditions) {
    if (!uses_iter(condition, iters)) continue;
    if (!is_integral(condition)) {
      predicate = bool_imm(true);
      break;
    }
    predicate = conjunction(predicate, condition);
  }
  // Domains take quotients and remainders away; they are not used to rearrange any.
  Analyzer bounded;
  for (const auto& [iter_var, range] : iters) bounded.bind(iter_var, range);
  std::vector<Expr> fewer = indices;
  for (Expr& index : fewer) {
    Expr simple = bounded.simplify(index);
    if (num_divisions(simple) < num_divisions(index)) index = simple;
  }
  Analyzer analyzer;
  const IterMapOptions options{IterMapLevel::kSurjective, /*simplify_trivial=*/true};
  IterMapResult map = detect_iter_map(fewer, iters, predicate, analyzer, options);
  // A condition can hide a map that is there without it.
  if (!map) map = detect_iter_map(fewer, iters, bool_imm(true), analyzer, options);
  if (!map) return fewer;
  std::vector<Expr> result;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Expr simple = normalize_iter_map_to_expr(map.indices[i]);
    bool is_trivial = as_int(simple) && indices[i].as<Var>();
    result.push_back(is_trivial ? indices[i] : simple);
  }
  return result;
}

Stmt rewrite_accesses(const Stmt& stmt, const AccessRewriter& rewriter) {
  return AccessWalk(rewriter).run(stmt);
}

Stmt with_normal_accesses(const Stmt& block) {
  AccessRewriter rewriter;
  rewriter.access = [](Buffer&, std::vector<Expr>& indices, const IndexContext& context) {
    indices = context.normalized(indices);
  };
  rewriter.block = [](const Stmt& before, const Stmt& after, const IndexContext& context) {
    const Block& old = before.get<Block>();
    return edit_block(after, [&](Block& b) {
      b.reads = normal_regions(old.reads, context);
      b.writes = normal_regions(old.writes, context);
    });
  };
  return rewrite_accesses(block, rewriter);
}

}  // namespace tenon
