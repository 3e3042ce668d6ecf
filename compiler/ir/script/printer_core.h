// What every script printer needs: expression texts with their precedence, names that stay unique
// in their scope, and indented lines.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::script {

// Python's precedences, loosest first.
enum class Level : int {
  kLambda,
  kConditional,
  kOr,
  kAnd,
  kNot,
  kCompare,
  kBitOr,
  kBitXor,
  kBitAnd,
  kShift,
  kAdd,
  kMultiply,
  kUnary,
  kPower,
  kAtom,
};

struct ExprText {
  std::string text;
  Level level = Level::kAtom;
};

// The text, in parentheses when it binds looser than `needed`.
std::string at_level(const ExprText& e, Level needed);

// left OP right for a left-associative operator; comparisons bracket both sides.
ExprText infix(const ExprText& left, std::string_view op, const ExprText& right, Level level);

// "1.0", "1.0000000000000001e-05", "inf": digits that read back as the same double; whole numbers
// are written out.
std::string float_text(double value);

// The tuple of texts: "()", "(a,)", "(a, b)".
std::string tuple_text(const std::vector<std::string>& items);

// Names in scopes. A key (the identity of a node) has one text while its scope is open; a name is
// used for one key at a time and becomes free when its scope closes.
class NameTable {
 public:
  NameTable() { push(); }
  void push() { scopes_.emplace_back(); }
  void pop();
  // Makes a name unusable for good: modules' names and keywords.
  void reserve(std::string name) { used_.insert(std::move(name)); }
  // Every name from now on is made from this one hint: for text that no name changes.
  void use_one_hint(std::string hint) { one_hint_ = std::move(hint); }
  // A free name like `hint` ("i", "i_1", ...) for `key` in the innermost scope.
  std::string define(const void* key, std::string_view hint);
  // Any text for `key` in the innermost scope, such as "A.data".
  void bind(const void* key, std::string text);
  // The text of `key`, or null.
  const std::string* find(const void* key) const;

 private:
  struct Scope {
    std::vector<std::string> names;
    std::vector<const void*> keys;
  };
  std::vector<Scope> scopes_;
  std::set<std::string, std::less<>> used_;
  std::map<const void*, std::vector<std::string>> texts_;
  std::string one_hint_;
};

// Lines with the indentation in force.
class LineWriter {
 public:
  void line(std::string_view text);
  void blank() { line(""); }
  void indent() { ++depth_; }
  void dedent() { --depth_; }
  const std::string& text() const { return text_; }
  // The number of the next line, from 1, and the columns that its indentation takes.
  int next_line() const { return num_lines_ + 1; }
  int width() const { return depth_ * 4; }

 private:
  std::string text_;
  int depth_ = 0;
  int num_lines_ = 0;
};

}  // namespace tenon::script
