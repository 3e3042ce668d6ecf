#include "compiler/tir/script/parser.h"

#include "compiler/ir/script/syntax.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parse_function.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;
using StmtKind = script::AstStmt::Kind;

class ModuleParser {
 public:
  ModuleParser(const std::string& text, const std::string& filename) {
    scope_.source = {filename, text};
    for (const char* name : {"T", "tir", "tirx"}) scope_.aliases[name] = "T";
    for (const char* name : {"I", "ir"}) scope_.aliases[name] = "I";
    for (const char* name : {"R", "relax"}) scope_.aliases[name] = "R";
  }

  TirModule run() {
    const std::vector<script::AstStmt> file = script::parse_script(scope_.source);
    const std::vector<script::AstStmt>* body = &file;
    for (const script::AstStmt& s : file) {
      top_level(s);
      if (s.is(StmtKind::kClass)) {
        if (body != &file) script::script_error(scope_.source, s.at, "a script holds one module");
        scope_.module_name = s.text;
        body = &s.body;
      }
    }
    collect_results(*body);
    TirModule module;
    for (const script::AstStmt& s : *body) member(s, module);
    return module;
  }

 private:
  void top_level(const script::AstStmt& s) {
    if (s.is(StmtKind::kImport)) {
      for (const auto& [name, alias] : s.imports) {
        const auto known = scope_.aliases.find(name);
        if (known != scope_.aliases.end()) scope_.aliases[alias] = std::string(known->second);
      }
      return;
    }
    const bool is_type_var = s.is(StmtKind::kAssign) && s.value.is(Kind::kCall) &&
                             script::dotted_name(s.value.items[0]) == "TypeVar";
    if (is_type_var) {
      scope_.type_vars.insert(s.target.text);
    } else if (!s.is(StmtKind::kClass) && !s.is(StmtKind::kFunction)) {
      script::script_error(scope_.source, s.at, "this statement has no meaning outside a function");
    }
  }

  static bool is_tensor_function(const ModuleScope& scope, const script::AstStmt& s) {
    if (!s.is(StmtKind::kFunction)) return false;
    for (const script::Ast& decorator : s.decorators) {
      const script::Ast& callee = decorator.is(Kind::kCall) ? decorator.items[0] : decorator;
      if (tensor_word(scope, callee) == "prim_func") return true;
    }
    return false;
  }

  void collect_results(const std::vector<script::AstStmt>& body) {
    for (const script::AstStmt& s : body) {
      if (!is_tensor_function(scope_, s)) continue;
      const auto type = known_dtype(tensor_word(scope_, s.annotation));
      scope_.results[s.text] = type.value_or(kVoidType);
    }
  }

  void member(const script::AstStmt& s, TirModule& module) {
    if (is_tensor_function(scope_, s)) {
      if (module.find(s.text)) {
        script::script_error(scope_.source, s.at, "function `" + s.text + "` is defined twice");
      }
      module.functions.emplace_back(s.text, FuncParser(scope_).function(s));
      return;
    }
    if (s.is(StmtKind::kFunction)) {
      script::script_error(scope_.source, s.at, "function `" + s.text + "` is not a T.prim_func");
    }
    const bool is_call = s.is(StmtKind::kExpr) && s.value.is(Kind::kCall);
    const std::string name = is_call ? script::dotted_name(s.value.items[0]) : "";
    const bool has_dict = is_call && s.value.items.size() == 2;
    if (has_dict && name.ends_with(".module_attrs")) {
      module.attrs = FuncParser(scope_).attr_map(s.value.items[1]);
    } else if (has_dict && name.ends_with(".module_global_infos")) {
      module.global_infos = FuncParser(scope_).attr_map(s.value.items[1]);
    } else if (s.is(StmtKind::kExpr) && !s.value.is(Kind::kString)) {
      script::script_error(scope_.source, s.at, "this statement has no meaning in a module");
    }
  }

  ModuleScope scope_;
};

}  // namespace

TirModule parse_module(const std::string& text, const std::string& filename) {
  return ModuleParser(text, filename).run();
}

PrimFunc parse_prim_func(const std::string& text, const std::string& filename) {
  TirModule module = parse_module(text, filename);
  if (module.functions.size() != 1) {
    throw UserError(str_cat(filename, ": one function is needed, found ", module.functions.size()));
  }
  return std::move(module.functions[0].second);
}

}  // namespace tenon::tir
