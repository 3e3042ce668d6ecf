// Splits a script into tokens by Python's rules: indentation gives kIndent and kDedent, a logical
// line ends with kNewline, brackets join lines, comments vanish.
#pragma once
#include <string>
#include <vector>

#include "compiler/ir/script/source.h"

namespace tenon::script {

enum class TokenKind : unsigned char {
  kName,
  kInt,
  kFloat,
  kString,
  kOperator,
  kNewline,
  kIndent,
  kDedent,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // for strings the value, escapes resolved
  Position at;
};

// The last token is kEnd. Throws UserError for text that is no Python.
std::vector<Token> tokenize(const Source& source);

}  // namespace tenon::script
