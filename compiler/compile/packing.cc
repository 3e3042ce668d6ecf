#include "compiler/compile/packing.h"

#include <cstring>

#include "compiler/arith/index_map.h"
#include "compiler/schedule/index_map_json.h"
#include "compiler/schedule/traced_schedule.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

std::vector<std::int64_t> constant_shape(const tir::Buffer& buffer) {
  std::vector<std::int64_t> shape;
  for (const tir::Expr& dim : tir::node(buffer).shape) {
    const auto value = tir::as_int(dim);
    if (!value) {
      throw UserError("parameter " + tir::node(buffer).name +
                      " is repacked but its shape is not constant");
    }
    shape.push_back(*value);
  }
  return shape;
}

bool is_layout_free(const tir::PrimFunc& func, std::size_t param) {
  const auto it = func.attrs.find("layout_free_buffers");
  if (it == func.attrs.end()) return false;
  for (const tir::AttrValue& item : std::get<tir::AttrValue::List>(it->second.value)) {
    if (const auto* i = std::get_if<std::int64_t>(&item.value)) {
      if (static_cast<std::size_t>(*i) == param) return true;
    }
    if (const auto* e = std::get_if<tir::Expr>(&item.value)) {
      if (tir::is_int(*e, static_cast<std::int64_t>(param))) return true;
    }
  }
  return false;
}

// The logical index at a packed index, by evaluating the inverse there.
std::vector<std::int64_t> logical_at(const IndexMap& inverse, const std::vector<std::int64_t>& p) {
  tir::VarMap values;
  for (std::size_t j = 0; j < p.size(); ++j) {
    values[inverse.initial_vars[j]] = tir::int_imm(tir::dtype_of(inverse.initial_vars[j]), p[j]);
  }
  std::vector<std::int64_t> d;
  Analyzer analyzer;
  for (const tir::Expr& e : inverse.final_exprs) {
    const auto value = tir::as_int(analyzer.simplify(tir::substitute(e, values)));
    CHECK(value) << "an inverse index map is not constant at a constant index";
    d.push_back(*value);
  }
  return d;
}

// Rows of coefficients, checked at unit vectors and at the far corner.
std::vector<std::int64_t> linear_map(const IndexMap& inverse,
                                     const std::vector<std::int64_t>& packed,
                                     const std::string& name) {
  const std::size_t rank = packed.size(), rows = inverse.final_exprs.size();
  const std::vector<std::int64_t> origin(rank, 0);
  std::vector<std::int64_t> map(rows * rank, 0);
  bool is_linear = logical_at(inverse, origin) == std::vector<std::int64_t>(rows, 0);
  for (std::size_t j = 0; j < rank; ++j) {
    if (packed[j] < 2) continue;
    std::vector<std::int64_t> unit = origin;
    unit[j] = 1;
    const auto d = logical_at(inverse, unit);
    for (std::size_t i = 0; i < rows; ++i) map[i * rank + j] = d[i];
  }
  const auto check = [&](const std::vector<std::int64_t>& p) {
    const auto d = logical_at(inverse, p);
    for (std::size_t i = 0; i < rows; ++i) {
      std::int64_t sum = 0;
      for (std::size_t j = 0; j < rank; ++j) sum += map[i * rank + j] * p[j];
      is_linear = is_linear && sum == d[i];
    }
  };
  std::vector<std::int64_t> corner, middle;
  for (const std::int64_t extent : packed) {
    corner.push_back(extent - 1);
    middle.push_back(extent / 2);
  }
  check(corner);
  check(middle);
  if (!is_linear) {
    throw UserError("parameter " + name +
                    ": its new layout is no blocking or permutation of the "
                    "old one, so constants cannot be repacked");
  }
  return map;
}

ParamPacking make_packing(const tir::PrimFunc& before, const tir::PrimFunc& after,
                          std::size_t param, const IndexMap& map) {
  const tir::Buffer& from = before.params[param].buffer;
  const std::string& name = tir::node(from).name;
  if (!is_layout_free(before, param)) {
    throw UserError("parameter " + name +
                    ": its layout is changed, but it is not listed in "
                    "layout_free_buffers");
  }
  ParamPacking packing;
  packing.param = param;
  packing.logical = constant_shape(from);
  packing.packed = constant_shape(after.params[param].buffer);
  std::vector<tir::Range> ranges;
  for (std::size_t i = 0; i < packing.logical.size(); ++i) {
    const DataType dtype = tir::dtype_of(map.initial_vars[i]);
    ranges.push_back({tir::int_imm(dtype, 0), tir::int_imm(dtype, packing.logical[i])});
  }
  Analyzer analyzer;
  const PaddedInverse inverse = non_surjective_inverse_of(map, ranges, analyzer);
  packing.map = linear_map(inverse.map, packing.packed, name);
  return packing;
}

}  // namespace

ScheduledFunction schedule_function(const tir::PrimFunc& workload, const Trace& trace) {
  ScheduledFunction result;
  tir::TirModule module;
  module.functions.emplace_back("main", workload);
  TracedSchedule schedule(std::move(module));
  for (std::size_t i = 0; i < trace.instructions.size(); ++i) {
    const Instruction& step = trace.instructions[i];
    const auto decision = trace.decisions.find(i);
    const tir::PrimFunc before = schedule.schedule().module.functions.front().second;
    schedule.follow(step, decision == trace.decisions.end()
                              ? std::nullopt
                              : std::optional<tir::AttrValue>(decision->second));
    if (step.kind != "TransformLayout") continue;
    const tir::PrimFunc& after = schedule.schedule().module.functions.front().second;
    for (std::size_t p = 0; p < before.params.size(); ++p) {
      if (before.params[p].buffer.same_as(after.params[p].buffer)) continue;
      const IndexMap map = parse_index_map(std::get<std::string>(step.inputs[1].value));
      result.packings.push_back(make_packing(before, after, p, map));
    }
  }
  result.func = schedule.schedule().module.functions.front().second;
  return result;
}

relax::TensorRef pack_tensor(const relax::TensorData& logical, const ParamPacking& packing) {
  CHECK(logical.shape == packing.logical) << "a constant of another shape is packed";
  auto [tensor, bytes] = relax::make_tensor(logical.dtype, packing.packed);
  const std::size_t rank = packing.packed.size(), rows = packing.logical.size();
  const auto width = static_cast<std::size_t>(logical.dtype.size_bytes());
  // flat logical offset = sum of flat[j] * p[j]; an element is padding when a d[i] is outside.
  std::vector<std::int64_t> p(rank, 0), d(rows, 0);
  const std::int64_t count = tensor->num_elements();
  for (std::int64_t n = 0; n < count; ++n) {
    std::int64_t flat = 0;
    bool inside = true;
    for (std::size_t i = 0; i < rows; ++i) {
      inside = inside && d[i] >= 0 && d[i] < packing.logical[i];
      flat = flat * packing.logical[i] + d[i];
    }
    if (inside) {
      std::memcpy(bytes + static_cast<std::size_t>(n) * width,
                  logical.bytes + static_cast<std::size_t>(flat) * width, width);
    }
    for (std::size_t j = rank; j-- > 0;) {
      ++p[j];
      const bool carries = p[j] == packing.packed[j];
      const std::int64_t step = carries ? 1 - packing.packed[j] : 1;
      for (std::size_t i = 0; i < rows; ++i) d[i] += step * packing.map[i * rank + j];
      if (!carries) break;
      p[j] = 0;
    }
  }
  return tensor;
}

}  // namespace tenon
