// cache_write(block, 0, "local"): the block writes a buffer of its own, copied out afterwards.
//
//   block C: C[i] = A[i]   ->   block C: C_local[i] = A[i];  block C_local: C[v] = C_local[v]
#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Changed<BlockRef> cache_write(const Schedule& schedule, const CacheArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what = str_cat("cache_write(", site.block().name, ", ", args.buffer_index, ", ",
                                   quote(args.scope), ")");
  check_scope(schedule, site, args.scope, what);
  Buffer buffer = written_buffer(schedule, site, args.buffer_index, what);
  Site scope = cut(site, scope_index(schedule, site, what));
  check_stage_pipeline(schedule, scope, what);
  check_not_matched(schedule, site, buffer, args.scope, what);
  std::vector<Stmt> writers = writers_in(scope, buffer);
  if (writers.size() != 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": ", writers.size(), " blocks write buffer ", node(buffer).name,
                           ", exactly one may"));
  }
  std::vector<Stmt> consumers = consumers_in(schedule, scope, args.consumers, what);
  std::erase_if(consumers, [&](const Stmt& s) { return s.same_as(site.stmt()); });
  // Those that turn to the cache do not wait for the copy.
  std::vector<Stmt> readers;
  for (const Dependency& d : block_scope(scope.stmt()).from(site.stmt())) {
    bool turns = std::any_of(consumers.begin(), consumers.end(),
                             [&](const Stmt& s) { return s.same_as(d.target); });
    if (d.kind == DependencyKind::kReadAfterWrite && !turns) readers.push_back(d.target);
  }
  StagePlace place = place_after(scope, site.stmt(), readers);
  std::vector<Range> region;
  for (const BufferRegion& write : site.block().writes) {
    if (write.buffer.same_as(buffer)) region = relaxed_region(site, write, place.parent);
  }
  Cache cache = make_cache(buffer, region, place, args.scope);
  Stmt stage = make_copy_stage(cache, region, CopyDirection::kOutOfCache);
  BlockRef made{all_blocks(stage).front().get<Block>().id};

  StmtMap edits{{site.stmt(), redirect_to_cache(site.stmt(), cache)}};
  for (const Stmt& consumer : consumers) edits[consumer] = redirect_reads(consumer, cache);
  return put_stage(schedule, scope, place, stage, cache.buffer, made, edits);
}

}  // namespace tenon
