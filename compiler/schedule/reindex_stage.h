// The copy stage of reindex_cache_read and reindex_cache_write: a buffer whose axes are given as
// expressions of the block's iters, filled or emptied under the loops that those iters need.
#pragma once
#include <string>
#include <vector>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"

namespace tenon {

struct ReindexStage {
  tir::Buffer cache;
  std::vector<tir::Expr> indices;  // of the cache, in terms of the block's iters
  tir::Stmt nest;
  BlockRef made;
};

// The stage for `region`, which the block at `site` reads or writes, to stand directly in `parent`,
// a block or loop around it. Throws a schedule_error that
// starts with `what` unless the region is one point and uses the same iters as the map.
ReindexStage make_reindex_stage(const Schedule& schedule, const Site& site, const Site& parent,
                                const tir::BufferRegion& region, const ReindexCacheArgs& args,
                                BufferUse use, const std::string& what);
// The block with its accesses of `buffer` turned to the cache.
tir::Stmt redirect_to_stage(const tir::Stmt& block, const tir::Buffer& buffer,
                            const ReindexStage& stage);

}  // namespace tenon
