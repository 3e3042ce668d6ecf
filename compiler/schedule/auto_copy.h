// What read_at and write_at share: the copy block of all that the blocks below a loop touch of a
// buffer in one iteration.
#pragma once
#include "compiler/schedule/primitives.h"

namespace tenon {

// Throws a schedule_error that starts with `what` when the accesses below the loop do not allow it.
Changed<BlockRef> copy_at(const Schedule& schedule, const CopyAtArgs& args, BufferUse use,
                          const std::string& what);

}  // namespace tenon
