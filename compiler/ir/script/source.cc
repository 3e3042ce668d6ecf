#include "compiler/ir/script/source.h"

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::script {

void script_error(const Source& source, Position at, const std::string& message,
                  const std::string& hint) {
  std::string text = str_cat(source.filename, ":", at.line, ":", at.column, ": ", message);
  const std::string caret = caret_lines(source.text, at.line, at.column);
  if (!caret.empty()) text += "\n" + caret;
  throw UserError(text, hint);
}

std::string dotted_name(const Ast& ast) {
  if (ast.is(Ast::Kind::kName)) return ast.text;
  if (!ast.is(Ast::Kind::kAttribute)) return "";
  const std::string base = dotted_name(ast.items[0]);
  return base.empty() ? "" : base + "." + ast.text;
}

}  // namespace tenon::script
