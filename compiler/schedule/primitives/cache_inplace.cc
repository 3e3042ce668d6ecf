// cache_inplace(block, 0, "local"): a buffer that the block both reads and writes is copied in
// right before the block and copied out right after it.
//
//   for k: block C: C[i] = C[i] + A[i, k]
//   -> for k: { block C_local: C_local[i] = C[i];  block C: C_local[i] = C_local[i] + A[i, k];
//               block C_local: C[i] = C_local[i] }
#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::vector<Range> region_of(const std::vector<BufferRegion>& regions, const Buffer& buffer) {
  for (const BufferRegion& region : regions) {
    if (region.buffer.same_as(buffer)) return region.region;
  }
  return {};
}

BlockRef block_of(const Stmt& stage) { return {all_blocks(stage).front().get<Block>().id}; }

}  // namespace

Changed<std::vector<BlockRef>> cache_inplace(const Schedule& schedule, const CacheArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what = str_cat("cache_inplace(", site.block().name, ", ", args.buffer_index,
                                   ", ", quote(args.scope), ")");
  check_scope(schedule, site, args.scope, what);
  Buffer buffer = read_buffer(schedule, site, args.buffer_index, what);
  Site scope = cut(site, scope_index(schedule, site, what));
  std::vector<Range> read = region_of(unbound_reads(site.block()), buffer);
  std::vector<Range> written = region_of(unbound_writes(site.block()), buffer);
  if (written.size() != node(buffer).shape.size()) {
    schedule_error(schedule, site,
                   what + ": block " + site.block().name + " does not write buffer " +
                       node(buffer).name + ", which it reads");
  }
  check_stage_pipeline(schedule, scope, what);
  check_not_matched(schedule, site, buffer, args.scope, what);
  Analyzer analyzer;
  for (auto* region : {&read, &written}) {
    for (Range& range : *region) range.extent = analyzer.simplify(range.extent);
  }
  Cache cache{renamed_buffer(buffer, node(buffer).name + "_" + args.scope, args.scope), buffer, {}};
  for (const Range& range : read) cache.offset.push_back(zero_of(range.min));
  Stmt into = make_copy_stage(cache, read, CopyDirection::kIntoCache);
  Stmt out = make_copy_stage(cache, written, CopyDirection::kOutOfCache);
  Stmt all = seq({into, redirect_to_cache(site.stmt(), cache), out});
  Stmt body = edit_block(replace_stmts(scope.stmt(), {{site.stmt(), all}}),
                         [&](Block& b) { b.alloc_buffers.push_back(cache.buffer); });
  return {replace(schedule, scope, body), {block_of(into), block_of(out)}};
}

}  // namespace tenon
