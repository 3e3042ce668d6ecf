// Statements of scripts.
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;
using StmtKind = script::AstStmt::Kind;

bool is_launch_word(const std::string& word) { return word == "launch_thread"; }

}  // namespace

Stmt FuncParser::scoped(const std::vector<AstStmt>& list) {
  push_scope();
  Stmt body = seq(statements(list, 0));
  pop_scope();
  return body;
}

std::vector<Stmt> FuncParser::statements(const std::vector<AstStmt>& list, std::size_t first) {
  std::vector<Stmt> into;
  for (std::size_t i = first; i < list.size(); ++i) {
    if (flat_form(list[i], list, i + 1, into)) break;
    statement(list[i], into);
  }
  return into;
}

// T.attr(...), tx = T.launch_thread(...) and T.realize-like forms written without `with` hold for
// the rest of their list. True when the rest was taken.
bool FuncParser::flat_form(const AstStmt& s, const std::vector<AstStmt>& list, std::size_t next,
                           std::vector<Stmt>& into) {
  const bool is_call =
      s.value.is(Kind::kCall) && (s.is(StmtKind::kExpr) || s.is(StmtKind::kAssign));
  if (!is_call) return false;
  const std::string word = tensor_word(module_, s.value.items[0]);
  if (s.is(StmtKind::kExpr) && word == "attr") {
    into.push_back(attribute(s.value, seq(statements(list, next))));
    return true;
  }
  if (!is_launch_word(word)) return false;
  const std::string name = s.is(StmtKind::kAssign) ? s.target.text : std::string();
  const Expr variable = launch_variable(name, s.value);
  into.push_back(launch(variable, s.value, seq(statements(list, next))));
  return true;
}

void FuncParser::statement(const AstStmt& s, std::vector<Stmt>& into) {
  switch (s.kind) {
    case StmtKind::kExpr:
      return expression_statement(s, into);
    case StmtKind::kAssign:
      return assign(s, into);
    case StmtKind::kAnnotated:
      return annotated(s, into);
    case StmtKind::kAugmented: {
      Ast sum;
      sum.kind = Kind::kBinary;
      sum.at = s.at;
      sum.text = s.text;
      sum.items = {s.target, s.value};
      return store_to(s.target, expr(sum), into);
    }
    case StmtKind::kFor:
      return into.push_back(for_loop(s));
    case StmtKind::kWhile: {
      Expr condition = expr(s.value);
      if (const auto v = as_int(condition)) condition = bool_imm(*v != 0);
      return into.push_back(While{condition, scoped(s.body)});
    }
    case StmtKind::kIf:
      return into.push_back(if_statement(s));
    case StmtKind::kWith: {
      Stmt made = with(s);
      if (made) into.push_back(std::move(made));
      return;
    }
    case StmtKind::kAssert:
      return into.push_back(assertion(s));
    case StmtKind::kReturn:
      return into.push_back(Return{s.value.is(Kind::kAbsent) ? Expr{} : expr(s.value)});
    case StmtKind::kBreak:
      return into.push_back(Break{});
    case StmtKind::kContinue:
      return into.push_back(Continue{});
    case StmtKind::kPass:
      return;
    default:
      script::script_error(module_.source, s.at, "this statement has no meaning in TensorIR");
  }
}

Stmt FuncParser::if_statement(const AstStmt& s) {
  const Expr condition = expr(s.value);
  if (!dtype_of(condition).is_bool()) fail(s.value, "a condition must be a bool");
  Stmt then_body = scoped(s.body);
  return If{condition, then_body, s.orelse.empty() ? Stmt{} : scoped(s.orelse)};
}

Stmt FuncParser::assertion(const AstStmt& s) {
  Assert n;
  n.condition = expr(s.value);
  const Ast& text = s.target;
  if (text.is(Kind::kString)) {
    n.message = {text.text};
  } else if (text.is(Kind::kTuple) && text.items.size() == 2) {
    n.kind = string(text.items[0]);
    if (text.items[1].is(Kind::kString)) n.message = {text.items[1].text};
    for (const Ast& part : text.items[1].items) n.message.push_back(string(part));
  } else if (!text.is(Kind::kAbsent)) {
    fail(text, "an assertion's message is a string or (kind, [strings])");
  }
  return n;
}

void FuncParser::expression_statement(const AstStmt& s, std::vector<Stmt>& into) {
  const Ast& value = s.value;
  if (value.is(Kind::kString)) return;  // a comment in quotes
  if (value.is(Kind::kCall)) {
    const std::string word = tensor_word(module_, value.items[0]);
    if (block_statement(word, value)) return;
    if (word == "evaluate") {
      need_args(value, 1, 1);
      return into.push_back(Evaluate{expr(value.items[1])});
    }
    if (word == "break_loop") return into.push_back(Break{});
    if (word == "continue_loop") return into.push_back(Continue{});
    if (word == "func_attr") {
      need_args(value, 1, 1);
      for (auto& [key, v] : attr_map(value.items[1])) attrs_[key] = std::move(v);
      return;
    }
    if (word == "buffer_store") {
      need_args(value, 3, 4);
      const Buffer target = buffer(value.items[1]);
      return into.push_back(store(target, exprs(value.items[3].items, 0), expr(value.items[2])));
    }
    const Ast& callee = value.items[0];
    if (callee.is(Kind::kAttribute) && callee.text == "vstore" && callee.items[0].is(Kind::kName)) {
      need_args(value, 2, 2);
      const Ast* predicate = value.keyword("predicate");
      return into.push_back(Store{buffer(callee.items[0]), exprs(value.items[1].items, 0),
                                  expr(value.items[2]), predicate ? expr(*predicate) : Expr{}});
    }
  }
  into.push_back(Evaluate{expr(value)});
}

void FuncParser::assign(const AstStmt& s, std::vector<Stmt>& into) {
  if (s.target.is(Kind::kName) || s.target.is(Kind::kTuple)) return assign_name(s, into);
  if (!s.target.is(Kind::kSubscript))
    fail(s.target, "only elements of buffers and scalars take values");
  const DataType held = node(buffer(s.target.items[0])).dtype;
  store_to(s.target, expr_as(s.value, held), into);
}

// A[i] = value, or name = value for a scalar. A value of another type is converted; a scalar
// stored to a vector index is broadcast.
void FuncParser::store_to(const Ast& target, Expr value, std::vector<Stmt>& into) {
  Buffer where;
  std::vector<Expr> at;
  if (target.is(Kind::kSubscript)) {
    where = buffer(target.items[0]);
    at = indices(target);
  } else if (target.is(Kind::kName)) {
    const Value* found = find(target.text);
    const Buffer* b = found ? std::get_if<Buffer>(found) : nullptr;
    if (!b || !scalars_.count(b->id()))
      fail(target, "only elements of buffers and scalars take values");
    where = *b;
    at = {i32(0)};
  } else {
    fail(target, "only elements of buffers and scalars take values");
  }
  DataType wanted = node(where).dtype;
  if (!at.empty() && dtype_of(at.back()).is_vector()) {
    wanted.lanes = static_cast<std::uint16_t>(wanted.lanes * dtype_of(at.back()).lanes);
    wanted.scalable = dtype_of(at.back()).scalable;
  }
  const DataType type = dtype_of(value);
  if (type != wanted && type.lanes == 1 && !type.scalable && wanted.is_vector() &&
      !wanted.scalable) {
    value = broadcast(cast(wanted.element(), value), wanted.lanes);
  }
  if (dtype_of(value) != wanted) {
    if (type.lanes != wanted.lanes || type.is_handle()) {
      fail(target, str_cat("a value of type ", to_string(type), " is stored where ",
                           to_string(wanted), " is held"));
    }
    value = cast(wanted, value);
  }
  into.push_back(Store{where, std::move(at), std::move(value), {}});
}

void FuncParser::assign_name(const AstStmt& s, std::vector<Stmt>& into) {
  const Ast& call = s.value;
  if (call.is(Kind::kCall)) {
    const std::string word = tensor_word(module_, call.items[0]);
    if (axis(s.target, word, call)) return;
    if (word == "env_thread") {
      need_args(call, 1, 1);
      threads_[s.target.text] = string(call.items[1]);
      define(s.target.text, make_var(s.target.text, kInt32));
      return;
    }
    if (word == "Var" || word == "var") {
      need_args(call, 1, 2);
      const Ast& type = call.items[call.items.size() - 1];
      return define(s.target.text, make_var(s.target.text, dtype(type)));
    }
    const auto type = known_dtype(word);
    if (type && call.items.size() == 1 && call.keywords.empty()) {
      return define(s.target.text, symbol(s.target.text, *type));
    }
    if (s.target.is(Kind::kName)) {
      if (auto made = make_buffer_value(s.target.text, call, into)) {
        return define(s.target.text, *made);
      }
      if (word == "match_buffer") return;
    }
  }
  if (!s.target.is(Kind::kName)) fail(s.target, "only T.axis.remap gives several names a value");
  const Value* found = find(s.target.text);
  if (found && std::holds_alternative<Buffer>(*found) &&
      scalars_.count(std::get<Buffer>(*found).id())) {
    return store_to(s.target, expr_as(s.value, node(std::get<Buffer>(*found)).dtype), into);
  }
  const Value v = value(s.value);
  if (std::holds_alternative<Buffer>(v)) return define(s.target.text, v);
  const Expr e = std::get<Expr>(v);
  const Expr variable = make_var(s.target.text, dtype_of(e));
  into.push_back(Bind{variable, e});
  define(s.target.text, variable);
}

// x: T.let[T.float32] = value binds; x: T.float32 = value makes a scalar that can change.
void FuncParser::annotated(const AstStmt& s, std::vector<Stmt>& into) {
  if (!s.target.is(Kind::kName)) fail(s.target, "only a name takes an annotation");
  const std::string& name = s.target.text;
  const Ast& note = s.annotation;
  if (note.is(Kind::kSubscript) && tensor_word(module_, note.items[0]) == "let") {
    const Expr variable = scalar_parameter(name, note.items[1]);
    Expr bound = expr_as(s.value, dtype_of(variable));
    if (dtype_of(bound) != dtype_of(variable)) {
      fail(s.value, str_cat("`", name, "` is declared ", to_string(dtype_of(variable)),
                            ", its value is ", to_string(dtype_of(bound))));
    }
    into.push_back(Bind{variable, std::move(bound)});
    return define(name, variable);
  }
  const DataType type = dtype(note);
  if (type.is_handle()) {
    const Expr variable = scalar_parameter(name, note);
    into.push_back(Bind{variable, expr(s.value)});
    return define(name, variable);
  }
  const Buffer cell =
      make_buffer({.name = name, .dtype = type, .shape = {i32(1)}, .scope = "local"});
  into.push_back(AllocBuffer{cell, {}});
  Expr first;
  if (!s.value.is(Kind::kAbsent)) first = expr_as(s.value, type);
  scalars_.insert(cell.id());
  define(name, cell);
  if (first) store_to(s.target, first, into);
}

Stmt FuncParser::attribute(const Ast& call, Stmt body) {
  if (call.items.size() == 2 && call.items[1].is(Kind::kDict)) {
    const Ast& dict = call.items[1];
    for (std::size_t i = dict.items.size(); i >= 2; i -= 2) {
      body = AttrStmt{{}, string(dict.items[i - 2]), expr(dict.items[i - 1]), body};
    }
    return body;
  }
  need_args(call, 3, 3);
  return AttrStmt{attr(call.items[1]), string(call.items[2]), expr(call.items[3]), std::move(body)};
}

// The variable of a launch; T.launch_thread(tx, n) takes one made by T.env_thread.
Expr FuncParser::launch_variable(const std::string& name, const Ast& call) {
  need_args(call, 2, 2);
  if (call.items[1].is(Kind::kName)) return expr(call.items[1]);
  const Expr extent = integer_expr(call.items[2]);
  const Expr variable = make_var(name.empty() ? string(call.items[1]) : name, dtype_of(extent));
  if (!name.empty()) define(name, variable);
  return variable;
}

Stmt FuncParser::launch(const Expr& variable, const Ast& call, Stmt body) {
  For n;
  n.var = variable;
  n.extent = integer_expr(call.items[2]);
  n.min = int_imm(dtype_of(n.extent), 0);
  n.kind = ForKind::kThreadBinding;
  if (call.items[1].is(Kind::kName)) {
    const auto tag = threads_.find(call.items[1].text);
    if (tag == threads_.end()) fail(call.items[1], "T.launch_thread needs a thread's tag");
    n.thread_tag = tag->second;
  } else {
    n.thread_tag = string(call.items[1]);
  }
  n.annotations[std::string(kLaunchThread)] = {true};
  n.body = std::move(body);
  return n;
}

Stmt FuncParser::with(const AstStmt& s) {
  if (!s.value.is(Kind::kCall)) fail(s.value, "`with` needs a call such as T.sblock(\"name\")");
  const Ast& call = s.value;
  const std::string word = tensor_word(module_, call.items[0]);
  if (word == "sblock" || word == "block") {
    return block(s, call.items.size() > 1 ? string(call.items[1]) : "");
  }
  if (word == "init") {
    current_block(call).block.init = scoped(s.body);
    return {};
  }
  if (word == "attr") {
    Stmt body = scoped(s.body);
    return attribute(call, std::move(body));
  }
  if (word == "launch_thread") {
    push_scope();
    const Expr variable = launch_variable(s.target.text, call);
    Stmt body = scoped(s.body);
    pop_scope();
    return launch(variable, call, std::move(body));
  }
  if (word == "hint") {
    need_args(call, 1, 1);
    AttrMap notes;
    for (const script::Keyword& k : call.keywords) notes[k.name] = attr(k.value);
    Stmt body = scoped(s.body);
    return AttrStmt{{std::move(notes)}, std::string(kHint), expr(call.items[1]), std::move(body)};
  }
  fail(call, "`with` does not take this call",
       did_you_mean("T." + word, {"T.sblock", "T.block", "T.init", "T.attr", "T.launch_thread"}));
}

}  // namespace tenon::tir
