#include "compiler/relax/script/parser.h"

#include "compiler/ir/script/syntax.h"
#include "compiler/relax/script/metadata.h"
#include "compiler/relax/script/parse_function.h"
#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;
using StmtKind = script::AstStmt::Kind;

class ModuleParser {
 public:
  ModuleParser(const std::string& text, const std::string& filename, const ParseOptions& options) {
    module_.options = options;
    module_.names.source = {filename, text};
    for (const char* name : {"T", "tir", "tirx"}) module_.names.aliases[name] = "T";
    for (const char* name : {"I", "ir"}) module_.names.aliases[name] = "I";
    for (const char* name : {"R", "relax"}) module_.names.aliases[name] = "R";
  }

  Module run() {
    const std::vector<script::AstStmt> file = script::parse_script(module_.names.source);
    const std::vector<script::AstStmt>* body = &file;
    for (const script::AstStmt& s : file) {
      top_level(s);
      if (!s.is(StmtKind::kClass)) continue;
      if (body != &file) fail(s, "a script holds one module");
      module_.names.module_name = s.text;
      body = &s.body;
    }
    for (const script::AstStmt& s : *body) collect(s);
    Module module;
    for (const script::AstStmt& s : *body) member(s, module);
    return module;
  }

 private:
  [[noreturn]] void fail(const script::AstStmt& s, const std::string& message,
                         const std::string& hint = "") {
    script::script_error(module_.names.source, s.at, message, hint);
  }

  void top_level(const script::AstStmt& s) {
    if (s.is(StmtKind::kImport)) {
      for (const auto& [name, alias] : s.imports) {
        const auto known = module_.names.aliases.find(name);
        if (known == module_.names.aliases.end()) continue;
        const std::string root = known->second;
        module_.names.aliases[alias] = root;
      }
      return;
    }
    if (s.is(StmtKind::kClass) || s.is(StmtKind::kFunction)) return;
    const bool is_call = s.is(StmtKind::kAssign) && s.value.is(Kind::kCall);
    const std::string callee = is_call ? script::dotted_name(s.value.items[0]) : "";
    if (callee == "TypeVar") {
      module_.names.type_vars.insert(s.target.text);
    } else if (callee.ends_with("load_json") && s.target.text == "metadata" &&
               s.value.items.size() == 2 && s.value.items[1].is(Kind::kString)) {
      module_.constants = read_metadata(s.value.items[1].text);
      module_.has_metadata = true;
    } else {
      fail(s, "this statement has no meaning outside a function");
    }
  }

  enum class FunctionKind { kNone, kGraph, kTensor };
  FunctionKind kind_of(const script::AstStmt& s) const {
    if (!s.is(StmtKind::kFunction)) return FunctionKind::kNone;
    for (const script::Ast& decorator : s.decorators) {
      const script::Ast& callee = decorator.is(Kind::kCall) ? decorator.items[0] : decorator;
      if (tir::tensor_word(module_.names, callee) == "prim_func") return FunctionKind::kTensor;
      if (graph_word(module_, callee) == "function") return FunctionKind::kGraph;
    }
    return FunctionKind::kNone;
  }

  // The names and types of all functions, so that each may call every other.
  void collect(const script::AstStmt& s) {
    if (!s.is(StmtKind::kFunction)) return;
    const FunctionKind kind = kind_of(s);
    if (kind == FunctionKind::kNone) {
      fail(s, "function `" + s.text + "` is neither an R.function nor a T.prim_func",
           "write @R.function or @T.prim_func above it");
    }
    if (module_.functions.count(s.text)) fail(s, "function `" + s.text + "` is defined twice");
    if (kind == FunctionKind::kGraph) {
      module_.functions[s.text] = GraphParser(module_).signature(s);
      return;
    }
    const auto type = tir::known_dtype(tir::tensor_word(module_.names, s.annotation));
    module_.names.results[s.text] = type.value_or(kVoidType);
    module_.functions[s.text] = AnyType{};
  }

  void member(const script::AstStmt& s, Module& module) {
    const FunctionKind kind = kind_of(s);
    if (kind == FunctionKind::kTensor) {
      module.functions.emplace_back(s.text, tir::FuncParser(module_.names).function(s));
      return;
    }
    if (kind == FunctionKind::kGraph) {
      module.functions.emplace_back(s.text, GraphParser(module_).function(s));
      return;
    }
    const bool is_call = s.is(StmtKind::kExpr) && s.value.is(Kind::kCall);
    const std::string name = is_call ? script::dotted_name(s.value.items[0]) : "";
    const bool has_dict = is_call && s.value.items.size() == 2;
    if (has_dict && name.ends_with(".module_attrs")) {
      module.attrs = tir::FuncParser(module_.names, {}, kInt64).attr_map(s.value.items[1]);
    } else if (has_dict && name.ends_with(".module_global_infos")) {
      module.global_infos = tir::FuncParser(module_.names, {}, kInt64).attr_map(s.value.items[1]);
    } else if (is_in_module(s)) {
      fail(s, "this statement has no meaning in a module");
    }
  }

  // Of a file without a class, the top-level statements were read before.
  bool is_in_module(const script::AstStmt& s) const {
    const bool is_comment = s.is(StmtKind::kExpr) && s.value.is(Kind::kString);
    const bool is_top = s.is(StmtKind::kImport) || s.is(StmtKind::kAssign);
    return !is_comment && !is_top && !s.is(StmtKind::kPass);
  }

  ScriptModule module_;
};

}  // namespace

std::string graph_word(const ScriptModule& module, const script::Ast& ast) {
  const std::string name = script::dotted_name(ast);
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return "";
  const auto alias = module.names.aliases.find(name.substr(0, dot));
  const bool is_graph = alias != module.names.aliases.end() && alias->second == "R";
  return is_graph ? name.substr(dot + 1) : "";
}

Module parse_module(const std::string& text, const std::string& filename,
                    const ParseOptions& options) {
  return ModuleParser(text, filename, options).run();
}

}  // namespace tenon::relax
