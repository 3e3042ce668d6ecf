// What sketches look at in a workload: its blocks in order, their iteration domains and accesses.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/tir/stmt.h"

namespace tenon {

struct AccessFacts {
  tir::Buffer buffer;
  std::vector<tir::Expr> indices;
  int param = -1;               // the function's parameter, -1 for an intermediate
  bool is_layout_free = false;  // a constant weight that a schedule may repack
  std::size_t rank() const { return indices.size(); }
};

struct BlockFacts {
  std::string name;
  std::vector<tir::Expr> vars;        // iter vars: spatial ones first
  std::vector<std::int64_t> extents;  // 0: symbolic
  std::size_t num_spatial = 0;
  bool is_reduction = false;
  bool is_padding = false;
  AccessFacts store;
  std::vector<AccessFacts> loads;  // distinct, in order of first use; not the reduction's own
  std::size_t num_reduce() const { return extents.size() - num_spatial; }
  std::int64_t extent(std::size_t i) const { return extents[i]; }
};

struct WorkloadFacts {
  std::vector<BlockFacts> blocks;
  // The block that dominates the work: the reduction with the largest domain, else the last block.
  std::size_t anchor = 0;
  // The padding copy that feeds the anchor, the map that consumes it with the same shape.
  std::optional<std::size_t> padding, epilogue;
};

WorkloadFacts workload_facts(const tir::PrimFunc& func);

// Whether an access moves by one element (or not at all) when `var` moves by one: every index but
// the last is free of it, and the last is the variable alone or free of it.
bool is_vector_access(const AccessFacts& access, const tir::Expr& var);

// By how much `index` grows when `var` goes from 0 to 1 and every other of `vars` is 0.
std::int64_t step_of(const tir::Expr& index, const std::vector<tir::Expr>& vars,
                     const tir::Expr& var);

}  // namespace tenon
