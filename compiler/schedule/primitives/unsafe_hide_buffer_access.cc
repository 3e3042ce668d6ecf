// unsafe_hide_buffer_access(block, "read", [0]): declared regions taken out of the block's
// signature. The caller promises that the accesses do not matter to other blocks.
#include <algorithm>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Schedule unsafe_hide_buffer_access(const Schedule& schedule, const BlockRef& block, BufferUse use,
                                   const std::vector<std::int64_t>& indices) {
  Site site = site_of(schedule, block);
  bool is_read = use == BufferUse::kRead;
  const auto& old = is_read ? site.block().reads : site.block().writes;
  for (std::int64_t index : indices) {
    if (index >= 0 && index < static_cast<std::int64_t>(old.size())) continue;
    schedule_error(
        schedule, site,
        str_cat("unsafe_hide_buffer_access(", site.block().name, ", ", is_read ? "read" : "write",
                ", [", join(indices, ", "), "]): the block ", is_read ? "reads " : "writes ",
                old.size(), " regions, there is no number ", index));
  }
  std::vector<BufferRegion> kept;
  for (std::size_t i = 0; i < old.size(); ++i) {
    bool hidden =
        std::find(indices.begin(), indices.end(), static_cast<std::int64_t>(i)) != indices.end();
    if (!hidden) kept.push_back(old[i]);
  }
  return replace(schedule, site,
                 edit_block(site.stmt(), [&](Block& b) { (is_read ? b.reads : b.writes) = kept; }));
}

}  // namespace tenon
