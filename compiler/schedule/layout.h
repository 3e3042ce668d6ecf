// Rewriting every access of a buffer through an index map, and keeping its padding filled.
#pragma once
#include <string>

#include "compiler/schedule/primitives.h"

namespace tenon {

// `body` with `from` replaced by `to`, whose layout is `map` of the old one: indices mapped and in
// normal form, regions of that buffer found again.
tir::Stmt relaid(const tir::Stmt& body, const tir::Buffer& from, const tir::Buffer& to,
                 const IndexMap& map);

// Before relaid(): `body` with the padding of `to` written too. A nest that stores every element of
// `from` in order runs over the new layout instead, and stores the pad value where no old element
// is; otherwise a nest behind the last writer fills the padding.
tir::Stmt with_written_padding(const tir::Stmt& body, const tir::Buffer& from,
                               const tir::Buffer& to, const PaddedInverse& inverse,
                               const IndexMap& pad_value);
// The names that loops over the new layout get.
std::string axis_name(const IndexMap& map, std::size_t axis);

}  // namespace tenon
