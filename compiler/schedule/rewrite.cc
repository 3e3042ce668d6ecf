#include "compiler/schedule/rewrite.h"

#include <algorithm>

#include "compiler/arith/iter_map.h"

namespace tenon {

using namespace tir;

namespace {

class BindingSimplifier {
 public:
  BindingSimplifier(RangeMap loops, bool preserve_unit_iters)
      : loops_(std::move(loops)), preserve_unit_iters_(preserve_unit_iters) {}

  Stmt run(const Stmt& stmt) {
    if (!stmt) return stmt;
    if (const auto* loop = stmt.as<For>()) return run_loop(stmt, *loop);
    if (const auto* block = stmt.as<Block>(); block && !block->iter_vars.empty()) {
      return run_block(stmt, *block);
    }
    Rewriter children;
    children.stmt = [this](const Stmt& s) { return run(s); };
    return map_stmt_children(stmt, children);
  }

 private:
  Stmt run_loop(const Stmt& stmt, const For& loop) {
    loops_[loop.var] = {loop.min, loop.extent};
    Stmt body = run(loop.body);
    loops_.erase(loop.var);
    return body.same_as(loop.body) ? stmt : with_loop_body(stmt, body);
  }

  Stmt run_block(const Stmt& stmt, const Block& block) {
    std::vector<Expr> bindings;
    for (const IterVar& iter : block.iter_vars) bindings.push_back(iter.binding);
    std::vector<Expr> simple = normalized(bindings, block.predicate);
    bool changed = false;
    for (std::size_t i = 0; i < simple.size(); ++i) changed |= !simple[i].same_as(bindings[i]);
    if (!changed) return stmt;
    return edit_block(stmt, [&](Block& b) {
      for (std::size_t i = 0; i < simple.size(); ++i) b.iter_vars[i].binding = simple[i];
    });
  }

  // The bindings as sums of splits; as they are when they are no iterator map.
  std::vector<Expr> normalized(const std::vector<Expr>& bindings, const Expr& predicate) {
    IterMapOptions options{IterMapLevel::kSurjective, !preserve_unit_iters_};
    IterMapResult map = detect_iter_map(bindings, loops_, predicate, analyzer_, options);
    // A predicate can hide a map that is there without it.
    if (!map) map = detect_iter_map(bindings, loops_, bool_imm(true), analyzer_, options);
    if (!map) return bindings;
    std::vector<Expr> result;
    for (const IterSum& sum : map.indices) result.push_back(normalize_iter_map_to_expr(sum));
    return result;
  }

  RangeMap loops_;
  bool preserve_unit_iters_;
  Analyzer analyzer_;  // knows no bounds: a unit loop must not be replaced by its value
};

}  // namespace

Stmt append_predicate(const Stmt& stmt, const Expr& condition) {
  if (!stmt) return stmt;
  if (is_block(stmt)) {
    return edit_block(stmt, [&](Block& b) { b.predicate = conjunction(b.predicate, condition); });
  }
  Rewriter children;
  children.stmt = [&](const Stmt& s) { return append_predicate(s, condition); };
  return map_stmt_children(stmt, children);
}

Expr conjunction(const Expr& a, const Expr& b) {
  if (!a || is_int(a, 1)) return b;
  if (!b || is_int(b, 1)) return a;
  return logical_and(a, b);
}

std::vector<Expr> conjuncts(const Expr& predicate) {
  if (!predicate || is_int(predicate, 1)) return {};
  if (const auto* both = predicate.as<Binary>(); both && both->op == BinaryOp::kAnd) {
    std::vector<Expr> parts = conjuncts(both->a);
    for (const Expr& e : conjuncts(both->b)) parts.push_back(e);
    return parts;
  }
  return {predicate};
}

Stmt simplify_bindings(const Stmt& stmt, const RangeMap& outer, bool preserve_unit_iters) {
  return BindingSimplifier(outer, preserve_unit_iters).run(stmt);
}

DataType common_int_type(const std::vector<Expr>& exprs) {
  DataType widest = kInt32;
  for (const Expr& e : exprs) {
    if (dtype_of(e).bits > widest.bits) widest = dtype_of(e);
  }
  return widest;
}

Stmt serial_loop(const Expr& loop_var, const Expr& extent, Stmt body) {
  For loop;
  loop.var = loop_var;
  loop.min = zero_of(loop_var);
  loop.extent = extent;
  loop.body = std::move(body);
  return loop;
}

Stmt serial_loops(const std::vector<Expr>& vars, const std::vector<Expr>& extents, Stmt body) {
  for (std::size_t i = vars.size(); i-- > 0;) {
    body = serial_loop(vars[i], extents[i], std::move(body));
  }
  return body;
}

Expr zero_of(const Expr& like) { return int_imm(dtype_of(like), 0); }
Expr add(const Expr& a, const Expr& b) {
  if (is_zero(a)) return cast(common_int_type({a, b}), b);
  if (is_zero(b)) return cast(common_int_type({a, b}), a);
  return a + b;
}

Expr multiply(const Expr& a, const Expr& b) {
  if (is_one(a)) return cast(common_int_type({a, b}), b);
  if (is_one(b)) return cast(common_int_type({a, b}), a);
  return a * b;
}

bool is_zero(const Expr& e) { return is_int(e, 0); }
bool is_one(const Expr& e) { return is_int(e, 1); }

std::vector<BufferRegion> replace_buffer(const std::vector<BufferRegion>& regions,
                                         const Buffer& from, const Buffer& to) {
  std::vector<BufferRegion> result = regions;
  for (BufferRegion& region : result) {
    if (region.buffer.same_as(from)) region.buffer = to;
  }
  return result;
}

std::vector<BufferRegion> substitute_regions(const std::vector<BufferRegion>& regions,
                                             const VarMap& map) {
  std::vector<BufferRegion> result = regions;
  for (BufferRegion& region : result) {
    for (Range& range : region.region) {
      range = {substitute(range.min, map), substitute(range.extent, map)};
    }
  }
  return result;
}

BufferRegion full_region(const Buffer& buffer) {
  BufferRegion region{buffer, {}};
  for (const Expr& extent : node(buffer).shape) region.region.push_back({zero_of(extent), extent});
  return region;
}

BufferRegion element_region(const Buffer& buffer, const std::vector<Expr>& indices) {
  BufferRegion region{buffer, {}};
  for (const Expr& index : indices) {
    region.region.push_back({index, int_imm(dtype_of(index), 1)});
  }
  return region;
}

Buffer renamed_buffer(const Buffer& buffer, const std::string& name, const std::string& scope) {
  BufferNode copy = node(buffer);
  copy.name = name;
  copy.data = make_pointer(name, var(copy.data).pointee, scope);
  copy.scope = scope;
  return copy;
}

Stmt allocating_block(const Stmt& function_body, const Buffer& buffer) {
  for (const Stmt& block : all_blocks(function_body)) {
    for (const Buffer& b : block.get<Block>().alloc_buffers) {
      if (b.same_as(buffer)) return block;
    }
  }
  return {};
}

}  // namespace tenon
