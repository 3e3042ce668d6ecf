// Functions of scripts: decorators, parameters, symbols of shapes and the root block.
#include "compiler/tir/script/parse_function.h"

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;
using StmtKind = script::AstStmt::Kind;

bool contains_block(const Stmt& s) {
  bool found = false;
  walk(s, {.stmt = [&](const Stmt& n) {
         found = found || n.as<Block>();
         return !found;
       }});
  return found;
}

bool uses_old_blocks(const ModuleScope& module, const std::vector<script::AstStmt>& list) {
  for (const script::AstStmt& s : list) {
    const bool is_block = s.is(StmtKind::kWith) && s.value.is(Kind::kCall) &&
                          tensor_word(module, s.value.items[0]) == "block";
    if (is_block || uses_old_blocks(module, s.body) || uses_old_blocks(module, s.orelse))
      return true;
  }
  return false;
}

}  // namespace

void FuncParser::decorators(const AstStmt& definition, PrimFunc& func) {
  func.is_schedulable = false;
  for (const Ast& decorator : definition.decorators) {
    for (const script::Keyword& k : decorator.keywords) {
      const bool is_true = k.value.is(Kind::kBool) && k.value.text == "True";
      if (k.name == "s_tir") func.is_schedulable = is_true;
      if (k.name == "private") func.is_private = is_true;
    }
  }
}

// Shapes may use parameters that come later and symbols that the body declares: `n = T.int32()`.
void FuncParser::find_symbols(const AstStmt& definition) {
  for (const script::AstParam& p : definition.params) {
    const auto type = known_dtype(tensor_word(module_, p.annotation));
    if (type && !type->is_handle()) symbols_[p.name] = make_var(p.name, *type);
  }
  for (const AstStmt& s : definition.body) {
    if (!s.is(StmtKind::kAssign) || !s.target.is(Kind::kName) || !s.value.is(Kind::kCall)) continue;
    const auto type = known_dtype(tensor_word(module_, s.value.items[0]));
    if (type && s.value.items.size() == 1) symbols_[s.target.text] = make_var(s.target.text, *type);
  }
}

// The variable of T.int32, T.handle or T.handle("float32", "global").
Expr FuncParser::scalar_parameter(const std::string& name, const Ast& annotation) {
  if (annotation.is(Kind::kCall) && tensor_word(module_, annotation.items[0]) == "handle" &&
      annotation.items.size() > 1) {
    std::string scope = annotation.items.size() > 2 ? string(annotation.items[2]) : "";
    if (scope.empty()) scope = "global";
    const DataType pointee = dtype(annotation.items[1]);
    if (pointee.is_void()) fail(annotation.items[1], "a pointer points to elements of a type");
    return make_pointer(name, pointee, scope);
  }
  const DataType type = dtype(annotation);
  return type.is_handle() ? make_pointer(name, kVoidType, "") : make_var(name, type);
}

Param FuncParser::parameter(const script::AstParam& p) {
  if (p.annotation.is(Kind::kAbsent)) {
    script::script_error(
        module_.source, p.at, "parameter `" + p.name + "` has no annotation",
        "write " + p.name + ": T.Buffer((16,), \"float32\") or " + p.name + ": T.int32");
  }
  const Ast& note = p.annotation;
  const bool is_call = note.is(Kind::kCall) || note.is(Kind::kSubscript);
  if (is_call && tensor_word(module_, note.items[0]) == "Buffer") {
    if (note.items.size() < 2 && !note.keyword("shape")) fail(note, "T.Buffer needs a shape");
    Ast call = note;
    call.kind = Kind::kCall;
    // T.Buffer[(16, 16), "float32"] and T.Buffer[16, "float32"] are older forms of the call.
    BufferNode n = buffer_node(p.name, call, {call.items.size() > 1 ? &call.items[1] : nullptr, 2});
    const Buffer made = n;
    define(p.name, made);
    return {n.data, made};
  }
  const auto known = symbols_.find(p.name);
  const Expr variable = known != symbols_.end() ? known->second : scalar_parameter(p.name, note);
  define(p.name, variable);
  return {variable, {}};
}

// A = T.match_buffer(a, (16, 16), "float32") gives parameter `a` its buffer.
void FuncParser::bind_parameter(const std::string& name, const Ast& call) {
  const Value* found = find(call.items[1].text);
  const Expr* variable = found ? std::get_if<Expr>(found) : nullptr;
  for (Param& p : params_) {
    if (!variable || !p.var.same_as(*variable)) continue;
    if (!dtype_of(p.var).is_handle()) fail(call, "T.match_buffer needs a handle");
    const bool has_shape = call.items.size() > 2;
    const Buffer made =
        buffer_node(name, call, {has_shape ? &call.items[2] : nullptr, has_shape ? 3U : 2U});
    p = {node(made).data, made};
    define(name, made);
    return;
  }
  fail(call.items[1], "T.match_buffer needs a parameter or a region A[begin:end]");
}

// A schedulable body with blocks has one root block; the script may leave it out.
Stmt FuncParser::root_body(std::vector<Stmt> body, BlockParts parts, bool& is_schedulable) {
  Stmt whole = seq(std::move(body));
  const bool has_blocks = contains_block(whole);
  const bool is_empty = parts.block.alloc_buffers.empty() && parts.block.annotations.empty() &&
                        parts.block.match_buffers.empty() && !parts.has_reads &&
                        !parts.has_writes && !parts.block.init;
  if (has_blocks || !is_empty) is_schedulable = true;
  const Block* only = whole.as<Block>();
  if (is_empty && (!has_blocks || (only && only->iter_vars.empty()))) return whole;
  parts.block.body = std::move(whole);
  return std::move(parts.block);
}

PrimFunc FuncParser::function(const AstStmt& definition) {
  PrimFunc func;
  decorators(definition, func);
  is_old_dialect_ = uses_old_blocks(module_, definition.body);
  push_scope();
  find_symbols(definition);
  for (const script::AstParam& p : definition.params) params_.push_back(parameter(p));
  if (!definition.annotation.is(Kind::kAbsent) && !definition.annotation.is(Kind::kNone)) {
    func.ret_type = dtype(definition.annotation);
  }
  BlockParts root;
  root.is_root = true;
  root.block.id = new_block_id();
  root.block.name = "root";
  root.block.predicate = bool_imm(true);
  blocks_.push_back(std::move(root));
  std::vector<Stmt> body = statements(definition.body, 0);
  BlockParts parts = std::move(blocks_.back());
  blocks_.pop_back();
  pop_scope();
  func.body = root_body(std::move(body), std::move(parts), func.is_schedulable);
  func.params = std::move(params_);
  func.attrs = std::move(attrs_);
  return func;
}

}  // namespace tenon::tir
