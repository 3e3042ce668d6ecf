// get_child_blocks(block or loop): the blocks below it, those inside other blocks left out.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"

namespace tenon {

using namespace tir;

namespace {

std::vector<BlockRef> refs(const std::vector<Stmt>& blocks) {
  std::vector<BlockRef> result;
  for (const Stmt& block : blocks) result.push_back({block.get<Block>().id});
  return result;
}

}  // namespace

std::vector<BlockRef> get_child_blocks(const Schedule& schedule, const BlockRef& block) {
  return refs(child_blocks(site_of(schedule, block).stmt()));
}

std::vector<BlockRef> get_child_blocks(const Schedule& schedule, const LoopRef& loop) {
  return refs(child_blocks(site_of(schedule, loop).stmt()));
}

}  // namespace tenon
