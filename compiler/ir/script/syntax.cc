#include "compiler/ir/script/syntax.h"

#include "compiler/ir/script/syntax_expr.h"

namespace tenon::script {
namespace {

using Kind = AstStmt::Kind;

class StmtParser : public ExprParser {
 public:
  using ExprParser::ExprParser;

  std::vector<AstStmt> file() {
    std::vector<AstStmt> body;
    while (peek().kind != TokenKind::kEnd) statement(body);
    return body;
  }

  Ast single_expression() {
    Ast ast = expression_list();
    if (peek().kind == TokenKind::kNewline) take();
    if (peek().kind != TokenKind::kEnd) fail_expected("the end of the expression");
    return ast;
  }

 private:
  AstStmt start(Kind kind) const {
    AstStmt s;
    s.kind = kind;
    s.at = peek().at;
    return s;
  }

  // A compound statement, or a line of simple statements separated by semicolons.
  void statement(std::vector<AstStmt>& into) {
    if (at_operator("@")) return into.push_back(decorated());
    if (at_word("def")) return into.push_back(function());
    if (at_word("class")) return into.push_back(class_definition());
    if (at_word("for")) return into.push_back(for_loop());
    if (at_word("while")) return into.push_back(while_loop());
    if (at_word("if")) return into.push_back(if_statement());
    if (at_word("with")) return into.push_back(with_statement());
    while (true) {
      into.push_back(simple());
      if (!accept(";")) break;
      if (peek().kind == TokenKind::kNewline) break;
    }
    end_line();
  }

  void end_line() {
    if (peek().kind == TokenKind::kEnd) return;
    if (peek().kind != TokenKind::kNewline) fail_expected("the end of the line");
    take();
  }

  std::vector<AstStmt> block() {
    expect(":");
    std::vector<AstStmt> body;
    if (peek().kind != TokenKind::kNewline) {
      while (true) {
        body.push_back(simple());
        if (!accept(";")) break;
      }
      end_line();
      return body;
    }
    take();
    if (peek().kind != TokenKind::kIndent) fail_expected("an indented block");
    take();
    while (peek().kind != TokenKind::kDedent && peek().kind != TokenKind::kEnd) statement(body);
    if (peek().kind == TokenKind::kDedent) take();
    return body;
  }

  AstStmt decorated() {
    std::vector<Ast> decorators;
    while (accept("@")) {
      decorators.push_back(expression());
      end_line();
    }
    if (!at_word("def") && !at_word("class")) fail_expected("`def` or `class` after a decorator");
    AstStmt s = at_word("def") ? function() : class_definition();
    s.decorators = std::move(decorators);
    return s;
  }

  AstStmt function() {
    take();
    AstStmt s = start(Kind::kFunction);
    s.text = expect_name("a function's name");
    expect("(");
    while (!at_operator(")")) {
      AstParam param;
      param.at = peek().at;
      param.name = expect_name("a parameter's name");
      if (accept(":")) param.annotation = expression();
      s.params.push_back(std::move(param));
      if (!accept(",")) break;
    }
    expect(")");
    if (accept("->")) s.annotation = expression();
    s.body = block();
    return s;
  }

  AstStmt class_definition() {
    take();
    AstStmt s = start(Kind::kClass);
    s.text = expect_name("a class's name");
    if (accept("(")) {
      while (!at_operator(")")) {
        expression();
        if (!accept(",")) break;
      }
      expect(")");
    }
    s.body = block();
    return s;
  }

  AstStmt for_loop() {
    take();
    AstStmt s = start(Kind::kFor);
    s.target = target_list();
    expect_word("in");
    s.value = expression_list();
    s.body = block();
    return s;
  }

  // `i, j` of a for loop: names only, because `in` would read as a comparison.
  Ast target_list() {
    Ast tuple;
    tuple.kind = Ast::Kind::kTuple;
    tuple.at = peek().at;
    const bool closed = accept("(");
    do {
      Ast name;
      name.kind = Ast::Kind::kName;
      name.at = peek().at;
      name.text = expect_name("a loop variable's name");
      tuple.items.push_back(std::move(name));
    } while (accept(","));
    if (closed) expect(")");
    if (tuple.items.size() > 1) return tuple;
    return std::move(tuple.items[0]);
  }

  AstStmt while_loop() {
    take();
    AstStmt s = start(Kind::kWhile);
    s.value = expression();
    s.body = block();
    return s;
  }

  AstStmt if_statement() {
    take();
    AstStmt s = start(Kind::kIf);
    s.value = expression();
    s.body = block();
    if (at_word("elif")) {
      s.orelse.push_back(if_statement());
    } else if (accept_word("else")) {
      s.orelse = block();
    }
    return s;
  }

  // `with a as x, b:` is `with a as x:` around `with b:`.
  AstStmt with_statement() {
    take();
    AstStmt s = start(Kind::kWith);
    s.value = expression();
    if (accept_word("as")) s.target = at_operator("(") ? expression() : target_list_for_with();
    if (at_operator(",")) {
      s.body.push_back(with_statement());
    } else {
      s.body = block();
    }
    return s;
  }

  Ast target_list_for_with() {
    Ast name;
    name.kind = Ast::Kind::kName;
    name.at = peek().at;
    name.text = expect_name("a name");
    return name;
  }

  AstStmt simple() {
    if (at_word("pass")) return keyword(Kind::kPass);
    if (at_word("break")) return keyword(Kind::kBreak);
    if (at_word("continue")) return keyword(Kind::kContinue);
    if (at_word("return")) return return_statement();
    if (at_word("assert")) return assert_statement();
    if (at_word("import") || at_word("from")) return import_statement();
    return expression_statement();
  }

  AstStmt keyword(Kind kind) {
    AstStmt s = start(kind);
    take();
    return s;
  }

  AstStmt return_statement() {
    AstStmt s = keyword(Kind::kReturn);
    const bool ends = peek().kind == TokenKind::kNewline || peek().kind == TokenKind::kEnd;
    if (!ends && !at_operator(";")) s.value = expression_list();
    return s;
  }

  AstStmt assert_statement() {
    AstStmt s = keyword(Kind::kAssert);
    s.value = expression();
    if (accept(",")) s.target = expression();
    return s;
  }

  std::string module_path() {
    std::string path = expect_name("a module's name");
    while (accept(".")) path += "." + expect_name("a module's name");
    return path;
  }

  AstStmt import_statement() {
    AstStmt s = start(Kind::kImport);
    const bool from = take().text == "from";
    if (from) {
      s.text = module_path();
      expect_word("import");
    }
    const bool closed = accept("(");
    do {
      std::string name = module_path();
      std::string alias = accept_word("as") ? expect_name("a name") : name;
      s.imports.emplace_back(std::move(name), std::move(alias));
    } while (accept(","));
    if (closed) expect(")");
    return s;
  }

  AstStmt expression_statement() {
    AstStmt s = start(Kind::kExpr);
    Ast first = expression_list();
    if (accept(":")) {
      s.kind = Kind::kAnnotated;
      s.target = std::move(first);
      s.annotation = expression();
      if (accept("=")) s.value = expression_list();
      return s;
    }
    if (at_operator("=")) {
      take();
      s.kind = Kind::kAssign;
      s.target = std::move(first);
      s.value = expression_list();
      if (at_operator("=")) fail("assign to one target at a time");
      return s;
    }
    const std::string& op = peek().text;
    if (peek().kind == TokenKind::kOperator && op.size() >= 2 && op.back() == '=' && op != "==" &&
        op != "<=" && op != ">=" && op != "!=" && op != ":=") {
      s.kind = Kind::kAugmented;
      s.text = op.substr(0, op.size() - 1);
      take();
      s.target = std::move(first);
      s.value = expression_list();
      return s;
    }
    s.value = std::move(first);
    return s;
  }
};

}  // namespace

std::vector<AstStmt> parse_script(const Source& source) {
  return StmtParser(source, tokenize(source)).file();
}

Ast parse_expression(const Source& source) {
  return StmtParser(source, tokenize(source)).single_expression();
}

}  // namespace tenon::script
