#include "compiler/ir/script/lexer.h"

#include <array>
#include <cctype>
#include <string_view>

namespace tenon::script {
namespace {

constexpr std::array<std::string_view, 47> kOperators = {
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==",
    "!=",  "->",  "+=",  "-=",  "*=",  "/=", "%=", "&=", "|=", "^=", ":=", "(",
    ")",   "[",   "]",   "{",   "}",   ",",  ":",  ".",  ";",  "@",  "=",  "+",
    "-",   "*",   "/",   "%",   "&",   "|",  "^",  "~",  "<",  ">",  "!"};

bool is_name_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
}
bool is_name_part(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c));
}
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      if (at_line_start_ && depth_ == 0) {
        if (!start_line()) continue;
      }
      step();
    }
    if (depth_ > 0) fail("the script ends inside a bracket");
    if (!tokens_.empty() && tokens_.back().kind != TokenKind::kNewline &&
        tokens_.back().kind != TokenKind::kDedent) {
      add(TokenKind::kNewline, "");
    }
    while (indents_.back() > 0) {
      indents_.pop_back();
      add(TokenKind::kDedent, "");
    }
    add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char take() {
    const char c = text_[at_++];
    if (c == '\n') {
      ++position_.line;
      position_.column = 1;
    } else {
      ++position_.column;
    }
    return c;
  }
  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), start_}); }
  [[noreturn]] void fail(const std::string& message) const {
    script_error(source_, position_, message);
  }

  // Measures the indentation of a line; false when the line is blank or a comment (then skipped).
  bool start_line() {
    int width = 0;
    while (peek() == ' ' || peek() == '\t') width += take() == '\t' ? 8 - width % 8 : 1;
    if (peek() == '#') skip_comment();
    if (peek() == '\r') take();
    if (peek() == '\n' || at_ >= text_.size()) {
      if (at_ < text_.size()) take();
      return false;
    }
    start_ = position_;
    if (width > indents_.back()) {
      indents_.push_back(width);
      add(TokenKind::kIndent, "");
    }
    while (width < indents_.back()) {
      indents_.pop_back();
      add(TokenKind::kDedent, "");
    }
    if (width != indents_.back()) fail("this line is indented unlike any line around it");
    at_line_start_ = false;
    return true;
  }

  void skip_comment() {
    while (at_ < text_.size() && peek() != '\n') take();
  }

  void step() {
    const char c = peek();
    start_ = position_;
    if (c == '\n') {
      take();
      if (depth_ == 0) {
        add(TokenKind::kNewline, "");
        at_line_start_ = true;
      }
    } else if (c == ' ' || c == '\t' || c == '\r') {
      take();
    } else if (c == '#') {
      skip_comment();
    } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
      while (take() != '\n') {
      }
    } else if (c == '"' || c == '\'') {
      string(false);
    } else if ((c == 'r' || c == 'R') && (peek(1) == '"' || peek(1) == '\'')) {
      take();
      string(true);
    } else if (is_name_start(c)) {
      const size_t first = at_;
      while (is_name_part(peek())) take();
      add(TokenKind::kName, text_.substr(first, at_ - first));
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number();
    } else {
      punctuation();
    }
  }

  void number() {
    const size_t first = at_;
    if (peek() == '0' && std::string_view("xXbBoO").find(peek(1)) != std::string_view::npos) {
      take();
      take();
      while (std::isxdigit(static_cast<unsigned char>(peek())) || peek() == '_') take();
      add(TokenKind::kInt, text_.substr(first, at_ - first));
      return;
    }
    bool is_float = false;
    while (is_digit(peek()) || peek() == '_') take();
    if (peek() == '.') {
      is_float = true;
      take();
      while (is_digit(peek()) || peek() == '_') take();
    }
    if (peek() == 'e' || peek() == 'E') {
      const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        is_float = true;
        for (size_t i = 0; i <= sign; ++i) take();
        while (is_digit(peek())) take();
      }
    }
    add(is_float ? TokenKind::kFloat : TokenKind::kInt, text_.substr(first, at_ - first));
  }

  void string(bool raw) {
    const char quote = take();
    bool triple = false;
    if (peek() == quote && peek(1) == quote) {
      take();
      take();
      triple = true;
    }
    std::string value;
    while (true) {
      if (at_ >= text_.size() || (!triple && peek() == '\n')) fail("this string has no end");
      if (peek() == quote && (!triple || (peek(1) == quote && peek(2) == quote))) break;
      const char c = take();
      if (c == '\\' && raw) {
        value += c;
        value += take();
      } else if (c == '\\') {
        escape(value);
      } else {
        value += c;
      }
    }
    for (int i = 0; i < (triple ? 3 : 1); ++i) take();
    add(TokenKind::kString, std::move(value));
  }

  void escape(std::string& value) {
    const char c = take();
    static constexpr std::string_view kFrom = "ntr0abfv\\'\"";
    static constexpr std::string_view kTo{"\n\t\r\0\a\b\f\v\\'\"", 11};
    if (c == '\n') return;
    if (c == 'x') return hex_escape(value, 2);
    if (c == 'u') return hex_escape(value, 4);
    const size_t i = kFrom.find(c);
    if (i == std::string_view::npos) {
      value += '\\';
      value += c;
    } else {
      value += kTo[i];
    }
  }

  // \xHH is a byte of text below 128, \uHHHH a code point; both are stored as UTF-8.
  void hex_escape(std::string& value, int digits) {
    unsigned code = 0;
    for (int i = 0; i < digits; ++i) {
      if (!std::isxdigit(static_cast<unsigned char>(peek()))) fail("a hexadecimal digit is needed");
      code = code * 16 + static_cast<unsigned>(std::stoi(std::string(1, take()), nullptr, 16));
    }
    if (code < 0x80) {
      value += static_cast<char>(code);
    } else if (code < 0x800) {
      value += static_cast<char>(0xC0 | (code >> 6));
      value += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      value += static_cast<char>(0xE0 | (code >> 12));
      value += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      value += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  void punctuation() {
    const std::string_view rest = std::string_view(text_).substr(at_);
    for (const std::string_view op : kOperators) {
      if (!rest.starts_with(op)) continue;
      for (size_t i = 0; i < op.size(); ++i) take();
      if (op == "(" || op == "[" || op == "{") ++depth_;
      if (op == ")" || op == "]" || op == "}") {
        if (depth_ == 0) fail("this bracket closes nothing");
        --depth_;
      }
      add(TokenKind::kOperator, std::string(op));
      return;
    }
    fail(std::string("the character '") + peek() + "' has no meaning in a script");
  }

  const Source& source_;
  const std::string& text_;
  size_t at_ = 0;
  Position position_{1, 1};
  Position start_{1, 1};
  int depth_ = 0;
  bool at_line_start_ = true;
  std::vector<int> indents_{0};
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const Source& source) { return Lexer(source).run(); }

}  // namespace tenon::script
