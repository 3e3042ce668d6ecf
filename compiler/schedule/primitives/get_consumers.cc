// get_consumers(block): the blocks of its scope that read or write what it writes, after it.
#include "compiler/schedule/analysis/scope.h"
#include "compiler/schedule/primitives.h"

namespace tenon {

using namespace tir;

std::vector<BlockRef> get_consumers(const Schedule& schedule, const BlockRef& block) {
  Site site = site_of(schedule, block);
  const Stmt& scope =
      site.path[scope_index(schedule, site, "get_consumers(" + site.block().name + ")")];
  std::vector<BlockRef> result;
  for (const Stmt& b : block_scope(scope).consumers(site.stmt())) {
    result.push_back({b.get<Block>().id});
  }
  return result;
}

}  // namespace tenon
