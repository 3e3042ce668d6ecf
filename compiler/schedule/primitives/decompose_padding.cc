// decompose_padding(block, loop): a padded copy becomes a fill with the constant, in front of the
// loop, and a copy of what is in bounds.
//
//   block P: P[i] = if 1 <= i < 9: A[i - 1] else 0
//   -> block P_pad_const: P[i] = 0;  block P: P[i + 1] = A[i]
#include <algorithm>
#include <set>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/inline.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Bounds {
  std::int64_t first, last;  // both included
};

struct Padding {
  Store write;
  Expr inside, constant;
  std::vector<Bounds> bounds;  // of each iter var, in order
};

// part as coefficient * v + offset compared with 0, for one variable; found by trying values.
bool narrow(const Expr& part, const Expr& v, Bounds& bounds, Analyzer& analyzer) {
  const auto* b = part.as<Binary>();
  if (!b || b->op < BinaryOp::kLt || b->op > BinaryOp::kGe) return false;
  bool flip = b->op == BinaryOp::kGt || b->op == BinaryOp::kGe;
  bool strict = b->op == BinaryOp::kLt || b->op == BinaryOp::kGt;
  Expr low = flip ? b->b : b->a, high = flip ? b->a : b->b;
  auto at = [&](std::int64_t value) {
    return as_int(analyzer.simplify(substitute(high - low, {{v, int_imm(dtype_of(v), value)}})));
  };
  auto zero = at(0), one = at(1), far = at(bounds.last + 7);
  if (!zero || !one || !far) return false;
  std::int64_t step = *one - *zero, offset = *zero - (strict ? 1 : 0);
  if ((step != 1 && step != -1) || *far != *zero + step * (bounds.last + 7)) return false;
  // step * v + offset >= 0
  if (step == 1) {
    bounds.first = std::max(bounds.first, -offset);
  } else {
    bounds.last = std::min(bounds.last, offset);
  }
  return true;
}

std::optional<Padding> find_padding(const Block& block, Analyzer& analyzer) {
  auto write = single_store(block);
  const auto* choice = write ? write->value.as<Call>() : nullptr;
  if (!choice || choice->op != Intrinsic::kIfThenElse) return std::nullopt;
  Padding padding{*write, choice->args[1], choice->args[2], {}};
  bool is_constant = as_int(padding.constant) || padding.constant.as<FloatImm>();
  if (!is_constant) return std::nullopt;
  for (const IterVar& iter : block.iter_vars) {
    auto extent = as_int(iter.domain.extent);
    if (!extent || !is_zero(iter.domain.min)) return std::nullopt;
    padding.bounds.push_back({0, *extent - 1});
  }
  for (const Expr& part : conjuncts(choice->args[0])) {
    std::set<Expr, IdLess> vars = vars_of(part);
    if (vars.size() != 1) return std::nullopt;
    auto at = std::find_if(block.iter_vars.begin(), block.iter_vars.end(),
                           [&](const IterVar& iter) { return iter.var.same_as(*vars.begin()); });
    if (at == block.iter_vars.end()) return std::nullopt;
    Bounds& bounds = padding.bounds[static_cast<std::size_t>(at - block.iter_vars.begin())];
    if (!narrow(part, at->var, bounds, analyzer) || bounds.first > bounds.last) {
      return std::nullopt;
    }
  }
  return padding;
}

struct Nest {
  std::vector<Stmt> loops;  // from the given loop to the block
  VarMap fresh;             // their variables -> those of a copy
};

Nest copy_of(const std::vector<Stmt>& loops) {
  Nest nest{loops, {}};
  for (const Stmt& s : loops) {
    const Expr& v = s.get<For>().var;
    nest.fresh[v] = make_var(var(v).name, dtype_of(v));
  }
  return nest;
}

Stmt wrap(const Nest& nest, const VarMap& extents, Stmt body) {
  for (std::size_t i = nest.loops.size(); i-- > 0;) {
    For loop = nest.loops[i].get<For>();
    auto it = extents.find(loop.var);
    if (it != extents.end()) loop.extent = it->second;
    loop.var = nest.fresh.at(loop.var);
    loop.body = std::move(body);
    body = loop;
  }
  return body;
}

Stmt fill_nest(const Block& old, const Padding& padding, const std::vector<Stmt>& loops,
               Analyzer& analyzer, BlockRef& made) {
  Nest nest = copy_of(loops);
  Block block = old;
  block.id = new_block_id();
  made = {block.id};
  block.name = old.name + "_pad_const";
  VarMap map;
  for (IterVar& iter : block.iter_vars) {
    Expr fresh = make_var(var(iter.var).name, dtype_of(iter.var));
    map[iter.var] = fresh;
    iter.var = fresh;
    iter.binding = analyzer.simplify(substitute(iter.binding, nest.fresh));
  }
  block.predicate = substitute(old.predicate, nest.fresh);
  block.reads.clear();
  block.writes = substitute_regions(old.writes, map);
  std::vector<Expr> indices;
  for (const Expr& index : padding.write.indices) indices.push_back(substitute(index, map));
  block.body = store(padding.write.buffer, indices, padding.constant);
  Stmt filled = wrap(nest, {}, block);
  // Annotations of the loops speak of the copy.
  Rewriter plain;
  plain.stmt = [](const Stmt& s) -> Stmt {
    const auto* loop = s.as<For>();
    if (!loop || loop->annotations.empty()) return s;
    For copy = *loop;
    copy.annotations.clear();
    return copy;
  };
  return rewrite(filled, plain);
}

Stmt copy_nest(const Block& old, const Padding& padding, const std::vector<Stmt>& loops,
               Analyzer& analyzer) {
  Nest nest = copy_of(loops);
  for (const Stmt& s : loops) {
    const For& loop = s.get<For>();
    analyzer.bind(nest.fresh.at(loop.var), Range{loop.min, loop.extent});
  }
  Block block = old;
  VarMap shifted, extents;
  Expr predicate = old.predicate;
  for (std::size_t i = 0; i < block.iter_vars.size(); ++i) {
    IterVar& iter = block.iter_vars[i];
    const Bounds& bounds = padding.bounds[i];
    DataType dtype = dtype_of(iter.var);
    Expr first = int_imm(dtype, bounds.first);
    Expr extent = int_imm(dtype, bounds.last - bounds.first + 1);
    bool whole = bounds.first == 0 && is_int(iter.domain.extent, bounds.last + 1);
    Expr fresh = make_var(var(iter.var).name, dtype);
    shifted[iter.var] = add(fresh, first);
    Expr binding = substitute(iter.binding, nest.fresh);
    if (whole) {
      iter.binding = nest.fresh.count(iter.binding) ? binding : analyzer.simplify(binding);
    } else if (nest.fresh.count(iter.binding)) {
      extents[iter.binding] = extent;
      iter.binding = binding;
    } else {
      for (const Expr& part : {less_equal(first, binding), less(binding, add(first, extent))}) {
        Expr condition = analyzer.simplify(part);
        if (!analyzer.can_prove(condition)) predicate = conjunction(predicate, condition);
      }
      iter.binding = analyzer.simplify(binding - first);
    }
    iter.var = fresh;
    iter.domain = {int_imm(dtype, 0), extent};
  }
  block.predicate = substitute(predicate, nest.fresh);
  Rewriter tidy;
  tidy.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    if (!l) return e;
    std::vector<Expr> indices;
    for (const Expr& index : l->indices) indices.push_back(analyzer.simplify(index));
    return load(l->buffer, indices, l->predicate);
  };
  std::vector<Expr> indices;
  for (const Expr& index : padding.write.indices) {
    indices.push_back(analyzer.simplify(substitute(index, shifted)));
  }
  block.body =
      store(padding.write.buffer, indices, rewrite(substitute(padding.inside, shifted), tidy));
  // Accesses that are hidden stay so.
  Stmt found = edit_block(with_found_regions(block), [&](Block& b) {
    std::erase_if(b.reads, [&](const BufferRegion& read) {
      return std::none_of(old.reads.begin(), old.reads.end(),
                          [&](const BufferRegion& r) { return r.buffer.same_as(read.buffer); });
    });
  });
  return wrap(nest, extents, found);
}

}  // namespace

Changed<BlockRef> decompose_padding(const Schedule& schedule, const BlockRef& block_ref,
                                    const LoopRef& loop_ref) {
  Site block = site_of(schedule, block_ref);
  Site loop = site_of(schedule, loop_ref);
  const std::string what =
      "decompose_padding(" + block.block().name + ", " + name_of(loop_ref) + ")";
  check_complete(schedule, block, what);
  check_affine_binding(schedule, block, what);
  Analyzer analyzer;
  auto padding = find_padding(block.block(), analyzer);
  if (!padding) {
    schedule_error(schedule, block,
                   what + ": block " + block.block().name +
                       " is not if_then_else(in bounds, value, constant)");
  }
  std::vector<Stmt> inner;
  bool below = false;
  for (const Stmt& s : loops_above(block)) {
    below |= s.same_as(loop.stmt());
    if (below) {
      inner.push_back(s);
    } else {
      analyzer.bind(s.get<For>().var, Range{s.get<For>().min, s.get<For>().extent});
    }
  }
  if (!below || child_blocks(loop.stmt()).size() != 1) {
    schedule_error(schedule, block,
                   what + ": loop " + name_of(loop_ref) + " is not around block " +
                       block.block().name + " alone");
  }
  BlockRef made;
  Stmt fill = fill_nest(block.block(), *padding, inner, analyzer, made);
  Stmt copy = copy_nest(block.block(), *padding, inner, analyzer);
  return {replace(schedule, loop, seq({fill, copy})), made};
}

}  // namespace tenon
