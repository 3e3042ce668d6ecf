// pad_einsum(block, [16, 16, 16]): the extents of the block's iters grow to multiples; operands
// are copied to padded buffers filled with zeros, results copied back.
//
//   for i in range(37): block C: C[i] += A[i]
//   -> block A_pad: A_pad[v] = if v < 37: A[v] else 0;  for i in range(48): block C: C_pad[i] += ..
//      block C_pad: C[v] = C_pad[v]
//
// Zeros are neutral in sums of products; for other bodies the caller answers that they are.
#include <algorithm>
#include <set>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

void check_padding(const Schedule& schedule, const Site& site,
                   const std::vector<std::int64_t>& padding, const std::string& what) {
  bool is_positive =
      std::all_of(padding.begin(), padding.end(), [](std::int64_t p) { return p > 0; });
  if (is_positive && padding.size() == site.block().iter_vars.size()) return;
  schedule_error(
      schedule, site,
      str_cat(what, ": block ", site.block().name, " has ", site.block().iter_vars.size(),
              " iters; one positive number for each is needed"));
}

// Every access names a buffer of its own by plain iters.
void check_einsum(const Schedule& schedule, const Site& site, const std::string& what) {
  std::set<Buffer, IdLess> seen;
  for (const auto* regions : {&site.block().reads, &site.block().writes}) {
    for (const BufferRegion& region : *regions) {
      bool is_plain = seen.insert(region.buffer).second;
      for (const Range& range : region.region) {
        is_plain &= is_one(range.extent) && range.min.as<Var>();
      }
      if (is_plain) continue;
      schedule_error(schedule, site,
                     what + ": block " + site.block().name + " is no einsum: it accesses buffer " +
                         node(region.buffer).name +
                         " at more than one place, or not by plain iters");
    }
  }
}

// Iter vars and loop variables that grow -> their new extent.
using Extents = std::map<Expr, Expr, IdLess>;

Extents padded_extents(const Site& site, const std::vector<std::int64_t>& padding) {
  Analyzer analyzer;
  Extents extents;
  for (std::size_t i = 0; i < padding.size(); ++i) {
    const IterVar& iter = site.block().iter_vars[i];
    const Expr& old = iter.domain.extent;
    Expr by = int_imm(dtype_of(old), padding[i]);
    Expr rounded = floor_div(old + by - int_imm(dtype_of(old), 1), by) * by;
    Expr extent = analyzer.simplify(rounded);
    if (analyzer.can_prove_equal(extent, old)) continue;
    extents[iter.var] = extent;
    if (iter.binding.as<Var>()) extents[iter.binding] = extent;
  }
  return extents;
}

bool needs_padding(const BufferRegion& region, const Extents& extents) {
  return std::any_of(region.region.begin(), region.region.end(),
                     [&](const Range& range) { return extents.count(range.min) > 0; });
}

Buffer padded_buffer(const BufferRegion& region, const Extents& extents) {
  BufferNode copy = node(region.buffer);
  copy.name += "_pad";
  copy.data = make_pointer(copy.name, var(copy.data).pointee, copy.scope);
  copy.strides.clear();
  for (std::size_t i = 0; i < copy.shape.size(); ++i) {
    auto it = extents.find(region.region[i].min);
    if (it != extents.end()) copy.shape[i] = it->second;
  }
  return copy;
}

// for i0, i1: block PADDED: target[v0, v1] = source[v0, v1], zero outside `source` where padded.
Stmt copy_nest(const Buffer& source, const Buffer& target, const std::string& name) {
  Block block;
  block.id = new_block_id();
  block.name = name;
  block.predicate = bool_imm(true);
  std::vector<Expr> loop_vars, extents, indices;
  Expr inside = bool_imm(true);
  for (std::size_t i = 0; i < node(target).shape.size(); ++i) {
    const Expr& extent = node(target).shape[i];
    loop_vars.push_back(make_var(str_cat("i", i), dtype_of(extent)));
    extents.push_back(extent);
    IterVar iter;
    iter.var = make_var(str_cat("v", i), dtype_of(extent));
    iter.domain = {zero_of(extent), extent};
    iter.binding = loop_vars.back();
    indices.push_back(iter.var);
    block.iter_vars.push_back(iter);
    const Expr& limit = node(source).shape[i];
    Analyzer analyzer;
    if (!analyzer.can_prove_less_equal(extent, limit)) {
      inside = conjunction(inside, less(iter.var, limit));
    }
  }
  Expr value = load(source, indices);
  if (!is_int(inside, 1)) value = if_then_else(inside, value, constant(node(source).dtype, 0));
  block.reads = {element_region(source, indices)};
  block.writes = {element_region(target, indices)};
  block.body = store(target, indices, value);
  return serial_loops(loop_vars, extents, block);
}

// The nest around the block with loops and iters grown and buffers exchanged.
Stmt padded_nest(const Stmt& top, const Stmt& block, const Extents& extents,
                 const BufferMap& buffers) {
  VarMap vars;
  for (const auto& [from, to] : buffers) vars[node(from).data] = node(to).data;
  Stmt changed = edit_block(substitute(block, vars, buffers), [&](Block& b) {
    for (IterVar& iter : b.iter_vars) {
      if (auto it = extents.find(iter.var); it != extents.end()) iter.domain.extent = it->second;
    }
  });
  Rewriter loops;
  loops.stmt = [&](const Stmt& s) -> Stmt {
    const auto* loop = s.as<For>();
    if (!loop || !extents.count(loop->var)) return s;
    For copy = *loop;
    copy.extent = extents.at(loop->var);
    return copy;
  };
  return rewrite(replace_stmts(top, {{block, changed}}), loops);
}

}  // namespace

Schedule pad_einsum(const Schedule& schedule, const BlockRef& ref,
                    const std::vector<std::int64_t>& padding) {
  Site site = site_of(schedule, ref);
  const std::string what =
      str_cat("pad_einsum(", site.block().name, ", [", join(padding, ", "), "])");
  std::size_t scope_at = scope_index(schedule, site, what);
  Site scope = cut(site, scope_at);
  check_stage_pipeline(schedule, scope, what);
  check_padding(schedule, site, padding, what);
  check_einsum(schedule, site, what);
  Extents extents = padded_extents(site, padding);
  if (extents.empty()) return schedule;

  BufferMap buffers;
  std::vector<Buffer> made;
  std::vector<Stmt> before, after;
  for (const BufferRegion& read : site.block().reads) {
    if (!needs_padding(read, extents)) continue;
    made.push_back(padded_buffer(read, extents));
    buffers[read.buffer] = made.back();
    before.push_back(copy_nest(read.buffer, made.back(), node(made.back()).name));
  }
  for (const BufferRegion& write : site.block().writes) {
    if (!needs_padding(write, extents)) continue;
    made.push_back(padded_buffer(write, extents));
    buffers[write.buffer] = made.back();
    after.push_back(copy_nest(made.back(), write.buffer, node(made.back()).name));
  }
  std::size_t top_at = scope_at + 1;
  while (site.path[top_at].as<Seq>()) ++top_at;
  const Stmt& top = site.path[top_at];
  std::vector<Stmt> stmts = before;
  stmts.push_back(padded_nest(top, site.stmt(), extents, buffers));
  stmts.insert(stmts.end(), after.begin(), after.end());
  Stmt body = edit_block(replace_stmts(scope.stmt(), {{top, seq(stmts)}}), [&](Block& b) {
    b.alloc_buffers.insert(b.alloc_buffers.end(), made.begin(), made.end());
  });
  return replace(schedule, scope, body);
}

}  // namespace tenon
