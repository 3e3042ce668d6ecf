// get_output_blocks(scope): the blocks below it that write what the scope does not allocate.
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/primitives.h"

namespace tenon {

using namespace tir;

std::vector<BlockRef> get_output_blocks(const Schedule& schedule, const BlockRef& scope) {
  Site site = site_of(schedule, scope);
  std::vector<BlockRef> result;
  for (const Stmt& block : child_blocks(site.stmt())) {
    if (is_output_block(site, block)) result.push_back({block.get<Block>().id});
  }
  return result;
}

}  // namespace tenon
