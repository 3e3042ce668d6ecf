// write_at(i, block, 0, "local"): the blocks below the loop write a buffer of their own, which is
// copied out at the end of each iteration.
//
//   for i, j: block C: C[i, j] = A[i, j]
//   -> for i: { for j: block C: C_local[i, j] = ..;  block C_local: C[i, 0:8] = C_local[i, 0:8] }
#include "compiler/schedule/auto_copy.h"
#include "compiler/support/text.h"

namespace tenon {

Changed<BlockRef> write_at(const Schedule& schedule, const CopyAtArgs& args) {
  return copy_at(schedule, args, BufferUse::kWrite,
                 str_cat("write_at(", name_of(args.loop), ", ", name_of(schedule, args.block), ", ",
                         args.buffer_index, ", ", quote(args.scope), ")"));
}

}  // namespace tenon
