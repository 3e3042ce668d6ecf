// The syntax tree of the Python subset that scripts are written in. It knows no IR: each IR reads
// its own meaning out of the tree. Plain values, with the position of every node.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::script {

// Line and column from 1; 0 is nowhere.
struct Position {
  int line = 0;
  int column = 0;
};

struct Keyword;

struct Ast {
  enum class Kind : unsigned char {
    kAbsent,
    kName,    // text
    kInt,     // text: the digits as written
    kFloat,   // text: the number as written
    kString,  // text: the value
    kBool,    // text: "True" or "False"
    kNone,
    kEllipsis,
    kTuple,        // items
    kList,         // items
    kDict,         // items: key, value, key, value ...
    kAttribute,    // items[0] . text
    kSubscript,    // items[0] [ items[1] ... ]
    kSlice,        // items: start, stop, step; each may be absent
    kCall,         // items[0] ( items[1] ..., keywords )
    kUnary,        // text: "-", "+", "~", "not"; items[0]
    kBinary,       // text: the operator, "and", "or" and comparisons included; items[0], items[1]
    kConditional,  // items[1] if items[0] else items[2]
    kLambda,       // names; items[0] is the body
    kStarred,      // * items[0]
  };
  Kind kind = Kind::kAbsent;
  Position at;
  std::string text;
  std::vector<Ast> items;
  std::vector<Keyword> keywords;
  std::vector<std::string> names;

  bool is(Kind k) const { return kind == k; }
  // For a call: the keyword's value, or null.
  const Ast* keyword(std::string_view name) const;
};

struct Keyword {
  std::string name;
  Position at;
  Ast value;
};

inline const Ast* Ast::keyword(std::string_view name) const {
  for (const Keyword& k : keywords) {
    if (k.name == name) return &k.value;
  }
  return nullptr;
}

// "T.axis.remap" for nested attributes of a name; "" for anything else.
std::string dotted_name(const Ast& ast);

struct AstParam {
  std::string name;
  Position at;
  Ast annotation;
};

struct AstStmt {
  enum class Kind : unsigned char {
    kExpr,       // value
    kAssign,     // target = value; chained targets are nested assigns in body
    kAnnotated,  // target: annotation = value (value may be absent)
    kAugmented,  // target text= value, text is "+" ...
    kFor,        // for target in value: body
    kWhile,      // while value: body
    kIf,         // if value: body else: orelse
    kWith,       // with value as target: body (several contexts are nested)
    kAssert,     // assert value, target
    kReturn,     // return value
    kPass,
    kBreak,
    kContinue,
    kFunction,  // decorators; def text(params) -> annotation: body
    kClass,     // decorators; class text: body
    kImport,    // text is the module; imports
  };
  Kind kind = Kind::kPass;
  Position at;
  std::string text;
  Ast target, annotation, value;
  std::vector<AstStmt> body, orelse;
  std::vector<Ast> decorators;
  std::vector<AstParam> params;
  std::vector<std::pair<std::string, std::string>> imports;  // name, alias

  bool is(Kind k) const { return kind == k; }
};

}  // namespace tenon::script
