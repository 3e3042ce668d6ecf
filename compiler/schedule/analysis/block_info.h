// The notions that preconditions are written in: complete and reduction blocks, affine bindings,
// covered regions, stage pipelines and compact dataflow.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compiler/schedule/analysis/scope.h"
#include "compiler/tir/visit.h"

namespace tenon {

// Whether the bindings split and fuse the loops around the block without overlap.
bool has_affine_binding(const Site& block);
std::optional<std::string> why_not_affine(const Site& block);
// As has_affine_binding, with loops that run backwards in the bindings (62 - 2 * i + j) turned.
bool has_affine_binding_turned(const Site& block);
// Whether each iter var is bound to one loop variable, or to a constant, in any order.
bool has_trivial_binding(const tir::Block& block);

// The iter vars of one kind.
std::vector<tir::Expr> iters_of_kind(const tir::Block& block, tir::IterKind kind);
bool has_only_spatial_iters(const tir::Block& block);
bool has_only_spatial_and_reduce_iters(const tir::Block& block);

// Why the block is not complete within `scope` (all iters spatial, the only writer of what it
// writes, reads and writes apart); nothing when it is.
std::optional<std::string> why_not_complete(const Site& block, const BlockScope& scope);
// Why it is not a reduction block within `scope` (init, affine binding, iters spatial or reduce,
// the only writer, reduce iters do not index what is written); nothing when it is.
std::optional<std::string> why_not_reduction(const Site& block, const BlockScope& scope);
bool is_complete(const Site& block, const BlockScope& scope);
bool is_reduction(const Site& block, const BlockScope& scope);

// What the block reads and writes in terms of the loops around it.
std::vector<tir::BufferRegion> unbound_reads(const tir::Block& block);
std::vector<tir::BufferRegion> unbound_writes(const tir::Block& block);
// Iter var -> binding.
tir::VarMap bindings_of(const tir::Block& block);

// Whether every read of `consumer` from a block of the scope is covered by what that producer has
// written before it. `scope_site` is the block around both.
bool is_region_covered(const Site& scope_site, const BlockScope& scope, const tir::Stmt& consumer);
// Why the scope block is not a stage pipeline; nothing when it is.
std::optional<std::string> why_not_stage_pipeline(const Site& scope_site);

// Throw a schedule_error that starts with `what`, the call as the user wrote it.
void check_stage_pipeline(const Schedule& schedule, const Site& scope_site,
                          const std::string& what);
// Every block below `subtree` is complete or a reduction among the blocks below it.
void check_compact_dataflow(const Schedule& schedule, const Site& subtree, const std::string& what);
void check_affine_binding(const Schedule& schedule, const Site& block, const std::string& what);
// The block is complete, or complete or a reduction, in its scope block.
void check_complete(const Schedule& schedule, const Site& block, const std::string& what);
void check_reduction(const Schedule& schedule, const Site& block, const std::string& what);
void check_complete_or_reduction(const Schedule& schedule, const Site& block,
                                 const std::string& what);
// Whether the block writes a buffer that its scope block does not allocate.
bool is_output_block(const Site& scope_site, const tir::Stmt& block);

}  // namespace tenon
