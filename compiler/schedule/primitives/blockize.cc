// blockize(j): the loop and what is below it become the body of a block of their own.
//
//   for i, j: block C: C[i, j] = A[i, j]
//   -> for i: block C_o: C[i, 0:8] = A[i, 0:8]: { for j: block C: C[i, j] = A[i, j] }
//
// The init of a reduction moves into the outer block, under copies of the loops that it needs.
#include <algorithm>

#include "compiler/schedule/blockized.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Changed<BlockRef> blockize(const Schedule& schedule, const LoopRef& ref, bool preserve_unit_iters) {
  const std::string what = "blockize(" + name_of(ref) + ")";
  Site loop = site_of(schedule, ref);
  scope_index(schedule, loop, what);
  Stmt outer = blockized(schedule, loop, preserve_unit_iters, what);
  return {replace(schedule, loop, outer), {outer.get<Block>().id}};
}

}  // namespace tenon
