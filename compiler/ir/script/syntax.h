// Reads a script's text into its syntax tree.
#pragma once
#include <vector>

#include "compiler/ir/script/source.h"

namespace tenon::script {

// The statements of the file. Throws UserError with the place and what was expected there.
std::vector<AstStmt> parse_script(const Source& source);

// One expression, as the strings inside T.Buffer(("n * 4",), ...) hold; positions are within the
// text of the string.
Ast parse_expression(const Source& source);

}  // namespace tenon::script
