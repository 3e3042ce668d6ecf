// One function's worth of parsing: names in scopes, the block being filled, and the readers of
// statements, expressions, buffers and attributes.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "compiler/ir/script/source.h"
#include "compiler/tir/stmt.h"

namespace tenon::tir {

// What the module tells its functions.
struct ModuleScope {
  script::Source source;
  std::string module_name = "Module";
  std::map<std::string, std::string> aliases;  // "T", "tir" ... -> "T"; also I and R
  std::set<std::string> type_vars;
  std::map<std::string, DataType> results;  // functions' result types, void when absent
};

// "T.axis.remap" -> "axis.remap" when the name's root is the alias of T; "" otherwise.
std::string tensor_word(const ModuleScope& module, const script::Ast& ast);
// A type's name, without throwing.
std::optional<DataType> known_dtype(std::string_view text);

class FuncParser {
 public:
  using Ast = script::Ast;
  using AstStmt = script::AstStmt;
  using Value = std::variant<Expr, Buffer>;

  explicit FuncParser(const ModuleScope& module) : module_(module) {}

  // For scalars outside of a function: names and what they stand for, and the type of plain
  // integers.
  FuncParser(const ModuleScope& module, std::map<std::string, Expr> symbols, DataType integer)
      : module_(module), symbols_(std::move(symbols)), plain_integer_(integer) {}

  PrimFunc function(const AstStmt& definition);
  Expr scalar(const Ast& ast) { return expr(ast); }
  // A value of an attribute or annotation.
  AttrValue attr(const Ast& ast);
  AttrMap attr_map(const Ast& ast);

 private:
  // What the statements of a block body add to the block.
  struct BlockParts {
    Block block;
    bool has_reads = false, has_writes = false;
    bool is_root = false;
  };
  struct LoopHeader {
    ForKind kind = ForKind::kSerial;
    std::vector<Range> ranges;
    Expr step;
    std::string thread_tag;
    AttrMap annotations;
  };

  // parse_function.cc
  void decorators(const AstStmt& definition, PrimFunc& func);
  void find_symbols(const AstStmt& definition);
  Param parameter(const script::AstParam& param);
  Expr scalar_parameter(const std::string& name, const Ast& annotation);
  Stmt root_body(std::vector<Stmt> body, BlockParts parts, bool& is_schedulable);
  void bind_parameter(const std::string& name, const Ast& call);

  // parse_stmt.cc
  std::vector<Stmt> statements(const std::vector<AstStmt>& list, std::size_t first);
  Stmt scoped(const std::vector<AstStmt>& list);
  void statement(const AstStmt& s, std::vector<Stmt>& into);
  bool flat_form(const AstStmt& s, const std::vector<AstStmt>& list, std::size_t next,
                 std::vector<Stmt>& into);
  void expression_statement(const AstStmt& s, std::vector<Stmt>& into);
  void assign(const AstStmt& s, std::vector<Stmt>& into);
  void assign_name(const AstStmt& s, std::vector<Stmt>& into);
  void annotated(const AstStmt& s, std::vector<Stmt>& into);
  void store_to(const Ast& target, Expr value, std::vector<Stmt>& into);
  Stmt assertion(const AstStmt& s);
  Stmt if_statement(const AstStmt& s);
  Stmt with(const AstStmt& s);
  Stmt attribute(const Ast& call, Stmt body);
  Expr launch_variable(const std::string& name, const Ast& call);
  Stmt launch(const Expr& variable, const Ast& call, Stmt body);
  Stmt for_loop(const AstStmt& s);
  LoopHeader loop_header(const AstStmt& s);
  Range loop_range(const Ast& call);

  // parse_block.cc
  Stmt block(const AstStmt& s, const std::string& name);
  bool block_statement(const std::string& word, const Ast& call);
  bool axis(const Ast& target, const std::string& word, const Ast& call);
  void add_axis(const Ast& name, IterKind kind, Range domain, Expr binding);
  void remap(const Ast& target, const Ast& call);
  std::vector<BufferRegion> regions(const Ast& call);
  BufferRegion region(const Ast& ast);
  void complete(BlockParts& parts);
  BlockParts& current_block(const Ast& at);

  // parse_buffer.cc
  struct BufferSpec {
    const Ast* shape = nullptr;
    std::size_t first_option = 0;  // index of the dtype among the call's items
  };
  BufferNode buffer_node(const std::string& name, const Ast& call, BufferSpec spec);
  std::vector<Expr> shape(const Ast& ast);
  Expr dim(const Ast& ast);
  Expr symbol(const std::string& name, DataType dtype);
  std::optional<Buffer> make_buffer_value(const std::string& name, const Ast& call,
                                          std::vector<Stmt>& into);
  Buffer view(const std::string& name, const Ast& call, const Buffer& source);
  Buffer declared(const std::string& name, const Ast& call, std::vector<Stmt>& into);
  std::optional<Value> buffer_member(const Buffer& buffer, const std::string& member,
                                     const Ast& at);
  Expr buffer_call(const Buffer& buffer, const std::string& method, const Ast& call);
  Expr access_pointer(const Buffer& buffer, const Ast& call);

  // parse_expr.cc
  Value value(const Ast& ast);
  Expr expr(const Ast& ast);
  Expr integer_expr(const Ast& ast);  // of a scalar integer type
  std::vector<Expr> exprs(const std::vector<Ast>& list, std::size_t first);
  Expr expr_as(const Ast& ast, DataType dtype);
  Expr number(const Ast& ast);
  std::uint64_t magnitude(const Ast& ast);
  Expr unary(const Ast& ast);
  Expr operation(const Ast& ast);
  Expr combine(const Ast& at, BinaryOp op, Expr a, Expr b);
  Expr bit_operation(const Ast& at, Intrinsic op, Expr a, Expr b);
  Expr subscript(const Ast& ast);
  Expr slice(const Ast& ast);
  std::vector<Expr> indices(const Ast& subscripted);
  Buffer buffer(const Ast& ast);
  Range range_of(Expr start, Expr stop);

  // parse_call.cc
  Expr call_expr(const Ast& ast);
  Expr word_call(const std::string& word, const Ast& ast);
  Expr typed_constant(DataType dtype, const Ast& ast);
  std::optional<Expr> structural_call(const std::string& word, const Ast& ast);
  std::optional<Expr> vector_call(const std::string& word, const Ast& ast);
  std::optional<Expr> operator_call(const std::string& word, const Ast& ast);
  Expr intrinsic_call(Intrinsic op, const Ast& ast, std::size_t first);
  Expr let_call(const Ast& ast);
  Expr function_call(const std::string& name, const Ast& ast);
  DataType dtype(const Ast& ast);
  std::string string(const Ast& ast);
  std::int64_t integer(const Ast& ast);
  void need_args(const Ast& call, std::size_t min, std::size_t max);
  AttrValue reducer(const Ast& call);
  AttrValue index_map(const Ast& lambda);
  std::optional<AttrValue> named_buffer(const Ast& name) const;

  [[noreturn]] void fail(const Ast& at, const std::string& message, const std::string& hint = "");

  // Names.
  void push_scope() { scopes_.emplace_back(); }
  void pop_scope() { scopes_.pop_back(); }
  void define(const std::string& name, Value value) { scopes_.back()[name] = std::move(value); }
  const Value* find(const std::string& name) const;
  std::vector<std::string> known_names() const;

  const ModuleScope& module_;
  std::vector<std::map<std::string, Value>> scopes_;
  std::map<std::string, Expr> symbols_;         // names that shapes may use before they are bound
  std::set<const void*> scalars_;               // buffers written as plain names
  std::map<const void*, Range> loops_;          // loop variable -> its range
  std::vector<BlockParts> blocks_;              // innermost last; the first is the root
  std::map<std::string, std::string> threads_;  // T.env_thread names -> tags
  std::vector<Param> params_;
  AttrMap attrs_;
  bool is_old_dialect_ = false;        // T.block: T.alloc_buffer belongs to the block
  bool has_implicit_symbols_ = false;  // unknown names in strings become symbols
  DataType plain_integer_ = kInt32;    // of integers that fit it
};

}  // namespace tenon::tir
