// read_at(i, block, 0, "shared"): at each iteration of the loop, all that the blocks below it read
// of the buffer is copied first.
//
//   for i, j: block C: C[i, j] = A[i, j]
//   -> for i: { block A_shared: A_shared[i, 0:8] = A[i, 0:8];  for j: block C: .. A_shared[i, j] }
#include "compiler/schedule/auto_copy.h"
#include "compiler/support/text.h"

namespace tenon {

Changed<BlockRef> read_at(const Schedule& schedule, const CopyAtArgs& args) {
  return copy_at(schedule, args, BufferUse::kRead,
                 str_cat("read_at(", name_of(args.loop), ", ", name_of(schedule, args.block), ", ",
                         args.buffer_index, ", ", quote(args.scope), ")"));
}

}  // namespace tenon
