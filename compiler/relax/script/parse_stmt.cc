// Statements of scripts: bindings, dataflow blocks, branches, local functions.
#include <algorithm>

#include "compiler/relax/script/parse_function.h"
#include "compiler/relax/type_relation.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;
using StmtKind = script::AstStmt::Kind;

bool is_call_of(const ScriptModule& module, const script::Ast& ast, std::string_view word) {
  return ast.is(Kind::kCall) && graph_word(module, ast.items[0]) == word;
}

// Whether `e` stands as it is where a leaf is needed; tuples of leaves do.
bool is_leaf(const Expr& e) {
  if (const auto* tuple = e.as<Tuple>()) {
    return std::all_of(tuple->values.begin(), tuple->values.end(), is_leaf);
  }
  return !e.as<Call>() && !e.as<TupleGetItem>() && !e.as<If>() && !e.as<SeqExpr>() &&
         !e.as<Function>();
}

}  // namespace

// Two neighbouring plain blocks are one.
Expr GraphParser::add_binding(const std::string& name, const Expr& value, const Type& type,
                              const Type& cast_type) {
  if (blocks_.empty() || blocks_.back().is_dataflow != in_dataflow_) {
    blocks_.push_back({in_dataflow_, {}});
  }
  Type own = without_values(type);
  if (const auto* prim = type.as<PrimType>())
    own = PrimType{prim->dtype, tir::make_var(name, prim->dtype)};
  const Expr variable = make_var(name, own, in_dataflow_ && !is_output_);
  blocks_.back().bindings.push_back({variable, value, cast_type});
  return variable;
}

Type GraphParser::checked_type(const Ast& annotation, const Value& value, const Ast& at) {
  Type declared = type(annotation);
  if (!value.type) return declared;
  const std::string conflict = type_conflict(declared, value.type);
  if (!conflict.empty()) fail(at, "the annotation and the value have different types: " + conflict);
  return declared;
}

void GraphParser::statements(const std::vector<AstStmt>& list, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) statement(list[i]);
}

void GraphParser::statement(const AstStmt& s) {
  switch (s.kind) {
    case StmtKind::kPass:
    case StmtKind::kImport:
      return;
    case StmtKind::kExpr:
      return expression_statement(s);
    case StmtKind::kAssign:
      return assign(s);
    case StmtKind::kAnnotated:
      return bind(s);
    case StmtKind::kWith:
      return dataflow(s);
    case StmtKind::kFunction:
      return local_function(s);
    case StmtKind::kIf:
      return if_statement(s);
    case StmtKind::kReturn:
      fail(s.at, "return stands only at the end of a function");
    default:
      fail(s.at, "this statement has no meaning in a graph function");
  }
}

// Attributes, or a call whose result nothing uses.
void GraphParser::expression_statement(const AstStmt& s) {
  if (s.value.is(Kind::kString)) return;
  if (is_call_of(module_, s.value, "func_attr")) {
    need_args(s.value, 1, 1);
    attrs_ = tir::FuncParser(module_.names, symbols_, kInt64).attr_map(s.value.items[1]);
    return;
  }
  if (is_call_of(module_, s.value, "output")) {
    fail(s.at, "R.output stands at the end of a dataflow block");
  }
  const Value v = value(s.value);
  if (!v.expr.as<Call>()) fail(s.value, "a value that nothing uses", "give it a name");
  add_binding("_", v.expr, v.type ? v.type : Type(TupleType{}));
}

// n = T.int64(), n = T.var("int64"), n = TypeVar("n"): a symbol, the one of the signature where
// that has one.
bool GraphParser::declares_symbol(const AstStmt& s) {
  if (!s.value.is(Kind::kCall)) return false;
  const std::string word = tir::tensor_word(module_.names, s.value.items[0]);
  auto dtype = tir::known_dtype(word);
  if (script::dotted_name(s.value.items[0]) == "TypeVar") {
    dtype = kInt64;
  } else if (word == "var" || word == "Var") {
    dtype = s.value.items.size() > 1 ? this->dtype(s.value.items.back()) : kInt64;
  } else if (s.value.items.size() > 1) {
    return false;
  }
  if (!dtype) return false;
  if (!symbols_.count(s.target.text))
    symbols_[s.target.text] = tir::make_var(s.target.text, *dtype);
  return true;
}

void GraphParser::assign(const AstStmt& s) {
  if (!s.target.is(Kind::kName)) {
    fail(s.target, "one name is needed on the left",
         "take the parts of a tuple apart with t[0], t[1]");
  }
  if (s.value.is(Kind::kName) && module_names_.count(s.value.text)) {
    module_names_.insert(s.target.text);
    return;
  }
  if (!declares_symbol(s)) bind(s);
}

// name = value, name: type = value, and R.match_cast as value.
void GraphParser::bind(const AstStmt& s) {
  if (!s.target.is(Kind::kName)) fail(s.target, "one name is needed on the left");
  if (s.value.is(Kind::kAbsent)) fail(s.at, "variable `" + s.target.text + "` has no value");
  const std::string& name = s.target.text;
  const bool is_annotated = s.is(StmtKind::kAnnotated);
  if (is_call_of(module_, s.value, "match_cast")) {
    need_args(s.value, 2, 2);
    const Expr source = leaf(s.value.items[1]);
    const Type cast_type = type(s.value.items[2]);
    const Type declared =
        is_annotated ? checked_type(s.annotation, {source, cast_type}, s.annotation) : cast_type;
    define(name, add_binding(name, source, declared, cast_type));
    return;
  }
  const bool is_output = std::exchange(is_output_, false);
  const Value v = value(s.value);
  is_output_ = is_output;
  if (!is_annotated && !v.type && name.starts_with("_")) {
    add_binding("_", v.expr, TupleType{});  // called for what it does
    return;
  }
  if (!is_annotated && !v.type) {
    fail(s.value, "the type of this value is not known",
         "write it: " + name + ": R.Tensor((4, 8), dtype=\"float32\") = ...");
  }
  const Type declared = is_annotated ? checked_type(s.annotation, v, s.value) : v.type;
  define(name, add_binding(name, v.expr, declared));
}

// is_output[i]: statement i binds a variable that R.output names, for the last time.
void GraphParser::find_outputs(const AstStmt& s, std::vector<bool>& is_output) {
  const Ast& call = s.body.back().value;
  for (std::size_t k = 1; k < call.items.size(); ++k) {
    const Ast& name = call.items[k];
    if (!name.is(Kind::kName)) fail(name, "R.output takes names of variables");
    std::size_t i = s.body.size() - 1;
    const auto binds = [&](const AstStmt& b) {
      if (b.is(StmtKind::kFunction)) return b.text == name.text;
      const bool is_binding = b.is(StmtKind::kAssign) || b.is(StmtKind::kAnnotated);
      return is_binding && b.target.is(Kind::kName) && b.target.text == name.text;
    };
    while (i > 0 && !binds(s.body[i - 1])) --i;
    if (i == 0) {
      fail(name, "R.output names `" + name.text + "`, which the dataflow block does not define");
    }
    is_output[i - 1] = true;
  }
}

void GraphParser::dataflow(const AstStmt& s) {
  if (!is_call_of(module_, s.value, "dataflow")) {
    fail(s.value, "`with` of a graph function is `with R.dataflow():`");
  }
  if (in_dataflow_) fail(s.at, "a dataflow block stands inside another one");
  if (s.body.empty() || !s.body.back().is(StmtKind::kExpr) ||
      !is_call_of(module_, s.body.back().value, "output")) {
    fail(s.body.empty() ? s.at : s.body.back().at, "a dataflow block ends with R.output(...)");
  }
  std::vector<bool> is_output(s.body.size(), false);
  find_outputs(s, is_output);
  blocks_.push_back({true, {}});
  in_dataflow_ = true;
  push_scope();
  for (std::size_t i = 0; i + 1 < s.body.size(); ++i) {
    is_output_ = is_output[i];
    statement(s.body[i]);
  }
  is_output_ = false;
  in_dataflow_ = false;
  std::map<std::string, Expr> inner = std::move(scopes_.back());
  pop_scope();
  for (auto& [name, variable] : inner) {
    if (var(variable).is_dataflow) {
      hidden_.insert(name);
    } else {
      define(name, std::move(variable));
    }
  }
}

void GraphParser::local_function(const AstStmt& s) {
  bool is_graph = false;
  for (const Ast& decorator : s.decorators) {
    const Ast& callee = decorator.is(Kind::kCall) ? decorator.items[0] : decorator;
    is_graph = is_graph || graph_word(module_, callee) == "function";
  }
  if (!is_graph) {
    fail(s.at, "local function `" + s.text + "` is no R.function", "write @R.function above it");
  }
  // Defined before its body is read, which may call it.
  const Type type = GraphParser(*this).signature(s);
  if (blocks_.empty() || blocks_.back().is_dataflow != in_dataflow_) {
    blocks_.push_back({in_dataflow_, {}});
  }
  const Expr variable = make_var(s.text, type, in_dataflow_ && !is_output_);
  define(s.text, variable);
  GraphParser inner(*this);
  inner.blocks_.clear();
  inner.attrs_.clear();
  inner.in_dataflow_ = false;
  inner.is_output_ = false;
  const Expr func = inner.function(s);
  blocks_.back().bindings.push_back({variable, func, {}});
}

// The last statement of a branch defines its result.
GraphParser::Branch GraphParser::branch(const std::vector<AstStmt>& list, const char* suffix,
                                        const AstStmt& at) {
  if (list.empty()) fail(at.at, "an if of a graph has two branches", "write else:");
  std::vector<BindingBlock> outer = std::exchange(blocks_, {});
  push_scope();
  statements(list, list.size() - 1);
  const AstStmt& last = list.back();
  Branch result;
  if (last.is(StmtKind::kIf)) {
    statement(last);
    const Expr inner = blocks_.back().bindings.back().var;
    result.name = var(inner).name;
    result.type = var(inner).type;
    result.body = take_body(inner);
  } else {
    const bool is_annotated = last.is(StmtKind::kAnnotated);
    const bool is_binding = is_annotated || last.is(StmtKind::kAssign);
    if (!is_binding || !last.target.is(Kind::kName) || last.value.is(Kind::kAbsent)) {
      fail(last.at, "a branch of a graph ends with an assignment, which is its value");
    }
    result.name = last.target.text;
    if (is_call_of(module_, last.value, "match_cast")) {
      statement(last);
      const Expr inner = blocks_.back().bindings.back().var;
      result.type = var(inner).type;
      result.body = take_body(inner);
    } else {
      Value v = value(last.value);
      result.type = is_annotated ? checked_type(last.annotation, v, last.value) : v.type;
      if (!result.type) fail(last.value, "the type of this value is not known", "annotate it");
      if (!is_leaf(v.expr)) v.expr = add_binding(result.name + suffix, v.expr, result.type);
      result.body = take_body(v.expr);
    }
  }
  pop_scope();
  blocks_ = std::move(outer);
  return result;
}

void GraphParser::if_statement(const AstStmt& s) {
  if (in_dataflow_) fail(s.at, "a branch stands inside a dataflow block");
  const Expr condition = leaf(s.value);
  Branch yes = branch(s.body, "_then", s);
  Branch no = branch(s.orelse, "_else", s);
  if (yes.name != no.name) {
    fail(s.at, "the branches define `" + yes.name + "` and `" + no.name +
                   "` last; both must define " + "one variable, the value of the if");
  }
  const std::string conflict = type_conflict(yes.type, no.type);
  if (!conflict.empty()) fail(s.at, "the branches give different types: " + conflict);
  const Expr value = If{condition, std::move(yes.body), std::move(no.body)};
  define(yes.name, add_binding(yes.name, value, yes.type));
}

}  // namespace tenon::relax
