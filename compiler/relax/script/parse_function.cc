// Functions of scripts: decorators, parameters, symbols of the signature and the body.
#include "compiler/relax/script/parse_function.h"

#include "compiler/relax/type_relation.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;
using StmtKind = script::AstStmt::Kind;

}  // namespace

GraphParser::GraphParser(const ScriptModule& module) : module_(module) {
  module_names_.insert(module.names.module_name);
}

void GraphParser::fail(script::Position at, const std::string& message, const std::string& hint) {
  script::script_error(module_.names.source, at, message, hint);
}

void GraphParser::fail(const Ast& at, const std::string& message, const std::string& hint) {
  fail(at.at, message, hint);
}

const Expr* GraphParser::find(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto it = scope->find(name);
    if (it != scope->end()) return &it->second;
  }
  return nullptr;
}

std::vector<std::string> GraphParser::known_names() const {
  std::vector<std::string> names;
  for (const auto& scope : scopes_) {
    for (const auto& [name, value] : scope) names.push_back(name);
  }
  for (const auto& [name, symbol] : symbols_) names.push_back(name);
  return names;
}

void GraphParser::decorators(const AstStmt& definition, Function& func) {
  for (const Ast& decorator : definition.decorators) {
    for (const script::Keyword& k : decorator.keywords) {
      if (!k.value.is(Kind::kBool)) fail(k.value, "True or False is needed here");
      const bool is_true = k.value.text == "True";
      if (k.name == "pure") {
        func.is_pure = is_true;
      } else if (k.name == "private") {
        func.is_private = is_true;
      } else if (k.name != "check_well_formed") {
        fail(k.at, "R.function has no option `" + k.name + "`",
             did_you_mean(k.name, {"pure", "private"}));
      }
    }
  }
}

// A shape may use scalar parameters that come later.
void GraphParser::find_scalars(const AstStmt& definition) {
  for (const script::AstParam& p : definition.params) {
    const bool is_prim = p.annotation.is(Kind::kCall) &&
                         graph_word(module_, p.annotation.items[0]) == "Prim" &&
                         p.annotation.items.size() == 2 && p.annotation.items[1].is(Kind::kString);
    const auto named = is_prim ? tir::known_dtype(p.annotation.items[1].text)
                               : tir::known_dtype(tir::tensor_word(module_.names, p.annotation));
    if (named && !named->is_handle()) symbols_[p.name] = tir::make_var(p.name, *named);
  }
}

Type GraphParser::signature_type(const Ast& ast) {
  in_signature_ = true;
  Type result = type(ast);
  in_signature_ = false;
  return result;
}

Expr GraphParser::parameter(const script::AstParam& p) {
  if (p.annotation.is(Kind::kAbsent)) {
    fail(p.at, "parameter `" + p.name + "` has no type",
         "write " + p.name + ": R.Tensor((4, 8), dtype=\"float32\")");
  }
  Type declared = signature_type(p.annotation);
  if (const auto* prim = declared.as<PrimType>()) {
    const auto symbol = symbols_.find(p.name);
    if (symbol != symbols_.end()) declared = PrimType{prim->dtype, symbol->second};
  }
  const Expr variable = make_var(p.name, declared);
  if (scopes_.back().count(p.name)) fail(p.at, "parameter `" + p.name + "` is named twice");
  define(p.name, variable);
  return variable;
}

Type GraphParser::signature(const AstStmt& definition) {
  Function options;
  decorators(definition, options);
  push_scope();
  find_scalars(definition);
  std::vector<Type> params;
  for (const script::AstParam& p : definition.params) params.push_back(type_of(parameter(p)));
  pop_scope();
  if (definition.annotation.is(Kind::kAbsent)) return AnyType{};
  return FuncType{std::move(params), signature_type(definition.annotation), options.is_pure};
}

SeqExpr GraphParser::take_body(Expr result) {
  SeqExpr body{std::move(blocks_), std::move(result)};
  blocks_.clear();
  return body;
}

Expr GraphParser::function(const AstStmt& definition) {
  Function func;
  decorators(definition, func);
  push_scope();
  find_scalars(definition);
  for (const script::AstParam& p : definition.params) func.params.push_back(parameter(p));
  const bool has_type = !definition.annotation.is(Kind::kAbsent);
  if (has_type) func.result = signature_type(definition.annotation);
  const std::vector<AstStmt>& list = definition.body;
  if (list.empty() || !list.back().is(StmtKind::kReturn)) {
    fail(list.empty() ? definition.at : list.back().at,
         "function `" + definition.text + "` does not end with a return statement");
  }
  statements(list, list.size() - 1);
  const Ast& returned = list.back().value;
  if (returned.is(Kind::kAbsent)) fail(list.back().at, "a graph function returns a value");
  Expr result = leaf(returned);
  const Value last{result, without_values(type_of(result))};
  if (has_type) {
    checked_type(definition.annotation, {result, last.type}, returned);
  } else {
    func.result = last.type;
  }
  pop_scope();
  func.body = take_body(std::move(result));
  func.attrs = std::move(attrs_);
  // Every function has its name; an attribute that repeats it says nothing.
  const auto symbol = func.attrs.find("global_symbol");
  if (symbol != func.attrs.end()) {
    const auto* text = std::get_if<std::string>(&symbol->second.value);
    if (text && *text == definition.text) func.attrs.erase(symbol);
  }
  return func;
}

}  // namespace tenon::relax
