// reorder_block_iter_var(block, [2, 0, 1]): the block's iters in another order.
#include <algorithm>

#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Schedule reorder_block_iter_var(const Schedule& schedule, const BlockRef& block,
                                const std::vector<std::int64_t>& order) {
  Site site = site_of(schedule, block);
  const std::vector<IterVar>& old = site.block().iter_vars;
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  bool is_permutation = sorted.size() == old.size();
  for (std::size_t i = 0; is_permutation && i < sorted.size(); ++i) {
    is_permutation = sorted[i] == static_cast<std::int64_t>(i);
  }
  if (!is_permutation) {
    schedule_error(
        schedule, site,
        str_cat("reorder_block_iter_var(", site.block().name, ", [", join(order, ", "),
                "]): the order is no permutation of the block's ", old.size(), " iters"));
  }
  return replace(schedule, site, edit_block(site.stmt(), [&](Block& b) {
                   for (std::size_t i = 0; i < order.size(); ++i) {
                     b.iter_vars[i] = old[static_cast<std::size_t>(order[i])];
                   }
                 }));
}

}  // namespace tenon
