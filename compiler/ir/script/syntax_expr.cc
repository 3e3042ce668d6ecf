#include "compiler/ir/script/syntax_expr.h"

#include <array>

#include "compiler/support/text.h"

namespace tenon::script {
namespace {

using Kind = Ast::Kind;

Ast make(Kind kind, Position at, std::string text, std::vector<Ast> items = {}) {
  Ast ast;
  ast.kind = kind;
  ast.at = at;
  ast.text = std::move(text);
  ast.items = std::move(items);
  return ast;
}

// Left-associative levels, loosest first.
const std::vector<std::vector<std::string_view>> kLevels = {
    {"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "//", "%", "@"}};

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kNewline:
      return "the end of the line";
    case TokenKind::kIndent:
      return "an indented line";
    case TokenKind::kDedent:
      return "the end of the block";
    case TokenKind::kEnd:
      return "the end of the script";
    case TokenKind::kString:
      return "the string " + quote(token.text);
    default:
      return "`" + token.text + "`";
  }
}

}  // namespace

void ExprParser::fail(const std::string& message) const {
  script_error(source_, peek().at, message);
}

void ExprParser::fail_expected(std::string_view what) const {
  fail(str_cat("expected ", what, ", found ", describe(peek())));
}

bool ExprParser::accept(std::string_view op) {
  if (!at_operator(op)) return false;
  take();
  return true;
}

bool ExprParser::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

void ExprParser::expect(std::string_view op) {
  if (!accept(op)) fail_expected(str_cat("`", op, "`"));
}

void ExprParser::expect_word(std::string_view word) {
  if (!accept_word(word)) fail_expected(str_cat("`", word, "`"));
}

std::string ExprParser::expect_name(std::string_view what) {
  if (peek().kind != TokenKind::kName) fail_expected(what);
  return take().text;
}

Ast ExprParser::expression_list() {
  const Position at = peek().at;
  const auto item = [&] {
    const Position star = peek().at;
    return accept("*") ? make(Kind::kStarred, star, "", {boolean_or()}) : expression();
  };
  Ast first = item();
  if (!at_operator(",")) return first;
  std::vector<Ast> items{std::move(first)};
  while (accept(",")) {
    const Token& t = peek();
    const bool ends = t.kind == TokenKind::kNewline || t.kind == TokenKind::kEnd ||
                      (t.kind == TokenKind::kOperator &&
                       (t.text == ")" || t.text == "]" || t.text == "=" || t.text == ":"));
    if (ends) break;
    items.push_back(item());
  }
  return make(Kind::kTuple, at, "", std::move(items));
}

Ast ExprParser::expression() {
  if (at_word("lambda")) return lambda();
  Ast value = boolean_or();
  if (!at_word("if")) return value;
  const Position at = take().at;
  Ast condition = boolean_or();
  expect_word("else");
  Ast other = expression();
  return make(Kind::kConditional, at, "",
              {std::move(condition), std::move(value), std::move(other)});
}

Ast ExprParser::lambda() {
  Ast ast = make(Kind::kLambda, take().at, "");
  while (!at_operator(":")) {
    const bool starred = accept("*");
    ast.names.push_back((starred ? "*" : "") + expect_name("a parameter's name"));
    if (!accept(",")) break;
  }
  expect(":");
  ast.items.push_back(expression());
  return ast;
}

Ast ExprParser::boolean_or() {
  Ast left = boolean_and();
  while (at_word("or")) {
    const Position at = take().at;
    Ast right = boolean_and();
    left = make(Kind::kBinary, at, "or", {std::move(left), std::move(right)});
  }
  return left;
}

Ast ExprParser::boolean_and() {
  Ast left = boolean_not();
  while (at_word("and")) {
    const Position at = take().at;
    Ast right = boolean_not();
    left = make(Kind::kBinary, at, "and", {std::move(left), std::move(right)});
  }
  return left;
}

Ast ExprParser::boolean_not() {
  if (!at_word("not")) return comparison();
  const Position at = take().at;
  return make(Kind::kUnary, at, "not", {boolean_not()});
}

std::string ExprParser::take_comparison() {
  static constexpr std::array<std::string_view, 6> kSigns = {"<", "<=", ">", ">=", "==", "!="};
  for (const std::string_view sign : kSigns) {
    if (accept(sign)) return std::string(sign);
  }
  if (accept_word("in")) return "in";
  if (accept_word("is")) return accept_word("not") ? "is not" : "is";
  return "";
}

// a < b < c means a < b and b < c.
Ast ExprParser::comparison() {
  Ast left = binary_level(0);
  Ast result;
  while (true) {
    const Position at = peek().at;
    const std::string op = take_comparison();
    if (op.empty()) break;
    Ast right = binary_level(0);
    Ast link = make(Kind::kBinary, at, op, {left, right});
    result = result.is(Kind::kAbsent)
                 ? std::move(link)
                 : make(Kind::kBinary, at, "and", {std::move(result), std::move(link)});
    left = std::move(right);
  }
  return result.is(Kind::kAbsent) ? left : result;
}

Ast ExprParser::binary_level(int level) {
  if (level == static_cast<int>(kLevels.size())) return unary();
  Ast left = binary_level(level + 1);
  while (peek().kind == TokenKind::kOperator) {
    bool found = false;
    for (const std::string_view op : kLevels[static_cast<size_t>(level)]) {
      if (peek().text == op) found = true;
    }
    if (!found) break;
    const Token op = take();
    Ast right = binary_level(level + 1);
    left = make(Kind::kBinary, op.at, op.text, {std::move(left), std::move(right)});
  }
  return left;
}

Ast ExprParser::unary() {
  if (at_operator("-") || at_operator("+") || at_operator("~")) {
    const Token op = take();
    return make(Kind::kUnary, op.at, op.text, {unary()});
  }
  return power();
}

Ast ExprParser::power() {
  Ast base = postfix();
  if (!at_operator("**")) return base;
  const Position at = take().at;
  Ast exponent = unary();
  return make(Kind::kBinary, at, "**", {std::move(base), std::move(exponent)});
}

Ast ExprParser::postfix() {
  Ast value = atom();
  while (true) {
    if (at_operator(".")) {
      take();
      const Position at = peek().at;
      std::string name = expect_name("an attribute's name");
      value = make(Kind::kAttribute, at, std::move(name), {std::move(value)});
    } else if (at_operator("[")) {
      value = subscript(std::move(value));
    } else if (at_operator("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

Ast ExprParser::subscript(Ast base) {
  const Position at = base.at;
  take();
  std::vector<Ast> items{std::move(base)};
  while (!at_operator("]")) {
    items.push_back(subscript_item());
    if (!accept(",")) break;
  }
  expect("]");
  // A[()] is the access of a buffer without dimensions.
  if (items.size() == 2 && items[1].is(Kind::kTuple) && items[1].items.empty()) items.pop_back();
  return make(Kind::kSubscript, at, "", std::move(items));
}

Ast ExprParser::subscript_item() {
  const Position at = peek().at;
  const auto part = [&] {
    if (at_operator(":") || at_operator(",") || at_operator("]")) return Ast{};
    return expression();
  };
  Ast start = part();
  if (!at_operator(":")) {
    if (start.is(Kind::kAbsent)) fail_expected("an index");
    return start;
  }
  take();
  Ast stop = part();
  Ast step = accept(":") ? part() : Ast{};
  return make(Kind::kSlice, at, "", {std::move(start), std::move(stop), std::move(step)});
}

Ast ExprParser::call(Ast callee) {
  Ast ast = make(Kind::kCall, callee.at, "");
  ast.items.push_back(std::move(callee));
  take();
  while (!at_operator(")")) {
    const Position at = peek().at;
    if (accept("*")) {
      ast.items.push_back(make(Kind::kStarred, at, "", {expression()}));
    } else if (peek().kind == TokenKind::kName && peek(1).kind == TokenKind::kOperator &&
               peek(1).text == "=") {
      std::string name = take().text;
      take();
      ast.keywords.push_back({std::move(name), at, expression()});
    } else {
      if (!ast.keywords.empty()) fail("a positional argument stands after a keyword argument");
      ast.items.push_back(expression());
    }
    if (!accept(",")) break;
  }
  expect(")");
  return ast;
}

Ast ExprParser::bracketed() {
  const Token open = take();
  const bool is_list = open.text == "[";
  const std::string_view close = is_list ? "]" : ")";
  std::vector<Ast> items;
  bool comma = false;
  while (!at_operator(close)) {
    const Position at = peek().at;
    if (accept("*")) {
      items.push_back(make(Kind::kStarred, at, "", {expression()}));
    } else {
      items.push_back(expression());
    }
    if (!accept(",")) break;
    comma = true;
  }
  expect(close);
  if (!is_list && items.size() == 1 && !comma) return std::move(items[0]);
  return make(is_list ? Kind::kList : Kind::kTuple, open.at, "", std::move(items));
}

Ast ExprParser::dict() {
  const Position at = take().at;
  std::vector<Ast> items;
  while (!at_operator("}")) {
    items.push_back(expression());
    expect(":");
    items.push_back(expression());
    if (!accept(",")) break;
  }
  expect("}");
  return make(Kind::kDict, at, "", std::move(items));
}

Ast ExprParser::atom() {
  const Token& t = peek();
  if (t.kind == TokenKind::kOperator) {
    if (t.text == "(" || t.text == "[") return bracketed();
    if (t.text == "{") return dict();
    if (t.text == "...") return make(Kind::kEllipsis, take().at, "...");
    fail_expected("an expression");
  }
  if (t.kind == TokenKind::kInt || t.kind == TokenKind::kFloat) {
    const Token number = take();
    return make(number.kind == TokenKind::kInt ? Kind::kInt : Kind::kFloat, number.at,
                replace_all(number.text, "_", ""));
  }
  if (t.kind == TokenKind::kString) {
    const Token first = take();
    std::string value = first.text;
    while (peek().kind == TokenKind::kString) value += take().text;
    return make(Kind::kString, first.at, std::move(value));
  }
  if (t.kind != TokenKind::kName) fail_expected("an expression");
  const Token name = take();
  if (name.text == "True" || name.text == "False") return make(Kind::kBool, name.at, name.text);
  if (name.text == "None") return make(Kind::kNone, name.at, name.text);
  return make(Kind::kName, name.at, name.text);
}

}  // namespace tenon::script
