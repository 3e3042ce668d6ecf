// get_producers(block): the blocks of its scope that write what it reads or writes, before it.
#include "compiler/schedule/analysis/scope.h"
#include "compiler/schedule/primitives.h"

namespace tenon {

using namespace tir;

std::vector<BlockRef> get_producers(const Schedule& schedule, const BlockRef& block) {
  Site site = site_of(schedule, block);
  const Stmt& scope =
      site.path[scope_index(schedule, site, "get_producers(" + site.block().name + ")")];
  std::vector<BlockRef> result;
  for (const Stmt& b : block_scope(scope).producers(site.stmt())) {
    result.push_back({b.get<Block>().id});
  }
  return result;
}

}  // namespace tenon
