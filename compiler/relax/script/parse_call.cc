// Calls of scripts: operators, functions of the module, external functions, and the calls that are
// leaves (R.shape, R.const, R.str ...).
#include <algorithm>

#include "compiler/relax/op.h"
#include "compiler/relax/script/dialect.h"
#include "compiler/relax/script/parse_function.h"
#include "compiler/relax/type_relation.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;

bool is_types_keyword(const std::string& name) {
  return name == "ty_args" || name == "sinfo_args" || name == "out_ty" || name == "out_sinfo";
}

// The inference rules need tensors of which all is known.
bool is_known(const Type& type) {
  if (const auto* tensor = type.as<TensorType>()) return tensor->shape && tensor->dtype;
  if (const auto* tuple = type.as<TupleType>()) {
    return std::all_of(tuple->fields_.begin(), tuple->fields_.end(), is_known);
  }
  return !type.as<AnyType>();
}

}  // namespace

void GraphParser::need_args(const Ast& call, std::size_t min, std::size_t max) {
  const std::size_t count = call.items.size() - 1;
  if (count >= min && count <= max) return;
  fail(call, str_cat(script::dotted_name(call.items[0]), " takes ", min,
                     max > min ? str_cat(" to ", max) : "", " arguments, got ", count));
}

std::string GraphParser::string(const Ast& ast) {
  if (!ast.is(Kind::kString)) fail(ast, "a string is needed here");
  return ast.text;
}

GraphParser::Value GraphParser::call(const Ast& ast) {
  const Ast& callee = ast.items[0];
  const std::string word = graph_word(module_, callee);
  if (!word.empty()) {
    if (auto leaf = leaf_call(word, ast)) return *leaf;
    if (word == "call_packed") return packed_call(ast);
    if (word == "match_cast") {
      fail(ast, "R.match_cast stands alone on the right of an assignment");
    }
    return operator_call(word, ast);
  }
  if (const auto function = global(callee)) {
    return function_call(*function, module_.functions.at(callee.text), ast);
  }
  const Value target = value(callee);
  return function_call(target.expr, target.type, ast);
}

GraphParser::Value GraphParser::function_call(const Expr& callee, const Type& type,
                                              const Ast& ast) {
  Call call;
  call.callee = callee;
  call.args = leaves(ast.items, 1);
  for (const script::Keyword& k : ast.keywords) {
    fail(k.at, "a call of a function takes no keyword",
         "arguments stand in the order of parameters");
  }
  const auto* function = type ? type.as<FuncType>() : nullptr;
  if (type && !function && !type.as<AnyType>()) fail(ast, "this is no function");
  if (!function) return {call, {}};
  if (function->params && function->params->size() != call.args.size()) {
    fail(ast, str_cat(script::dotted_name(ast.items[0]), " takes ", function->params->size(),
                      " arguments, got ", call.args.size()));
  }
  std::vector<Type> arguments;
  for (const Expr& arg : call.args) arguments.push_back(type_of(arg));
  for (std::size_t i = 0; function->params && i < arguments.size(); ++i) {
    const Type param = result_of_call({function->params, (*function->params)[i], true}, arguments);
    const std::string conflict = type_conflict(param, arguments[i]);
    if (!conflict.empty()) {
      fail(ast.items[i + 1],
           str_cat("argument ", i, " has another type than the parameter: ", conflict));
    }
  }
  if (!function->params) return {call, {}};
  return {call, result_of_call(*function, arguments)};
}

// The calls that make a value without computing.
std::optional<GraphParser::Value> GraphParser::leaf_call(const std::string& word, const Ast& ast) {
  const auto typed = [](Expr e) { return Value{e, type_of(e)}; };
  if (word == "shape") {
    need_args(ast, 1, 1);
    return typed(ShapeExpr{shape(ast.items[1])});
  }
  if (word == "tuple") return tuple(ast.items, 1);
  if (word == "str") {
    need_args(ast, 1, 1);
    return typed(StringImm{string(ast.items[1])});
  }
  if (word == "dtype") {
    need_args(ast, 1, 1);
    return typed(DataTypeImm{dtype(ast.items[1])});
  }
  if (word == "prim_value") {
    need_args(ast, 1, 1);
    return typed(PrimValue{scalar(ast.items[1])});
  }
  if (word == "ExternFunc") {
    need_args(ast, 1, 1);
    return typed(ExternFunc{string(ast.items[1])});
  }
  if (word == "const") return constant(ast);
  if (word == "external_constant") return external_constant(ast);
  return std::nullopt;
}

// R.call_packed("name", arguments, ty_args=...): a call of an external function.
GraphParser::Value GraphParser::packed_call(const Ast& ast) {
  if (ast.items.size() < 2) fail(ast, "R.call_packed needs the name of a function");
  Call call;
  call.callee = ExternFunc{string(ast.items[1])};
  call.args = leaves(ast.items, 2);
  for (const script::Keyword& k : ast.keywords) keyword("call_packed", k, call);
  if (call.type_args.empty()) return {call, {}};
  Type type = call.type_args.size() == 1 ? call.type_args[0] : Type(TupleType{call.type_args});
  return {call, std::move(type)};
}

bool GraphParser::is_attribute(const std::string& op, const Ast& ast, std::size_t index) const {
  const int num_values = num_value_arguments(op);
  if (num_values >= 0 && index >= static_cast<std::size_t>(num_values) &&
      index - static_cast<std::size_t>(num_values) < attribute_order(op).size()) {
    return true;
  }
  switch (ast.kind) {
    case Kind::kString:
    case Kind::kNone:
    case Kind::kDict:
    case Kind::kLambda:
      return true;
    case Kind::kList:
      return std::all_of(ast.items.begin(), ast.items.end(),
                         [&](const Ast& item) { return is_scalar(item); }) &&
             !is_shape_argument(op, index);
    case Kind::kCall:
      return graph_word(module_, ast.items[0]) == "device";
    default:
      return false;
  }
}

void GraphParser::positional(const std::string& op, const Ast& ast, std::size_t index, Call& call) {
  if (ast.is(Kind::kStarred)) fail(ast, "arguments are written one by one");
  if (index == 0 && ast.is(Kind::kString) && names_external_function(op)) {
    call.args.push_back(ExternFunc{ast.text});
  } else if (is_attribute(op, ast, index)) {
    const int num_values = num_value_arguments(op);
    const std::size_t first = num_values < 0 ? index + 1 : static_cast<std::size_t>(num_values);
    const auto& order = attribute_order(op);
    const bool is_named = index >= first && index - first < order.size();
    call.attrs[is_named ? order[index - first] : std::to_string(index)] = attribute(ast);
  } else if (is_shape_argument(op, index) && (ast.is(Kind::kTuple) || ast.is(Kind::kList))) {
    call.args.push_back(ShapeExpr{shape(ast)});
  } else if (op == "call_tir" && index == 1 && !ast.is(Kind::kTuple)) {
    const Expr only = leaf(ast);
    const bool is_tuple = type_of(only).as<TupleType>() != nullptr;
    call.args.push_back(is_tuple ? only : Expr(Tuple{{only}}));
  } else {
    call.args.push_back(leaf(ast));
  }
}

void GraphParser::keyword(const std::string& op, const script::Keyword& k, Call& call) {
  if (is_types_keyword(k.name)) {
    call.type_args = types(k.value);
    if (writes_out_type(op) && call.type_args.size() != 1) {
      call.type_args = {TupleType{call.type_args}};
    }
    // A list of one output is that output's type.
  } else if (k.name == "tir_vars" && op == "call_tir") {
    call.args.push_back(leaf(k.value));
  } else {
    call.attrs[k.name] = attribute(k.value);
  }
}

// Attributes are values of TensorIR scripts, and R.str("..."), R.dtype("..."), R.device(...).
tir::AttrValue GraphParser::attribute(const Ast& ast) {
  const std::string word = ast.is(Kind::kCall) ? graph_word(module_, ast.items[0]) : "";
  if (word.empty()) {
    if (ast.is(Kind::kName) && find(ast.text) && !is_scalar(ast)) {
      fail(ast, "an attribute is a constant; `" + ast.text + "` is a variable");
    }
    return tir::FuncParser(module_.names, symbols_, kInt64).attr(ast);
  }
  if (word != "str" && word != "dtype" && word != "device") {
    fail(ast, "R." + word + " is no attribute", "bind it to a variable and pass it by position");
  }
  tir::AttrMap form;
  if (word != "device") {
    need_args(ast, 1, 1);
    form["R." + word] = tir::AttrValue{string(ast.items[1])};
    return {std::move(form)};
  }
  Call device;
  for (std::size_t i = 1; i < ast.items.size(); ++i) positional(word, ast.items[i], i - 1, device);
  for (const script::Keyword& k : ast.keywords) keyword(word, k, device);
  form["R.device"] = tir::AttrValue{std::move(device.attrs)};
  return {std::move(form)};
}

GraphParser::Value GraphParser::operator_call(const std::string& op, const Ast& ast) {
  Call call;
  for (std::size_t i = 1; i < ast.items.size(); ++i) positional(op, ast.items[i], i - 1, call);
  for (const script::Keyword& k : ast.keywords) keyword(op, k, call);
  return resolve(op, std::move(call), ast);
}

// The operator of the list where Tenon has it in this form, an opaque one otherwise.
GraphParser::Value GraphParser::resolve(const std::string& op, Call call, const Ast& at) {
  const OpInfo* info = find_op(op);
  if (info && to_listed_form(op, call)) {
    if (info->num_args >= 0 && static_cast<std::size_t>(info->num_args) != call.args.size()) {
      fail(at, str_cat("R.", op, " takes ", info->num_args, " arguments, got ", call.args.size()));
    }
    call.op = info;
  } else {
    call.callee = OpaqueOp{op};
  }
  if (call.op && call.type_args.empty()) {
    const bool can_infer = std::all_of(call.args.begin(), call.args.end(),
                                       [](const Expr& arg) { return is_known(type_of(arg)); });
    if (op == "call_tir") fail(at, "R.call_tir needs the type of its result: out_ty=...");
    return {call, can_infer ? infer(call, at) : Type{}};
  }
  if (call.op) infer(call, at);  // call_tir: checks its form
  if (call.type_args.empty()) return {call, op == "null_value" ? Type(AnyType{}) : Type{}};
  Type type = call.type_args.size() == 1 ? call.type_args[0] : Type(TupleType{call.type_args});
  return {call, std::move(type)};
}

// Adds the place to what the operator refuses.
Type GraphParser::infer(const Call& call, const Ast& at) {
  try {
    return infer_type(call);
  } catch (const UserError& error) {
    fail(at, error.what());
  }
}

}  // namespace tenon::relax
