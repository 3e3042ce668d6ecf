// A script and its errors: every message about a script says where, with the line and a caret.
#pragma once
#include <string>

#include "compiler/ir/script/ast.h"

namespace tenon::script {

struct Source {
  std::string filename;
  std::string text;
};

// Throws UserError "FILE:LINE:COLUMN: MESSAGE", the line with a caret, and the hint.
[[noreturn]] void script_error(const Source& source, Position at, const std::string& message,
                               const std::string& hint = "");

}  // namespace tenon::script
