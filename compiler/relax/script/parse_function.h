// One graph function's worth of parsing: names in scopes, the binding blocks being filled, and the
// readers of statements, types and values.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/relax/script/parser.h"
#include "compiler/tir/script/parse_function.h"

namespace tenon::relax {

// What the module tells its functions.
struct ScriptModule {
  tir::ModuleScope names;                 // source, aliases, symbols declared by TypeVar
  std::map<std::string, Type> functions;  // graph functions: FuncType; TensorIR functions: AnyType
  std::vector<TensorRef> constants;       // of the metadata section
  bool has_metadata = false;
  ParseOptions options;
};

// "R.nn.relu" -> "nn.relu" when the name's root is the alias of R; "" otherwise.
std::string graph_word(const ScriptModule& module, const script::Ast& ast);

class GraphParser {
 public:
  using Ast = script::Ast;
  using AstStmt = script::AstStmt;

  explicit GraphParser(const ScriptModule& module);

  Expr function(const AstStmt& definition);
  // The function's type as its signature says; AnyType when the result is not annotated.
  Type signature(const AstStmt& definition);

 private:
  // A right side: the expression and its type, null where only an annotation can tell.
  struct Value {
    Expr expr;
    Type type;
  };
  struct Branch {
    SeqExpr body;
    Type type;
    std::string name;
  };

  // parse_function.cc
  void decorators(const AstStmt& definition, Function& func);
  void find_scalars(const AstStmt& definition);
  Expr parameter(const script::AstParam& param);
  Type signature_type(const Ast& ast);
  SeqExpr take_body(Expr result);

  // parse_stmt.cc
  void statements(const std::vector<AstStmt>& list, std::size_t count);
  void statement(const AstStmt& s);
  void expression_statement(const AstStmt& s);
  void assign(const AstStmt& s);
  void bind(const AstStmt& s);
  void dataflow(const AstStmt& s);
  void find_outputs(const AstStmt& s, std::vector<bool>& is_output);
  void local_function(const AstStmt& s);
  void if_statement(const AstStmt& s);
  Branch branch(const std::vector<AstStmt>& list, const char* suffix, const AstStmt& at);
  bool declares_symbol(const AstStmt& s);
  Type checked_type(const Ast& annotation, const Value& value, const Ast& at);
  Expr add_binding(const std::string& name, const Expr& value, const Type& type,
                   const Type& cast_type = {});

  // parse_type.cc
  Type type(const Ast& ast);
  Type tensor_type(const Ast& call);
  Type shape_type(const Ast& call);
  Type callable_type(const Ast& call);
  std::vector<Type> types(const Ast& ast);
  Shape shape(const Ast& ast);
  Dim dim(const Ast& ast);
  DataType dtype(const Ast& ast);

  // parse_value.cc
  Value value(const Ast& ast);
  Expr leaf(const Ast& ast);
  std::vector<Expr> leaves(const std::vector<Ast>& list, std::size_t first);
  Value name(const Ast& ast);
  Value tuple(const std::vector<Ast>& items, std::size_t first);
  Value item(const Ast& ast);
  Value operation(const Ast& ast);
  Value metadata_constant(const Ast& ast);
  bool is_scalar(const Ast& ast) const;
  tir::Expr scalar(const Ast& ast);
  std::optional<Expr> global(const Ast& ast) const;

  // parse_call.cc
  Value call(const Ast& ast);
  std::optional<Value> leaf_call(const std::string& word, const Ast& ast);
  Value function_call(const Expr& callee, const Type& type, const Ast& ast);
  Value packed_call(const Ast& ast);
  Value operator_call(const std::string& op, const Ast& ast);
  void positional(const std::string& op, const Ast& ast, std::size_t index, Call& call);
  void keyword(const std::string& op, const script::Keyword& k, Call& call);
  bool is_attribute(const std::string& op, const Ast& ast, std::size_t index) const;
  tir::AttrValue attribute(const Ast& ast);
  Value resolve(const std::string& op, Call call, const Ast& at);
  Type infer(const Call& call, const Ast& at);
  Value constant(const Ast& call);
  Value external_constant(const Ast& call);
  void fill(const Ast& ast, DataType dtype, std::byte*& out);
  void need_args(const Ast& call, std::size_t min, std::size_t max);
  std::string string(const Ast& ast);

  [[noreturn]] void fail(const Ast& at, const std::string& message, const std::string& hint = "");
  [[noreturn]] void fail(script::Position at, const std::string& message,
                         const std::string& hint = "");

  // Names.
  void push_scope() { scopes_.emplace_back(); }
  void pop_scope() { scopes_.pop_back(); }
  void define(const std::string& name, Expr value) { scopes_.back()[name] = std::move(value); }
  const Expr* find(const std::string& name) const;
  std::vector<std::string> known_names() const;

  const ScriptModule& module_;
  std::vector<std::map<std::string, Expr>> scopes_;
  std::map<std::string, tir::Expr> symbols_;
  std::set<std::string> module_names_;  // Module, and cls = Module
  std::set<std::string> hidden_;        // dataflow variables of blocks that have ended
  std::vector<BindingBlock> blocks_;    // of the body being read
  tir::AttrMap attrs_;
  bool in_signature_ = false;  // new names in quotes become symbols
  bool in_dataflow_ = false;
  bool is_output_ = false;  // the variable being bound leaves its dataflow block
  int num_unnamed_ = 0;     // variables made for nested calls
};

}  // namespace tenon::relax
