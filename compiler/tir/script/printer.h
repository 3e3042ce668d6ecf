// TensorIR as TVMScript text, in today's spelling: what is printed reads back as an equal function.
#pragma once
#include <map>
#include <string>

#include "compiler/ir/block_id.h"
#include "compiler/ir/script/ast.h"
#include "compiler/tir/stmt.h"

namespace tenon::tir {

// The function alone, with the import comments.
std::string print(const PrimFunc& func, const std::string& name);
std::string print(const TirModule& module);

// Fragments, for messages: free variables and buffers appear under their own names.
std::string print(const Expr& e);
std::string print(const Stmt& s);

// The text of a function, with the places of its loops (keyed by the loop variable's identity) and
// blocks, for messages with a caret.
struct PlacedText {
  std::string text;
  std::map<const void*, script::Position> loops;
  std::map<BlockId, script::Position> blocks;
};
PlacedText print_with_places(const PrimFunc& func, const std::string& name);

}  // namespace tenon::tir
