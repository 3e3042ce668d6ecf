// Index maps as traces hold them: the serialised object graph
// {"root_index": .., "nodes": [{"type": .., "data": ..}, ...]}, where numbers inside "data" are
// positions in "nodes".
#pragma once
#include <string>
#include <string_view>

#include "compiler/arith/index_map.h"

namespace tenon {

// Throws UserError saying what in the graph is wrong.
IndexMap parse_index_map(std::string_view json);
// parse_index_map() of it gives an equivalent map.
std::string to_json(const IndexMap& map);

}  // namespace tenon
