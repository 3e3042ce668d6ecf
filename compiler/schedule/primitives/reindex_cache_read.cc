// reindex_cache_read(block, 0, "shared", map): a cache of what the block reads, whose axes are
// expressions of the block's iters.
//
//   block C: C[i, j] = A[i + 1, j]
//   -> block A_shared: A_shared[j, i] = A[i + 1, j];  block C: C[i, j] = A_shared[j, i]
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/reindex_stage.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Changed<BlockRef> reindex_cache_read(const Schedule& schedule, const ReindexCacheArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what = str_cat("reindex_cache_read(", site.block().name, ", ",
                                   args.buffer_index, ", ", quote(args.scope), ")");
  check_scope(schedule, site, args.scope, what);
  Buffer buffer = read_buffer(schedule, site, args.buffer_index, what);
  Site scope = cut(site, scope_index(schedule, site, what));
  check_stage_pipeline(schedule, scope, what);
  std::vector<Stmt> writers = writers_in(scope, buffer);
  if (writers.size() > 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": ", writers.size(), " blocks write buffer ", node(buffer).name,
                           ", at most one may"));
  }
  const BufferRegion& region = site.block().reads[static_cast<std::size_t>(args.buffer_index)];
  StagePlace place =
      writers.empty() ? StagePlace{scope, 0} : place_after(scope, writers.front(), {site.stmt()});
  ReindexStage stage =
      make_reindex_stage(schedule, site, place.parent, region, args, BufferUse::kRead, what);
  return put_stage(schedule, scope, place, stage.nest, stage.cache, stage.made,
                   {{site.stmt(), redirect_to_stage(site.stmt(), buffer, stage)}});
}

}  // namespace tenon
