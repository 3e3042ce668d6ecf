// reindex_cache_write(block, 0, "local", map): the block writes a cache whose axes are expressions
// of its iters, copied out afterwards.
//
//   block C: C[i, j] = A[i, j]
//   -> block C: C_local[j, i] = A[i, j];  block C_local: C[i, j] = C_local[j, i]
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/reindex_stage.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Changed<BlockRef> reindex_cache_write(const Schedule& schedule, const ReindexCacheArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what = str_cat("reindex_cache_write(", site.block().name, ", ",
                                   args.buffer_index, ", ", quote(args.scope), ")");
  check_scope(schedule, site, args.scope, what);
  Buffer buffer = written_buffer(schedule, site, args.buffer_index, what);
  Site scope = cut(site, scope_index(schedule, site, what));
  check_stage_pipeline(schedule, scope, what);
  std::vector<Stmt> writers = writers_in(scope, buffer);
  if (writers.size() != 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": ", writers.size(), " blocks write buffer ", node(buffer).name,
                           ", exactly one may"));
  }
  const BufferRegion& region = site.block().writes[static_cast<std::size_t>(args.buffer_index)];
  std::vector<Stmt> readers;
  for (const Dependency& d : block_scope(scope.stmt()).from(site.stmt())) {
    if (d.kind == DependencyKind::kReadAfterWrite) readers.push_back(d.target);
  }
  StagePlace place = place_after(scope, site.stmt(), readers);
  ReindexStage stage =
      make_reindex_stage(schedule, site, place.parent, region, args, BufferUse::kWrite, what);
  return put_stage(schedule, scope, place, stage.nest, stage.cache, stage.made,
                   {{site.stmt(), redirect_to_stage(site.stmt(), buffer, stage)}});
}

}  // namespace tenon
