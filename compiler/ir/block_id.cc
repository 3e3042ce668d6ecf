#include "compiler/ir/block_id.h"

#include <atomic>

namespace tenon {

BlockId new_block_id() {
  static std::atomic<std::uint64_t> next{1};
  return {next.fetch_add(1, std::memory_order_relaxed)};
}

}  // namespace tenon
