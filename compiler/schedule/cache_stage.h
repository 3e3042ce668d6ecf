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
// end of the scope when there are none. A reader that stands before the writer gets its stage in
// front of itself.
StagePlace place_after(const Site& scope, const tir::Stmt& writer,
                       const std::vector<tir::Stmt>& readers);
// What `region` (of `block`) covers in one iteration of the stage's parent.
std::vector<tir::Range> relaxed_region(const Site& block, const tir::BufferRegion& region,
                                       const Site& parent);

// A copy of (part of) a buffer. Element `index` of the buffer is element `index - offset` of it.
struct Cache {
  tir::Buffer buffer, original;
  std::vector<tir::Expr> offset;
};
// A cache in `scope` for `region` of the buffer. It holds the region alone when the stage stands
// directly in a block, and has the buffer's shape below loops, where each iteration fills a part.
Cache make_cache(const tir::Buffer& original, const std::vector<tir::Range>& region,
                 const StagePlace& place, const std::string& scope);

enum class CopyDirection : std::uint8_t { kIntoCache, kOutOfCache };
// for ax0, ax1: block: cache[v0, v1] = original[v0, v1], or the other way. Its name is the cache's.
tir::Stmt make_copy_stage(const Cache& cache, const std::vector<tir::Range>& region,
                          CopyDirection direction);

// The statement with `stage` put among the statements of its body at `position`.
tir::Stmt insert_stage(const tir::Stmt& parent, std::size_t position, const tir::Stmt& stage);

// The schedule with `nest` at `place`, `cache` allocated by the scope block, and the statements of
// `edits` replaced; `made` is the block of the stage.
Changed<BlockRef> put_stage(const Schedule& schedule, const Site& scope, const StagePlace& place,
                            const tir::Stmt& nest, const tir::Buffer& cache, const BlockRef& made,
                            StmtMap edits);

// Loads, stores and declared regions of `from` below and at `block` turned to `to`.
tir::Stmt redirect_buffer(const tir::Stmt& block, const tir::Buffer& from, const tir::Buffer& to);
// The same for the buffer of a cache, in all accesses or in loads and read regions alone.
tir::Stmt redirect_to_cache(const tir::Stmt& block, const Cache& cache);
tir::Stmt redirect_reads(const tir::Stmt& block, const Cache& cache);
// The consumers named by a caller; throws when one is not directly in the scope.
std::vector<tir::Stmt> consumers_in(const Schedule& schedule, const Site& scope,
                                    const std::vector<BlockRef>& refs, const std::string& what);

// Throws when a block below matches `buffer` as a view: views of another scope cannot follow it.
void check_not_matched(const Schedule& schedule, const Site& block, const tir::Buffer& buffer,
                       const std::string& scope, const std::string& what);

// The writers of `buffer` among the blocks directly in the scope.
std::vector<tir::Stmt> writers_in(const Site& scope, const tir::Buffer& buffer);

}  // namespace tenon
