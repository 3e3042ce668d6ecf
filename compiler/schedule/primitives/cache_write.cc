// cache_write(block, 0, "local"): the block writes a buffer of its own, copied out afterwards.
//
//   block C: C[i] = A[i]   ->   block C: C_local[i] = A[i];  block C_local: C[v] = C_local[v]
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
  std::vector<Stmt> consumers, readers;
  for (const BlockRef& ref : args.consumers) {
    Stmt consumer = site_of(schedule, ref).stmt();
    if (!consumer.same_as(site.stmt())) consumers.push_back(consumer);
  }
  readers = consumers;
  if (readers.empty()) {
    for (const Dependency& d : block_scope(scope.stmt()).from(site.stmt())) {
      if (d.kind == DependencyKind::kReadAfterWrite) readers.push_back(d.target);
    }
  }
  StagePlace place = place_after(scope, site.stmt(), readers);
  std::vector<Range> region;
  for (const BufferRegion& write : site.block().writes) {
    if (write.buffer.same_as(buffer)) region = relaxed_region(site, write, place.parent);
  }
  const std::string name = node(buffer).name + "_" + args.scope;
  Buffer cache = renamed_buffer(buffer, name, args.scope);
  Stmt stage = make_copy_stage({name, cache, buffer, region});
  BlockRef made{all_blocks(stage).front().get<Block>().id};

  StmtMap edits{{site.stmt(), redirect_buffer(site.stmt(), buffer, cache)}};
  for (const Stmt& consumer : consumers) edits[consumer] = redirect_reads(consumer, buffer, cache);
  Stmt parent = replace_stmts(insert_stage(place.parent.stmt(), place.position, stage), edits);
  edits[place.parent.stmt()] = parent;
  Stmt body =
      place.parent.stmt().same_as(scope.stmt()) ? parent : replace_stmts(scope.stmt(), edits);
  body = edit_block(body, [&](Block& b) { b.alloc_buffers.push_back(cache); });
  return {replace(schedule, scope, body), made};
}

}  // namespace tenon
