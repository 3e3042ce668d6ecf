#include "tuner/space/facts.h"

#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/support/error.h"
#include "compiler/tir/accesses.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

std::vector<std::int64_t> layout_free_params(const tir::PrimFunc& func) {
  std::vector<std::int64_t> result;
  const auto it = func.attrs.find("layout_free_buffers");
  if (it == func.attrs.end()) return result;
  for (const tir::AttrValue& item : std::get<tir::AttrValue::List>(it->second.value)) {
    if (const auto* i = std::get_if<std::int64_t>(&item.value)) result.push_back(*i);
    if (const auto* e = std::get_if<tir::Expr>(&item.value)) {
      if (const auto i = tir::as_int(*e)) result.push_back(*i);
    }
  }
  return result;
}

class Reader {
 public:
  explicit Reader(const tir::PrimFunc& func) : func_(func), free_(layout_free_params(func)) {}

  WorkloadFacts run() {
    WorkloadFacts facts;
    const tir::Block& root = tir::root_block(func_);
    tir::walk(root.body, {.expr = {},
                          .stmt =
                              [&](const tir::Stmt& s) {
                                if (const auto* block = s.as<tir::Block>()) {
                                  facts.blocks.push_back(read(*block));
                                  return false;
                                }
                                return true;
                              },
                          .buffer = {}});
    CHECK(!facts.blocks.empty()) << "a workload has at least one block";
    choose_roles(facts);
    return facts;
  }

 private:
  AccessFacts access(const tir::Buffer& buffer, const std::vector<tir::Expr>& indices) const {
    AccessFacts result{buffer, indices, -1, false};
    for (std::size_t i = 0; i < func_.params.size(); ++i) {
      if (func_.params[i].buffer && func_.params[i].buffer.same_as(buffer)) {
        result.param = static_cast<int>(i);
      }
    }
    result.is_layout_free = std::count(free_.begin(), free_.end(), result.param) > 0;
    return result;
  }

  BlockFacts read(const tir::Block& block) const {
    BlockFacts facts;
    facts.name = block.name;
    facts.is_reduction = static_cast<bool>(block.init);
    for (const tir::IterVar& iter : block.iter_vars) {
      facts.vars.push_back(iter.var);
      facts.extents.push_back(tir::as_int(iter.domain.extent).value_or(0));
      if (iter.kind == tir::IterKind::kSpatial) ++facts.num_spatial;
    }
    const auto* store = block.body.as<tir::Store>();
    CHECK(store) << "block " << block.name << " is no single store";
    facts.store = access(store->buffer, store->indices);
    for (const tir::BufferRegion& region : tir::point_reads(store->value)) {
      if (region.buffer.same_as(store->buffer)) continue;
      std::vector<tir::Expr> indices;
      for (const tir::Range& range : region.region) indices.push_back(range.min);
      facts.loads.push_back(access(region.buffer, indices));
    }
    const auto* call = store->value.as<tir::Call>();
    facts.is_padding = call && call->op == tir::Intrinsic::kIfThenElse;
    return facts;
  }

  static double domain(const BlockFacts& block) {
    double points = 1;
    for (const std::int64_t extent : block.extents)
      points *= extent > 0 ? static_cast<double>(extent) : 1;
    return points;
  }

  static void choose_roles(WorkloadFacts& facts) {
    facts.anchor = facts.blocks.size() - 1;
    double largest = 0;
    for (std::size_t i = 0; i < facts.blocks.size(); ++i) {
      if (facts.blocks[i].is_reduction && domain(facts.blocks[i]) > largest) {
        largest = domain(facts.blocks[i]);
        facts.anchor = i;
      }
    }
    const BlockFacts& anchor = facts.blocks[facts.anchor];
    for (std::size_t i = 0; i < facts.anchor; ++i) {
      const BlockFacts& block = facts.blocks[i];
      if (block.is_padding && !anchor.loads.empty() &&
          anchor.loads[0].buffer.same_as(block.store.buffer)) {
        facts.padding = i;
      }
    }
    for (std::size_t i = facts.anchor + 1; i < facts.blocks.size(); ++i) {
      const BlockFacts& block = facts.blocks[i];
      if (block.is_reduction || block.num_spatial != anchor.num_spatial) continue;
      for (const AccessFacts& load : block.loads) {
        if (load.buffer.same_as(anchor.store.buffer)) facts.epilogue = i;
      }
    }
  }

  const tir::PrimFunc& func_;
  std::vector<std::int64_t> free_;
};

}  // namespace

WorkloadFacts workload_facts(const tir::PrimFunc& func) { return Reader(func).run(); }

bool is_vector_access(const AccessFacts& access, const tir::Expr& var) {
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    if (!tir::uses_var(access.indices[i], var)) continue;
    if (i + 1 != access.indices.size() || !access.indices[i].same_as(var)) return false;
  }
  return true;
}

std::int64_t step_of(const tir::Expr& index, const std::vector<tir::Expr>& vars,
                     const tir::Expr& var) {
  const auto at = [&](std::int64_t value) {
    tir::VarMap values;
    for (const tir::Expr& v : vars) {
      values[v] = tir::int_imm(tir::dtype_of(v), v.same_as(var) ? value : 0);
    }
    Analyzer analyzer;
    return tir::as_int(analyzer.simplify(tir::substitute(index, values))).value_or(0);
  };
  return at(1) - at(0);
}

}  // namespace tenon
