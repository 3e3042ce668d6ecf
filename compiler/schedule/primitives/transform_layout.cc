// transform_layout(block, read 0, map): a buffer in another order of elements, everywhere it is
// used.
//
//   B: (64, 64); C[i] = B[k, j]   ->   B: (4, 64, 16); C[i] = B[j // 16, k, j % 16]
//
// Where the map leaves room, `pad_value` says what stands there: a caller keeps it in a parameter
// (stated by an assume block at the start).
#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/layout.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Target {
  Site site;
  Buffer buffer;
  bool is_param = false;
};

Target find_target(const Schedule& schedule, const TransformLayoutArgs& args,
                   const std::string& what) {
  Target target{site_of(schedule, args.block), {}, false};
  target.buffer = args.use == BufferUse::kRead
                      ? read_buffer(schedule, target.site, args.buffer_index, what)
                      : written_buffer(schedule, target.site, args.buffer_index, what);
  const PrimFunc& func = schedule.module.functions[target.site.function].second;
  for (const Param& param : func.params) {
    target.is_param |= param.buffer && param.buffer.same_as(target.buffer);
  }
  if (!target.is_param && !allocating_block(func.body, target.buffer)) {
    schedule_error(schedule, target.site,
                   what + ": buffer " + node(target.buffer).name +
                       " is neither a parameter nor allocated by a block");
  }
  if (args.map.initial_vars.size() != node(target.buffer).shape.size()) {
    schedule_error(schedule, target.site,
                   str_cat(what, ": buffer ", node(target.buffer).name, " has ",
                           node(target.buffer).shape.size(), " axes, the map takes ",
                           args.map.initial_vars.size()));
  }
  return target;
}

bool is_written(const Stmt& body, const Buffer& buffer) {
  for (const Buffer& written : buffers_written(body)) {
    if (written.same_as(buffer)) return true;
  }
  return false;
}

// block buffer_B_assumptions: T.assume(not padding or B[..] == pad)
Stmt assume_block(const Buffer& buffer, const IndexMap& map, const PaddedInverse& inverse,
                  const Expr& pad) {
  Block block;
  block.id = new_block_id();
  block.name = "buffer_" + node(buffer).name + "_assumptions";
  block.predicate = bool_imm(true);
  std::vector<Expr> loop_vars, extents, indices;
  VarMap padding_vars;
  for (std::size_t i = 0; i < map.final_exprs.size(); ++i) {
    const Expr& extent = node(buffer).shape[i];
    loop_vars.push_back(make_var(axis_name(map, i), dtype_of(extent)));
    extents.push_back(extent);
    IterVar iter;
    iter.var = make_var("v_" + axis_name(map, i), dtype_of(extent));
    iter.domain = {zero_of(extent), extent};
    iter.binding = loop_vars.back();
    block.iter_vars.push_back(iter);
    indices.push_back(iter.var);
    padding_vars[inverse.map.initial_vars[i]] = iter.var;
  }
  Expr padded = substitute(inverse.padding_predicate, padding_vars);
  Expr holds = binary(BinaryOp::kOr, logical_not(padded), equal(load(buffer, indices), pad));
  block.reads = {element_region(buffer, indices)};
  block.body = Evaluate{call(Intrinsic::kAssume, kBoolType, {holds})};
  return serial_loops(loop_vars, extents, block);
}

// c <= v as v == c where c is the last value of v.
Expr at_last(const Expr& part, const std::vector<Expr>& vars, const std::vector<Expr>& shape) {
  const auto* b = part.as<Binary>();
  auto low = b && b->op == BinaryOp::kLe ? as_int(b->a) : std::nullopt;
  for (std::size_t i = 0; low && i < vars.size(); ++i) {
    if (vars[i].same_as(b->b) && is_int(shape[i], *low + 1)) return equal(b->b, b->a);
  }
  return part;
}

// The inverse with the names that loops over the new layout get.
PaddedInverse named(const PaddedInverse& inverse, const IndexMap& map,
                    const std::vector<Expr>& shape) {
  PaddedInverse result = inverse;
  VarMap names;
  for (std::size_t i = 0; i < map.final_exprs.size(); ++i) {
    const Expr& old = inverse.map.initial_vars[i];
    names[old] = make_var(axis_name(map, i), dtype_of(old));
    result.map.initial_vars[i] = names.at(old);
  }
  for (Expr& e : result.map.final_exprs) e = substitute(e, names);
  // What is kept as it is keeps its variable, even where it takes one value only.
  for (std::size_t i = 0; i < map.final_exprs.size(); ++i) {
    for (std::size_t k = 0; k < map.initial_vars.size(); ++k) {
      if (map.final_exprs[i].same_as(map.initial_vars[k])) {
        result.map.final_exprs[k] = result.map.initial_vars[i];
      }
    }
  }
  Expr padded = bool_imm(true);
  for (const Expr& part : conjuncts(substitute(inverse.padding_predicate, names))) {
    padded = conjunction(padded, at_last(part, result.map.initial_vars, shape));
  }
  result.padding_predicate = padded;
  return result;
}

Stmt in_front(const Stmt& root, const Stmt& stage) {
  return edit_block(root, [&](Block& b) { b.body = seq({stage, b.body}); });
}

}  // namespace

Schedule transform_layout(const Schedule& schedule, const TransformLayoutArgs& args) {
  const std::string what = "transform_layout(" + site_of(schedule, args.block).block().name + ")";
  Target target = find_target(schedule, args, what);
  Analyzer analyzer;
  std::vector<Range> ranges;
  for (const Expr& extent : node(target.buffer).shape) ranges.push_back({zero_of(extent), extent});
  std::optional<PaddedInverse> inverse;
  if (!args.assume_injective || args.pad_value) {
    inverse = non_surjective_inverse_of(args.map, ranges, analyzer);
  }
  bool is_padded = inverse && !is_zero(inverse->padding_predicate);
  if (is_padded && !args.pad_value) {
    schedule_error(schedule, target.site,
                   what + ": the map leaves room in buffer " + node(target.buffer).name +
                       " and no pad value is given");
  }
  PrimFunc func = schedule.module.functions[target.site.function].second;
  BufferNode changed = node(target.buffer);
  changed.shape = map_shape(args.map, changed.shape, analyzer);
  changed.strides.clear();
  Buffer moved = changed;
  Stmt body = func.body;
  bool is_written_here = is_written(body, target.buffer);
  if (is_padded && is_written_here) {
    body = with_written_padding(body, target.buffer, moved,
                                named(*inverse, args.map, changed.shape), *args.pad_value);
  }
  body = relaid(body, target.buffer, moved, args.map);
  if (is_padded && !is_written_here) {
    const Expr& pad = args.pad_value->final_exprs.front();
    body = in_front(body, assume_block(moved, args.map, *inverse, pad));
  }
  for (Param& param : func.params) {
    if (param.buffer && param.buffer.same_as(target.buffer)) param.buffer = moved;
  }
  Schedule result = schedule;
  func.body = body;
  result.module.functions[target.site.function].second = func;
  return result;
}

}  // namespace tenon
