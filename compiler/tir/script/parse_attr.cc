// Attribute and annotation values of scripts.
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;

AttrValue form(std::string_view key, AttrValue value) {
  AttrMap map;
  map[std::string(key)] = std::move(value);
  return {std::move(map)};
}

}  // namespace

AttrMap FuncParser::attr_map(const Ast& ast) {
  if (!ast.is(Kind::kDict)) fail(ast, "a dictionary {\"key\": value} is needed here");
  AttrMap map;
  for (std::size_t i = 0; i + 1 < ast.items.size(); i += 2) {
    map[string(ast.items[i])] = attr(ast.items[i + 1]);
  }
  return map;
}

AttrValue FuncParser::attr(const Ast& ast) {
  switch (ast.kind) {
    case Kind::kNone:
      return {};
    case Kind::kBool:
      return {ast.text == "True"};
    case Kind::kString:
      return {ast.text};
    case Kind::kDict:
      return {attr_map(ast)};
    case Kind::kList:
    case Kind::kTuple: {
      AttrValue::List list;
      for (const Ast& item : ast.items) list.push_back(attr(item));
      return {std::move(list)};
    }
    case Kind::kInt:
    case Kind::kFloat:
    case Kind::kUnary: {
      const Expr e = expr(ast);
      if (const auto* n = e.as<IntImm>()) return {n->value};
      if (ast.is(Kind::kFloat)) return {*parse_double(ast.text)};
      if (e.as<FloatImm>() && ast.items[0].is(Kind::kFloat))
        return {-*parse_double(ast.items[0].text)};
      return {e};
    }
    case Kind::kLambda:
      return index_map(ast);
    case Kind::kName:
      if (auto buffer = named_buffer(ast)) return *buffer;
      break;
    default:
      break;
  }
  if (ast.is(Kind::kCall)) {
    const std::string word = tensor_word(module_, ast.items[0]);
    const std::string name = script::dotted_name(ast.items[0]);
    if (word == "target") {
      need_args(ast, 1, 1);
      return form(kTargetForm, attr(ast.items[1]));
    }
    if (word == "comm_reducer") return reducer(ast);
    if (word == "index_map") {
      need_args(ast, 1, 1);
      return index_map(ast.items[1]);
    }
    if (name.ends_with(".vdevice")) {
      AttrValue::List list;
      for (std::size_t i = 1; i < ast.items.size(); ++i) list.push_back(attr(ast.items[i]));
      return form(kVDeviceForm, {std::move(list)});
    }
    if (name == "float" && ast.items.size() == 2) {
      if (const auto v = parse_double(string(ast.items[1]))) return {*v};
    }
  }
  const Expr e = expr(ast);
  if (const auto* n = e.as<StringImm>()) return {n->value};
  return {e};
}

// A buffer by its name; scalars that are written as names are expressions.
std::optional<AttrValue> FuncParser::named_buffer(const Ast& name) const {
  const Value* found = find(name.text);
  const Buffer* buffer = found ? std::get_if<Buffer>(found) : nullptr;
  if (!buffer || scalars_.count(buffer->id())) return std::nullopt;
  return form(kBufferForm, {node(*buffer).data});
}

// lambda i, j: (j, i); see forms.h for how it is kept.
AttrValue FuncParser::index_map(const Ast& lambda) {
  if (!lambda.is(Kind::kLambda) || lambda.names.empty()) {
    fail(lambda, "T.index_map needs a lambda with a parameter for each dimension");
  }
  const Ast& body = lambda.items[0];
  const bool is_list = body.is(Kind::kTuple) || body.is(Kind::kList);
  const std::vector<Ast> results = is_list ? body.items : std::vector<Ast>{body};
  AttrValue::List list;
  for (const Ast& result : results) {
    push_scope();
    std::vector<Expr> params;
    for (const std::string& name : lambda.names) {
      params.push_back(make_var(name, plain_integer_));
      define(name, params.back());
    }
    Expr e = expr(result);
    pop_scope();
    for (std::size_t i = params.size(); i-- > 0;) {
      e = Let{params[i], int_imm(plain_integer_, 0), e};
    }
    list.push_back({e});
  }
  return form(kIndexMapForm, {std::move(list)});
}

// T.comm_reducer(lambda x, y: x + y, [identity]): see print_expr.cc for how it is kept.
AttrValue FuncParser::reducer(const Ast& call) {
  need_args(call, 2, 2);
  const Ast &lambda = call.items[1], &identities = call.items[2];
  const std::size_t count = identities.items.size();
  if (!lambda.is(Kind::kLambda) || lambda.names.size() != 2 * count || count == 0) {
    fail(call, "T.comm_reducer needs a lambda with two parameters for each identity");
  }
  AttrValue::List results;
  const std::vector<Expr> values = exprs(identities.items, 0);
  for (std::size_t k = 0; k < count; ++k) {
    push_scope();
    std::vector<Expr> params;
    for (std::size_t i = 0; i < lambda.names.size(); ++i) {
      params.push_back(make_var(lambda.names[i], dtype_of(values[i % count])));
      define(lambda.names[i], params.back());
    }
    const Ast& body = lambda.items[0];
    if (count > 1 && (!body.is(Kind::kTuple) || body.items.size() != count)) {
      fail(body, str_cat("the lambda must give ", count, " values"));
    }
    Expr e = expr(count > 1 ? body.items[k] : body);
    pop_scope();
    for (std::size_t i = params.size(); i-- > 0;) e = Let{params[i], values[i % count], e};
    results.push_back({e});
  }
  return form(kReducerForm, {std::move(results)});
}

}  // namespace tenon::tir
