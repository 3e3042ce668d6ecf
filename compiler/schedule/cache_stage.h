// Copy stages: what cache_read, cache_write and reindex share. A stage is a block that copies one
// buffer to another, placed right after the block that makes the data.
#pragma once
#include <string>
#include <vector>

#include "compiler/schedule/tree.h"

namespace tenon {

// Where a stage goes: into the statements of `parent` (the scope block or a loop inside it).
struct StagePlace {
  Site parent;
  std::size_t position = 0;  // among the statements of its body
};

// Right after `writer`, in the smallest statement sequence that also holds one of `readers`; at the
// end of the scope when there are none.
StagePlace place_after(const Site& scope, const tir::Stmt& writer,
                       const std::vector<tir::Stmt>& readers);
// What `region` (of `block`) covers in one iteration of the stage's parent.
std::vector<tir::Range> relaxed_region(const Site& block, const tir::BufferRegion& region,
                                       const Site& parent);

struct CopyStage {
  std::string name;
  tir::Buffer source, target;
  std::vector<tir::Range> region;
};
// for ax0, ax1: block NAME: target[v0, v1] = source[v0, v1]
tir::Stmt make_copy_stage(const CopyStage& stage);

// The statement with `stage` put among the statements of its body at `position`.
tir::Stmt insert_stage(const tir::Stmt& parent, std::size_t position, const tir::Stmt& stage);

// Loads, stores and declared regions of `from` below and at `block` turned to `to`.
tir::Stmt redirect_buffer(const tir::Stmt& block, const tir::Buffer& from, const tir::Buffer& to);
tir::Stmt redirect_reads(const tir::Stmt& block, const tir::Buffer& from, const tir::Buffer& to);

// Throws when a block below matches `buffer` as a view: views of another scope cannot follow it.
void check_not_matched(const Schedule& schedule, const Site& block, const tir::Buffer& buffer,
                       const std::string& scope, const std::string& what);

// The writers of `buffer` among the blocks directly in the scope.
std::vector<tir::Stmt> writers_in(const Site& scope, const tir::Buffer& buffer);

}  // namespace tenon
