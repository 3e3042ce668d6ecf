#include "tuner/space/trace_builder.h"

#include <algorithm>
#include <cctype>

#include "compiler/arith/index_map.h"
#include "compiler/ir/dtype.h"
#include "compiler/schedule/index_map_json.h"

namespace tenon {
namespace {

tir::AttrValue number(std::int64_t n) { return {n}; }
tir::AttrValue boolean(bool b) { return {b}; }
tir::AttrValue text(const std::string& s) { return {s}; }

tir::AttrValue list(const std::vector<std::int64_t>& values) {
  tir::AttrValue::List items;
  for (const std::int64_t value : values) items.push_back({value});
  return {std::move(items)};
}

tir::AttrValue names(const std::vector<std::string>& values) {
  tir::AttrValue::List items;
  for (const std::string& value : values) items.push_back({value});
  return {std::move(items)};
}

}  // namespace

void TraceBuilder::add(const std::string& kind, std::vector<tir::AttrValue> inputs,
                       std::vector<tir::AttrValue> attrs, Names outputs) {
  trace_.instructions.push_back({kind, std::move(inputs), std::move(attrs), std::move(outputs)});
}

tir::AttrValue TraceBuilder::value(const std::string& s) {
  const bool is_number = !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) {
    return std::isdigit(c) != 0;
  });
  return is_number ? number(std::stoll(s)) : text(s);
}

std::string TraceBuilder::sample(const std::vector<std::int64_t>& candidates,
                                 std::size_t decision) {
  const std::string name = fresh('v');
  tir::AttrValue::List probabilities;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    probabilities.push_back({1.0 / static_cast<double>(candidates.size())});
  }
  trace_.decisions[trace_.instructions.size()] = number(static_cast<std::int64_t>(decision));
  add("SampleCategorical", {}, {list(candidates), {std::move(probabilities)}}, {name});
  return name;
}

std::string TraceBuilder::get_sblock(const std::string& name) {
  const std::string block = fresh('b');
  add("GetSBlock", {}, {text(name), text("main")}, {block});
  return block;
}

TraceBuilder::Names TraceBuilder::get_loops(const std::string& block, std::size_t count) {
  Names loops;
  for (std::size_t i = 0; i < count; ++i) loops.push_back(fresh('l'));
  add("GetLoops", {text(block)}, {}, loops);
  return loops;
}

TraceBuilder::Names TraceBuilder::split(const std::string& loop, const Names& factors, Split how) {
  Names loops;
  std::vector<tir::AttrValue> inputs{text(loop)};
  for (const std::string& factor : factors) {
    loops.push_back(fresh('l'));
    inputs.push_back(value(factor));
  }
  add("Split", std::move(inputs),
      {boolean(how.preserve_unit_iters), boolean(how.disable_predication)}, loops);
  return loops;
}

std::string TraceBuilder::fuse(const Names& loops) {
  if (loops.size() == 1) return loops.front();
  const std::string loop = fresh('l');
  std::vector<tir::AttrValue> inputs;
  for (const std::string& name : loops) inputs.push_back(text(name));
  add("Fuse", std::move(inputs), {boolean(true)}, {loop});
  return loop;
}

void TraceBuilder::reorder(const Names& loops) {
  std::vector<tir::AttrValue> inputs;
  for (const std::string& name : loops) inputs.push_back(text(name));
  add("Reorder", std::move(inputs), {}, {});
}

void TraceBuilder::parallel(const std::string& loop) { add("Parallel", {text(loop)}, {}, {}); }
void TraceBuilder::vectorize(const std::string& loop) { add("Vectorize", {text(loop)}, {}, {}); }
void TraceBuilder::unroll(const std::string& loop) { add("Unroll", {text(loop)}, {}, {}); }

void TraceBuilder::annotate(const std::string& target, const std::string& key, std::int64_t n) {
  add("Annotate", {text(target), number(n)}, {text(key)}, {});
}

std::string TraceBuilder::cache_read(const std::string& block, int buffer_index,
                                     const std::string& scope) {
  const std::string made = fresh('b');
  add("CacheRead", {text(block), names({})}, {number(buffer_index), text(scope)}, {made});
  return made;
}

std::string TraceBuilder::cache_write(const std::string& block, int buffer_index,
                                      const std::string& scope) {
  const std::string made = fresh('b');
  add("CacheWrite", {text(block), names({})}, {number(buffer_index), text(scope)}, {made});
  return made;
}

void TraceBuilder::set_scope(const std::string& block, int buffer_index, const std::string& scope) {
  add("SetScope", {text(block)}, {number(buffer_index), text(scope)}, {});
}

void TraceBuilder::transform_layout(const std::string& block, int buffer_index,
                                    const Layout& layout) {
  const DataType dtype = parse_dtype(layout.dtype);
  IndexMap map;
  for (int i = 0; i < layout.rank; ++i) {
    map.initial_vars.push_back(tir::make_var("i" + std::to_string(i), dtype));
  }
  for (const LayoutTerm& term : layout.terms) {
    tir::Expr e = map.initial_vars[static_cast<std::size_t>(term.initial)];
    if (term.div > 1) e = tir::floor_div(e, tir::int_imm(dtype, term.div));
    if (term.mod > 0) e = tir::floor_mod(e, tir::int_imm(dtype, term.mod));
    map.final_exprs.push_back(e);
  }
  tir::AttrValue pad;
  if (layout.pads) {
    IndexMap zero;
    zero.initial_vars = map.initial_vars;
    for (tir::Expr& var : zero.initial_vars) var = tir::make_var(tir::var(var).name, dtype);
    zero.final_exprs = {tir::float_imm(kFloat32, 0)};
    pad = {to_json(zero)};
  }
  constexpr int kReadBuffer = 0;
  add("TransformLayout", {text(block), text(to_json(map))},
      {number(buffer_index), number(kReadBuffer), pad, number(0)}, {});
}

void TraceBuilder::compute_at(const std::string& block, const std::string& loop) {
  add("ComputeAt", {text(block), text(loop)}, {boolean(false), number(-1)}, {});
}
void TraceBuilder::reverse_compute_at(const std::string& block, const std::string& loop) {
  add("ReverseComputeAt", {text(block), text(loop)}, {boolean(false), number(-1)}, {});
}
void TraceBuilder::compute_inline(const std::string& block) {
  add("ComputeInline", {text(block)}, {}, {});
}

std::string TraceBuilder::decompose_reduction(const std::string& block, const std::string& loop) {
  const std::string made = fresh('b');
  add("DecomposeReduction", {text(block), text(loop)}, {}, {made});
  return made;
}

std::string TraceBuilder::rfactor(const std::string& loop, int factor_axis) {
  const std::string made = fresh('b');
  add("RFactor", {text(loop)}, {number(factor_axis)}, {made});
  return made;
}

}  // namespace tenon
