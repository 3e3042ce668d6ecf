// Right sides of scripts: names, tuples, items, scalars, operators and constants of the metadata.
#include "compiler/relax/op.h"
#include "compiler/relax/script/metadata.h"
#include "compiler/relax/script/parse_function.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;

const std::map<std::string, std::string, std::less<>> kOperators = {
    {"+", "add"},           {"-", "subtract"},    {"*", "multiply"}, {"/", "divide"},
    {"//", "floor_divide"}, {"%", "floor_mod"},   {"**", "power"},   {"@", "matmul"},
    {"<", "less"},          {"<=", "less_equal"}, {">", "greater"},  {">=", "greater_equal"},
    {"==", "equal"},        {"!=", "not_equal"}};

}  // namespace

// cls.name or Module.name.
std::optional<Expr> GraphParser::global(const Ast& ast) const {
  const bool is_member = ast.is(Kind::kAttribute) && ast.items[0].is(Kind::kName) &&
                         module_names_.count(ast.items[0].text) && !find(ast.items[0].text);
  if (!is_member) return std::nullopt;
  if (!module_.functions.count(ast.text)) {
    std::vector<std::string> known;
    for (const auto& [name, type] : module_.functions) known.push_back(name);
    script::script_error(module_.names.source, ast.at,
                         "the module has no function `" + ast.text + "`",
                         did_you_mean(ast.text, known));
  }
  return Expr(GlobalVar{ast.text});
}

// Whether the text is an expression of numbers and symbols, not of tensors.
bool GraphParser::is_scalar(const Ast& ast) const {
  switch (ast.kind) {
    case Kind::kInt:
    case Kind::kFloat:
    case Kind::kBool:
      return true;
    case Kind::kName: {
      const Expr* found = find(ast.text);
      if (!found) return symbols_.count(ast.text) > 0;
      const Type type = type_of(*found);
      return type && type.as<PrimType>();
    }
    case Kind::kUnary:
    case Kind::kBinary:
      for (const Ast& item : ast.items) {
        if (!is_scalar(item)) return false;
      }
      return true;
    case Kind::kCall:
      return !tir::tensor_word(module_.names, ast.items[0]).empty();
    default:
      return false;
  }
}

tir::Expr GraphParser::scalar(const Ast& ast) {
  if (ast.is(Kind::kInt)) {
    if (const auto n = parse_int(ast.text)) return tir::i64(*n);
  }
  std::map<std::string, tir::Expr> names = symbols_;
  for (const auto& scope : scopes_) {
    for (const auto& [name, variable] : scope) {
      const Type type = type_of(variable);
      const auto* prim = type ? type.as<PrimType>() : nullptr;
      if (prim && prim->value) names[name] = prim->value;
    }
  }
  return tir::FuncParser(module_.names, std::move(names), kInt64).scalar(ast);
}

GraphParser::Value GraphParser::name(const Ast& ast) {
  if (const Expr* found = find(ast.text)) return {*found, type_of(*found)};
  if (symbols_.count(ast.text)) {
    const Expr e = PrimValue{scalar(ast)};
    return {e, type_of(e)};
  }
  if (hidden_.count(ast.text)) {
    fail(ast, "`" + ast.text + "` is known only inside its dataflow block",
         "name it in R.output(...) of that block");
  }
  fail(ast, "unknown name `" + ast.text + "`", did_you_mean(ast.text, known_names()));
}

GraphParser::Value GraphParser::tuple(const std::vector<Ast>& items, std::size_t first) {
  const Expr e = Tuple{leaves(items, first)};
  return {e, type_of(e)};
}

// t[0]
GraphParser::Value GraphParser::item(const Ast& ast) {
  const Expr base = leaf(ast.items[0]);
  const Type type = type_of(base);
  const auto* fields = type ? type.as<TupleType>() : nullptr;
  const bool is_index = ast.items.size() == 2 && ast.items[1].is(Kind::kInt);
  if (!is_index) fail(ast, "a tuple's field is named by one constant index");
  const auto index = parse_int(ast.items[1].text);
  if (!fields) {
    if (type && !type.as<AnyType>()) {
      fail(ast, "only tuples have fields",
           "for a part of a tensor write R.strided_slice or R.take");
    }
    return {TupleGetItem{base, static_cast<int>(index.value_or(0))}, {}};
  }
  if (!index || *index >= static_cast<std::int64_t>(fields->fields_.size())) {
    fail(ast.items[1],
         str_cat("field ", ast.items[1].text, " of a tuple of ", fields->fields_.size()));
  }
  const auto i = static_cast<std::size_t>(*index);
  return {TupleGetItem{base, static_cast<int>(*index)}, fields->fields_[i]};
}

// metadata["ir.GenericConst"][0]
GraphParser::Value GraphParser::metadata_constant(const Ast& ast) {
  const Ast& inner = ast.items[0];
  const bool is_constant = inner.items.size() == 2 && inner.items[1].is(Kind::kString) &&
                           inner.items[1].text == kConstantKind && ast.items.size() == 2 &&
                           ast.items[1].is(Kind::kInt);
  if (!is_constant) {
    fail(ast, "only constants are read from the metadata section",
         str_cat("write metadata[", quote(kConstantKind), "][0]"));
  }
  const auto index = parse_int(ast.items[1].text);
  if (!index || *index >= static_cast<std::int64_t>(module_.constants.size())) {
    fail(ast,
         module_.has_metadata
             ? str_cat("the metadata section has ", module_.constants.size(), " constants")
             : std::string("the script has no metadata section, where constants stand"),
         "write `metadata = tvm.ir.load_json(...)` before the module");
  }
  const Expr e = relax::constant(module_.constants[static_cast<std::size_t>(*index)]);
  return {e, type_of(e)};
}

GraphParser::Value GraphParser::operation(const Ast& ast) {
  if (ast.is(Kind::kUnary) && ast.text == "-") {
    return resolve("negative", Call{nullptr, {}, {leaf(ast.items[0])}, {}, {}}, ast);
  }
  const auto op = kOperators.find(ast.text);
  if (ast.is(Kind::kUnary) || op == kOperators.end()) {
    fail(ast, "`" + ast.text + "` is no operator of tensors");
  }
  Call call;
  call.args = {leaf(ast.items[0]), leaf(ast.items[1])};
  return resolve(op->second, std::move(call), ast);
}

GraphParser::Value GraphParser::value(const Ast& ast) {
  if (!ast.is(Kind::kName) && is_scalar(ast)) {
    const Expr e = PrimValue{scalar(ast)};
    return {e, type_of(e)};
  }
  switch (ast.kind) {
    case Kind::kName:
      return name(ast);
    case Kind::kTuple:
    case Kind::kList:
      return tuple(ast.items, 0);
    case Kind::kAttribute:
      if (const auto function = global(ast)) return {*function, module_.functions.at(ast.text)};
      fail(ast, "unknown attribute `" + ast.text + "`");
    case Kind::kSubscript:
      if (ast.items[0].is(Kind::kSubscript) && ast.items[0].items[0].text == "metadata") {
        return metadata_constant(ast);
      }
      return item(ast);
    case Kind::kUnary:
    case Kind::kBinary:
      return operation(ast);
    case Kind::kCall:
      return call(ast);
    case Kind::kConditional:
      if (ast.items[0].is(Kind::kBool))
        return value(ast.items[ast.items[0].text == "True" ? 1 : 2]);
      fail(ast, "a condition of a script must be known when it is read", "use an if statement");
    case Kind::kString:
      fail(ast, "a string is no value of the graph", "write R.str(" + quote(ast.text) + ")");
    default:
      fail(ast, "this form is no value of the graph");
  }
}

// What is no leaf is bound to a variable of its own.
Expr GraphParser::leaf(const Ast& ast) {
  const Value v = value(ast);
  const bool is_leaf = !v.expr.as<Call>() && !v.expr.as<TupleGetItem>();
  if (is_leaf) return v.expr;
  if (!v.type) {
    fail(ast, "the type of this value is not known", "bind it to a variable with a type");
  }
  const bool is_output = std::exchange(is_output_, false);
  const std::string hint = in_dataflow_ ? "lv" : "gv";
  std::string fresh = hint;
  while (find(fresh)) fresh = hint + std::to_string(++num_unnamed_);
  const Expr variable = add_binding(fresh, v.expr, v.type);
  is_output_ = is_output;
  define(fresh, variable);
  return variable;
}

std::vector<Expr> GraphParser::leaves(const std::vector<Ast>& list, std::size_t first) {
  std::vector<Expr> result;
  for (std::size_t i = first; i < list.size(); ++i) result.push_back(leaf(list[i]));
  return result;
}

}  // namespace tenon::relax
