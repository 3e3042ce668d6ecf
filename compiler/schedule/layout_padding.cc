// Keeping the padding of a written buffer filled when its layout changes.
#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/layout.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/tree.h"

namespace tenon {

using namespace tir;

namespace {

// One store to the buffer, and the loops that its indices follow: from the outermost to the
// innermost of these, with those between.
struct Write {
  Store store;
  Stmt block;
  std::vector<Stmt> loops;
  bool is_in_order = false;  // loop i runs over all of dimension i
};

class WriteFinder {
 public:
  explicit WriteFinder(Buffer buffer) : buffer_(std::move(buffer)) {}

  std::vector<Write> run(const Stmt& body) {
    visit(body);
    return std::move(found_);
  }

 private:
  void visit(const Stmt& stmt) {
    if (!stmt) return;
    if (const auto* loop = stmt.as<For>()) {
      loops_.push_back(stmt);
      visit(loop->body);
      loops_.pop_back();
      return;
    }
    Stmt outer = block_;
    if (const auto* block = stmt.as<Block>()) {
      block_ = stmt;
      for (const IterVar& iter : block->iter_vars) {
        values_[iter.var] = substitute(iter.binding, values_);
      }
    }
    if (const auto* write = stmt.as<Store>(); write && write->buffer.same_as(buffer_)) {
      add(*write);
    }
    visit_children(stmt, [&](const Stmt& child) { visit(child); });
    block_ = outer;
  }

  void add(const Store& write) {
    Write found{write, block_, {}, false};
    std::vector<Expr> indices;
    for (const Expr& index : write.indices) indices.push_back(substitute(index, values_));
    auto is_used = [&](const Stmt& s) {
      return std::any_of(indices.begin(), indices.end(),
                         [&](const Expr& e) { return uses_var(e, s.get<For>().var); });
    };
    auto first = std::find_if(loops_.begin(), loops_.end(), is_used);
    auto last = std::find_if(loops_.rbegin(), loops_.rend(), is_used).base();
    if (first < last) found.loops = {first, last};
    found.is_in_order = is_in_order(found.loops, indices);
    found_.push_back(found);
  }

  bool is_in_order(const std::vector<Stmt>& loops, const std::vector<Expr>& indices) const {
    const std::vector<Expr>& shape = node(buffer_).shape;
    if (loops.empty() || loops.size() != shape.size()) return false;
    for (std::size_t i = 0; i < loops.size(); ++i) {
      const For& loop = loops[i].get<For>();
      if (!indices[i].same_as(loop.var) || !is_zero(loop.min) || loop.kind != ForKind::kSerial ||
          !structural_equal(loop.extent, shape[i])) {
        return false;
      }
      if (i > 0 && !loops[i - 1].get<For>().body.same_as(loops[i])) return false;
    }
    return true;
  }

  Buffer buffer_;
  std::vector<Stmt> loops_;
  Stmt block_;
  VarMap values_;  // iter vars in terms of loops
  std::vector<Write> found_;
};

// The variables of a nest over the new layout, and what the old ones are in terms of them.
struct NewAxes {
  std::vector<Expr> loop_vars, iter_vars, extents;
  std::vector<Expr> old_in_loops, old_in_iters;
  Expr padded_in_loops, padded_in_iters;
};

NewAxes make_axes(const Buffer& to, const PaddedInverse& inverse) {
  NewAxes axes;
  VarMap to_loops, to_iters;
  for (std::size_t i = 0; i < inverse.map.initial_vars.size(); ++i) {
    const Expr& v = inverse.map.initial_vars[i];
    const Expr& extent = node(to).shape[i];
    axes.loop_vars.push_back(make_var(var(v).name, dtype_of(extent)));
    axes.iter_vars.push_back(make_var("v_" + var(v).name, dtype_of(extent)));
    axes.extents.push_back(extent);
    to_loops[v] = axes.loop_vars.back();
    to_iters[v] = axes.iter_vars.back();
  }
  for (const Expr& e : inverse.map.final_exprs) {
    axes.old_in_loops.push_back(substitute(e, to_loops));
    axes.old_in_iters.push_back(substitute(e, to_iters));
  }
  axes.padded_in_loops = substitute(inverse.padding_predicate, to_loops);
  axes.padded_in_iters = substitute(inverse.padding_predicate, to_iters);
  return axes;
}

std::vector<IterVar> new_iters(const NewAxes& axes) {
  std::vector<IterVar> iters;
  for (std::size_t i = 0; i < axes.iter_vars.size(); ++i) {
    IterVar iter;
    iter.var = axes.iter_vars[i];
    iter.domain = {zero_of(iter.var), axes.extents[i]};
    iter.binding = axes.loop_vars[i];
    iters.push_back(iter);
  }
  return iters;
}

Expr pad_at(const IndexMap& pad_value, const std::vector<Expr>& indices) {
  VarMap map;
  for (std::size_t i = 0; i < pad_value.initial_vars.size() && i < indices.size(); ++i) {
    map[pad_value.initial_vars[i]] = indices[i];
  }
  return substitute(pad_value.final_exprs.front(), map);
}

// The block of `write` with the iters of its ordered loops replaced by those over the new layout.
Stmt replaced_block(const Write& write, const NewAxes& axes, const Buffer& to,
                    const IndexMap& pad_value) {
  VarMap values;
  for (std::size_t i = 0; i < write.loops.size(); ++i) {
    values[write.loops[i].get<For>().var] = axes.old_in_loops[i];
  }
  VarMap inside = values;
  std::vector<IterVar> iters;
  bool is_placed = false;
  for (IterVar iter : write.block.get<Block>().iter_vars) {
    auto at = std::find_if(write.loops.begin(), write.loops.end(),
                           [&](const Stmt& s) { return iter.binding.same_as(s.get<For>().var); });
    if (at == write.loops.end()) {
      iter.binding = substitute(iter.binding, values);
      iters.push_back(iter);
      continue;
    }
    inside[iter.var] = axes.old_in_iters[static_cast<std::size_t>(at - write.loops.begin())];
    if (!is_placed) {
      for (const IterVar& made : new_iters(axes)) iters.push_back(made);
    }
    is_placed = true;
  }
  Rewriter stores;
  stores.stmt = [&](const Stmt& s) -> Stmt {
    const auto* w = s.as<Store>();
    if (!w || !w->buffer.same_as(write.store.buffer)) return s;
    return store(to, axes.iter_vars,
                 if_then_else(axes.padded_in_iters, pad_at(pad_value, axes.iter_vars), w->value));
  };
  return edit_block(write.block, [&](Block& b) {
    b.iter_vars = iters;
    b.predicate = substitute(b.predicate, values);
    b.reads = substitute_regions(b.reads, inside);
    b.writes = substitute_regions(b.writes, inside);
    b.body = substitute(rewrite(b.body, stores), inside);
    if (b.init) b.init = substitute(rewrite(b.init, stores), inside);
  });
}

// Whether the nest can run over the new layout: all stores are of one block, at one place, under
// ordered loops with that block alone below.
bool is_replaceable(const std::vector<Write>& writes) {
  const Write& first = writes.front();
  if (!first.is_in_order || !first.block || child_blocks(first.loops.front()).size() != 1 ||
      !child_blocks(first.loops.front()).front().same_as(first.block)) {
    return false;
  }
  return std::all_of(writes.begin(), writes.end(), [&](const Write& w) {
    bool is_same = w.block.same_as(first.block) && w.is_in_order;
    for (std::size_t i = 0; is_same && i < w.store.indices.size(); ++i) {
      is_same = structural_equal(w.store.indices[i], first.store.indices[i]);
    }
    return is_same;
  });
}

// for axes: block buffer_B_padding where padding: B[..] = pad
Stmt fill_nest(const NewAxes& axes, const Buffer& to, const IndexMap& pad_value) {
  Block block;
  block.id = new_block_id();
  block.name = "buffer_" + node(to).name + "_padding";
  block.predicate = axes.padded_in_loops;
  block.iter_vars = new_iters(axes);
  block.writes = {element_region(to, axes.iter_vars)};
  block.body = store(to, axes.iter_vars, pad_at(pad_value, axes.iter_vars));
  return serial_loops(axes.loop_vars, axes.extents, block);
}

}  // namespace

Stmt with_written_padding(const Stmt& body, const Buffer& from, const Buffer& to,
                          const PaddedInverse& inverse, const IndexMap& pad_value) {
  std::vector<Write> writes = WriteFinder(from).run(body);
  if (writes.empty()) return body;
  NewAxes axes = make_axes(to, inverse);
  if (is_replaceable(writes)) {
    const Write& write = writes.front();
    Stmt inner = replace_stmts(write.loops.back().get<For>().body,
                               {{write.block, replaced_block(write, axes, to, pad_value)}});
    VarMap values;
    for (std::size_t i = 0; i < write.loops.size(); ++i) {
      values[write.loops[i].get<For>().var] = axes.old_in_loops[i];
    }
    Stmt nest = serial_loops(axes.loop_vars, axes.extents, substitute(inner, values));
    return replace_stmts(body, {{write.loops.front(), nest}});
  }
  const Write& last = writes.back();
  const Stmt& top = last.loops.empty() ? last.block : last.loops.front();
  return replace_stmts(body, {{top, seq({top, fill_nest(axes, to, pad_value)})}});
}

}  // namespace tenon
