// Rewriting every access of a buffer through an index map, and keeping its padding filled.
#pragma once
#include <string>

#include "compiler/schedule/primitives.h"

namespace tenon {

// `body` with `from` replaced by `to`, whose layout is `map` of the old one: indices mapped and
// simplified, regions of that buffer found again.
tir::Stmt relaid(const tir::Stmt& body, const tir::Buffer& from, const tir::Buffer& to,
                 const IndexMap& map);

// After relaid(): the blocks that write the whole of `buffer` also write its padding. Throws a
// schedule_error when a writer has another form.
tir::Stmt pad_written_buffer(const Schedule& schedule, const Site& at, const tir::Stmt& body,
                             const tir::Buffer& buffer, const TransformLayoutArgs& args,
                             const PaddedInverse& inverse, const std::string& what);

}  // namespace tenon
