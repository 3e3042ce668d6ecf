// The expression half of the script parser: a cursor over tokens and the grammar of expressions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/script/lexer.h"

namespace tenon::script {

// Python's expression grammar, without comprehensions, yields and formatted strings.
class ExprParser {
 public:
  ExprParser(const Source& source, std::vector<Token> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  // One expression or, without brackets, a tuple of several.
  Ast expression_list();
  Ast expression();

 protected:
  const Token& peek(size_t ahead = 0) const {
    const size_t i = index_ + ahead;
    return i < tokens_.size() ? tokens_[i] : tokens_.back();
  }
  Token take() { return tokens_[index_ + 1 < tokens_.size() ? index_++ : index_]; }
  bool at_operator(std::string_view text) const {
    return peek().kind == TokenKind::kOperator && peek().text == text;
  }
  bool at_word(std::string_view text) const {
    return peek().kind == TokenKind::kName && peek().text == text;
  }
  bool accept(std::string_view op);
  bool accept_word(std::string_view word);
  void expect(std::string_view op);
  void expect_word(std::string_view word);
  std::string expect_name(std::string_view what);
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail_expected(std::string_view what) const;

 private:
  Ast lambda();
  Ast boolean_or();
  Ast boolean_and();
  Ast boolean_not();
  Ast comparison();
  Ast binary_level(int level);
  Ast unary();
  Ast power();
  Ast postfix();
  Ast atom();
  Ast subscript(Ast base);
  Ast subscript_item();
  Ast call(Ast callee);
  Ast bracketed();
  Ast dict();
  // The word or sign of a comparison at the cursor, taken; "" when there is none.
  std::string take_comparison();

  const Source& source_;
  std::vector<Token> tokens_;
  size_t index_ = 0;
};

}  // namespace tenon::script
