#include "compiler/schedule/blockized.h"

#include <algorithm>

#include "compiler/arith/iter_map.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/analysis/touched.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

IterMark unit_mark(const Expr& like) {
  return {{}, std::make_shared<IterSum>(IterSum{{}, zero_of(like)}), int_imm(dtype_of(like), 1)};
}

// Bindings that each follow loops on one side alone need no analysis.
std::optional<SubspaceDivision> trivial_division(const Block& block,
                                                 const std::vector<Expr>& inner_vars,
                                                 const std::vector<Expr>& outer_vars) {
  if (!is_int(block.predicate, 1)) return std::nullopt;
  auto uses_any = [](const Expr& e, const std::vector<Expr>& vars) {
    return std::any_of(vars.begin(), vars.end(), [&](const Expr& v) { return uses_var(e, v); });
  };
  SubspaceDivision result{{}, bool_imm(true), bool_imm(true)};
  for (const IterVar& iter : block.iter_vars) {
    bool inner = uses_any(iter.binding, inner_vars), outer = uses_any(iter.binding, outer_vars);
    if (inner && outer) return std::nullopt;
    IterMark unit = unit_mark(iter.var), whole{iter.binding, nullptr, iter.domain.extent};
    result.indices.push_back({outer ? whole : unit, inner ? whole : unit});
  }
  return result;
}

struct Nest {
  Site block;
  std::vector<Stmt> inner, outer;  // loops, outermost first; inner starts with the given one
};

Nest nest_of(const Schedule& schedule, const Site& loop, const std::string& what) {
  std::vector<Stmt> blocks = child_blocks(loop.stmt());
  if (blocks.size() != 1) {
    schedule_error(schedule, loop,
                   str_cat(what, ": ", blocks.size(), " blocks are below the loop, one is needed"));
  }
  Nest nest{child_site(loop, blocks.front()), {}, {}};
  bool is_inner = false;
  for (const Stmt& s : loops_above(nest.block)) {
    is_inner |= s.same_as(loop.stmt());
    (is_inner ? nest.inner : nest.outer).push_back(s);
  }
  return nest;
}

SubspaceDivision divide(const Schedule& schedule, const Nest& nest, bool preserve_unit_iters,
                        Analyzer& analyzer, const std::string& what) {
  const Block& block = nest.block.block();
  std::vector<Expr> bindings, inner_vars, outer_vars;
  for (const IterVar& iter : block.iter_vars) bindings.push_back(iter.binding);
  for (const Stmt& s : nest.inner) inner_vars.push_back(s.get<For>().var);
  for (const Stmt& s : nest.outer) outer_vars.push_back(s.get<For>().var);
  auto division =
      subspace_divide(bindings, ranges_of(loops_above(nest.block)), inner_vars, block.predicate,
                      analyzer, {IterMapLevel::kSurjective, !preserve_unit_iters});
  if (!division) division = trivial_division(block, inner_vars, outer_vars);
  if (!division) {
    schedule_error(schedule, nest.block,
                   what + ": the bindings of block " + block.name +
                       " cannot be divided between the loops outside and those inside");
  }
  return *division;
}

// The iters of both blocks, and the old iter vars in terms of them.
struct Iters {
  std::vector<IterVar> outer, inner;
  VarMap values;
};

Iters make_iters(const Block& block, const SubspaceDivision& division, bool preserve_unit_iters) {
  Iters iters;
  for (std::size_t i = 0; i < block.iter_vars.size(); ++i) {
    const IterVar& old = block.iter_vars[i];
    const IterMark& outer = division.indices[i].outer;
    const IterMark& inner = division.indices[i].inner;
    DataType dtype = dtype_of(old.var);
    IterVar out = old;
    out.var = make_var(var(old.var).name + "_o", dtype);
    out.domain = {int_imm(dtype, 0), cast(dtype, outer.extent)};
    out.binding = cast(dtype, normalize_iter_map_to_expr(outer));
    iters.outer.push_back(out);
    bool is_outer_unit = is_one(outer.extent);
    if (is_one(inner.extent)) {
      iters.values[old.var] = is_outer_unit && !preserve_unit_iters ? int_imm(dtype, 0) : out.var;
      continue;
    }
    IterVar in = old;
    in.var = make_var(var(old.var).name + "_i", dtype);
    in.domain = {int_imm(dtype, 0), cast(dtype, inner.extent)};
    in.binding = cast(dtype, normalize_iter_map_to_expr(inner));
    iters.inner.push_back(in);
    iters.values[old.var] =
        is_outer_unit ? in.var : add(multiply(out.var, in.domain.extent), in.var);
  }
  return iters;
}

// Substitution that simplifies the indices and conditions it changes.
Expr substituted(const Expr& e, const VarMap& values, Analyzer& analyzer) {
  if (!e) return e;
  if (auto it = values.find(e); it != values.end()) return it->second;
  Rewriter children;
  children.expr = [&](const Expr& child) { return substituted(child, values, analyzer); };
  Expr changed = map_expr_children(e, children);
  bool is_index = dtype_of(e).is_integer() || dtype_of(e).is_bool();
  return changed.same_as(e) || !is_index || e.as<Load>() ? changed : analyzer.simplify(changed);
}

Stmt substituted(const Stmt& s, const VarMap& values, Analyzer& analyzer) {
  if (!s) return s;
  Rewriter children;
  children.expr = [&](const Expr& e) { return substituted(e, values, analyzer); };
  children.stmt = [&](const Stmt& child) { return substituted(child, values, analyzer); };
  return map_stmt_children(s, children);
}

// What the regions cover while the inner iters run.
std::vector<BufferRegion> covered(const std::vector<BufferRegion>& regions,
                                  const std::vector<IterVar>& inner) {
  Analyzer analyzer;
  RangeMap ranges;
  for (const IterVar& iter : inner) ranges[iter.var] = iter.domain;
  std::vector<BufferRegion> result = regions;
  for (BufferRegion& region : result) {
    std::vector<IntSet> sets = relaxed_region(region.region, ranges, analyzer);
    for (std::size_t i = 0; i < sets.size(); ++i) {
      Range& range = region.region[i];
      const Expr& shape = node(region.buffer).shape[i];
      if (!sets[i].is_bounded()) {
        range = {zero_of(shape), shape};
        continue;
      }
      Expr low = analyzer.simplify(sets[i].min);
      range = {low, analyzer.simplify(sets[i].max + int_imm(dtype_of(sets[i].max), 1) - low)};
    }
  }
  return result;
}

Stmt loop_nest(const std::vector<Stmt>& loops, Stmt body) {
  for (std::size_t i = loops.size(); i-- > 0;) body = with_loop_body(loops[i], body);
  return body;
}

// The init as a block under copies of the inner loops that it follows.
Stmt outer_init(const Block& inner, const Stmt& init, const std::vector<Stmt>& loops) {
  Block block;
  block.id = new_block_id();
  block.name = inner.name + "_init";
  block.predicate = inner.predicate;
  VarMap fresh;
  for (const IterVar& iter : inner.iter_vars) {
    if (iter.kind != IterKind::kSpatial || !uses_var(init, iter.var)) continue;
    IterVar copy = iter;
    copy.var = make_var(var(iter.var).name + "_init", dtype_of(iter.var));
    fresh[iter.var] = copy.var;
    block.iter_vars.push_back(copy);
  }
  block.writes = substitute_regions(inner.writes, fresh);
  block.body = renew_definitions(substitute(init, fresh));
  std::vector<Stmt> kept;
  for (const Stmt& s : loops) {
    For loop = s.get<For>();
    bool is_used =
        std::any_of(block.iter_vars.begin(), block.iter_vars.end(),
                    [&](const IterVar& iter) { return uses_var(iter.binding, loop.var); });
    if (!is_used) continue;
    Expr v = make_var(var(loop.var).name, dtype_of(loop.var));
    fresh[loop.var] = v;
    loop.var = v;
    kept.push_back(loop);
  }
  for (IterVar& iter : block.iter_vars) iter.binding = substitute(iter.binding, fresh);
  block.predicate = substitute(block.predicate, fresh);
  return loop_nest(kept, block);
}

}  // namespace

Stmt blockized(const Schedule& schedule, const Site& loop, bool preserve_unit_iters,
               const std::string& what) {
  Nest nest = nest_of(schedule, loop, what);
  Analyzer analyzer;
  SubspaceDivision division = divide(schedule, nest, preserve_unit_iters, analyzer, what);
  const Block& old = nest.block.block();
  Iters iters = make_iters(old, division, preserve_unit_iters);

  Analyzer inside;
  for (const IterVar& iter : iters.inner) inside.bind(iter.var, iter.domain);
  Block inner = old;
  for (auto* regions : {&inner.reads, &inner.writes}) {
    for (BufferRegion& region : *regions) {
      for (Range& range : region.region) {
        range = {substituted(range.min, iters.values, inside),
                 substituted(range.extent, iters.values, inside)};
      }
    }
  }
  for (MatchBuffer& match : inner.match_buffers) {
    for (Range& range : match.source.region) {
      range = {substituted(range.min, iters.values, inside),
               substituted(range.extent, iters.values, inside)};
    }
  }
  inner.iter_vars = iters.inner;
  inner.predicate = division.inner_predicate;
  inner.body = substituted(old.body, iters.values, inside);
  Stmt init = substituted(old.init, iters.values, inside);
  inner.init = {};

  Block outer;
  outer.id = new_block_id();
  outer.name = old.name + "_o";
  outer.iter_vars = iters.outer;
  outer.predicate = division.outer_predicate;
  outer.reads = covered(inner.reads, iters.inner);
  outer.writes = covered(inner.writes, iters.inner);
  if (init) {
    outer.init = outer_init(inner, init, nest.inner);
    inner.reads.insert(inner.reads.begin(), inner.writes.begin(), inner.writes.end());
  }
  outer.body = loop_nest(nest.inner, inner);
  return outer;
}

}  // namespace tenon
