// cache_read(block, 0, "local"): a copy of a buffer that the block reads, which its readers use.
//
//   block C: C[i] = A[i]   ->   block A_local: A_local[v] = A[v];  block C: C[i] = A_local[i]
#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Source {
  StagePlace place;
  std::vector<Range> region;
};

// Where the data stands ready: after its writer, or at the start of the scope.
Source locate(const Site& scope, const Buffer& buffer, const std::vector<Stmt>& writers,
              const std::vector<Stmt>& consumers) {
  if (writers.empty()) {
    for (const BufferRegion& read : scope.block().reads) {
      if (read.buffer.same_as(buffer)) return {{scope, 0}, read.region};
    }
    return {{scope, 0}, full_region(buffer).region};
  }
  std::vector<Stmt> readers = consumers;
  if (readers.empty()) {
    for (const Dependency& d : block_scope(scope.stmt()).from(writers.front())) {
      if (d.kind == DependencyKind::kReadAfterWrite) readers.push_back(d.target);
    }
  }
  StagePlace place = place_after(scope, writers.front(), readers);
  Site writer = child_site(scope, writers.front());
  for (const BufferRegion& write : writer.block().writes) {
    if (write.buffer.same_as(buffer)) return {place, relaxed_region(writer, write, place.parent)};
  }
  return {place, full_region(buffer).region};
}

bool is_among(const std::vector<Stmt>& list, const Stmt& stmt) {
  return std::any_of(list.begin(), list.end(), [&](const Stmt& s) { return s.same_as(stmt); });
}

}  // namespace

Changed<BlockRef> cache_read(const Schedule& schedule, const CacheArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what = str_cat("cache_read(", site.block().name, ", ", args.buffer_index, ", ",
                                   quote(args.scope), ")");
  check_scope(schedule, site, args.scope, what);
  Buffer buffer = read_buffer(schedule, site, args.buffer_index, what);
  Site scope = cut(site, scope_index(schedule, site, what));
  check_stage_pipeline(schedule, scope, what);
  check_not_matched(schedule, site, buffer, args.scope, what);
  std::vector<Stmt> writers = writers_in(scope, buffer);
  if (writers.size() > 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": ", writers.size(), " blocks write buffer ", node(buffer).name,
                           ", at most one may"));
  }
  std::vector<Stmt> consumers = consumers_in(schedule, scope, args.consumers, what);
  Source source = locate(scope, buffer, writers, consumers);
  Cache cache = make_cache(buffer, source.region, source.place, args.scope);
  Stmt stage = make_copy_stage(cache, source.region, CopyDirection::kIntoCache);
  BlockRef made{all_blocks(stage).front().get<Block>().id};

  StmtMap edits;
  for (const Stmt& block : consumers.empty() ? child_blocks(scope.stmt()) : consumers) {
    if (is_among(writers, block)) continue;
    Stmt changed = redirect_reads(block, cache);
    if (!changed.same_as(block)) edits[block] = changed;
  }
  return put_stage(schedule, scope, source.place, stage, cache.buffer, made, edits);
}

}  // namespace tenon
