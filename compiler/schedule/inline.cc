#include "compiler/schedule/inline.h"

#include <algorithm>

#include "compiler/tir/script/regions.h"

namespace tenon {

using namespace tir;

std::optional<Store> single_store(const Block& block) {
  const auto* write = block.body.as<Store>();
  if (!write) return std::nullopt;
  return *write;
}

Stmt with_found_regions(const Stmt& block) {
  AccessRegions found = access_regions(block.get<Block>());
  return edit_block(block, [&](Block& b) {
    b.reads = found.reads;
    b.writes = found.writes;
  });
}

Stmt without_allocation(const Stmt& scope, const Buffer& buffer) {
  return edit_block(scope, [&](Block& b) {
    std::erase_if(b.alloc_buffers, [&](const Buffer& other) { return other.same_as(buffer); });
  });
}

}  // namespace tenon
