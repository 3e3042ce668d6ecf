// Checks that primitives on buffers share: which buffer of a block is meant, and whether a storage
// scope exists.
#pragma once
#include <string>

#include "compiler/schedule/schedule.h"

namespace tenon {

// Buffer number `index` of what the block writes or reads; a schedule_error starting with `what`
// when there is none.
tir::Buffer written_buffer(const Schedule& schedule, const Site& block, std::int64_t index,
                           const std::string& what);
tir::Buffer read_buffer(const Schedule& schedule, const Site& block, std::int64_t index,
                        const std::string& what);
// Throws unless `scope` is one of the known storage scopes.
void check_scope(const Schedule& schedule, const Site& at, const std::string& scope,
                 const std::string& what);

}  // namespace tenon
