// Types of scripts: R.Tensor((n, 8), dtype="float32"), R.Shape([n, 8]), R.Tuple(...), R.Callable,
// R.Any (or R.Object), T.int64 (or R.Prim("int64")).
#include <algorithm>

#include "compiler/ir/script/syntax.h"
#include "compiler/relax/script/parse_function.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;

// The tree of a string inside a script stands, for messages, where the string does.
void relocate(script::Ast& ast, script::Position at) {
  ast.at = at;
  for (script::Ast& item : ast.items) relocate(item, at);
}

// Calls f on every plain name of an expression: those of T.min(n, 4) are n alone.
template <class F>
void each_name(const script::Ast& ast, F& f) {
  if (ast.is(Kind::kName)) return f(ast);
  if (ast.is(Kind::kAttribute)) return;
  for (const script::Ast& item : ast.items) each_name(item, f);
}

}  // namespace

DataType GraphParser::dtype(const Ast& ast) {
  if (ast.is(Kind::kString)) {
    if (const auto known = tir::known_dtype(ast.text)) return *known;
    fail(ast, "unknown element type " + quote(ast.text));
  }
  if (const auto known = tir::known_dtype(tir::tensor_word(module_.names, ast))) return *known;
  fail(ast, "an element type such as \"float32\" is needed here");
}

Dim GraphParser::dim(const Ast& ast) {
  Ast inner = ast;
  if (ast.is(Kind::kString)) {
    inner = script::parse_expression({module_.names.source.filename, ast.text});
    relocate(inner, ast.at);
  }
  auto declare = [&](const Ast& name) {
    if (symbols_.count(name.text) || find(name.text)) return;
    const bool is_new = in_signature_ && ast.is(Kind::kString);
    if (is_new || module_.names.type_vars.count(name.text)) {
      symbols_[name.text] = tir::make_var(name.text, kInt64);
    }
  };
  each_name(inner, declare);
  Dim d = scalar(inner);
  if (!tir::dtype_of(d).is_integer()) {
    fail(ast, "an extent must be an integer, found " + to_string(tir::dtype_of(d)));
  }
  return tir::dtype_of(d) == kInt64 ? d : tir::cast(kInt64, d);
}

Shape GraphParser::shape(const Ast& ast) {
  if (!ast.is(Kind::kTuple) && !ast.is(Kind::kList)) {
    fail(ast, "a shape is written (4, n)", "a shape that is a variable is R.Tensor(ndim=...)");
  }
  Shape dims;
  for (const Ast& item : ast.items) dims.push_back(dim(item));
  return dims;
}

Type GraphParser::tensor_type(const Ast& call) {
  need_args(call, 0, 3);
  const Ast* shape_ast = call.items.size() > 1 ? &call.items[1] : call.keyword("shape");
  const Ast* dtype_ast = call.items.size() > 2 ? &call.items[2] : call.keyword("dtype");
  const Ast* device = call.items.size() > 3 ? &call.items[3] : call.keyword("vdevice");
  const Ast* rank = call.keyword("ndim");
  for (const script::Keyword& k : call.keywords) {
    const std::vector<std::string> known = {"shape", "dtype", "vdevice", "ndim"};
    if (std::find(known.begin(), known.end(), k.name) == known.end()) {
      fail(k.at, "R.Tensor has no option `" + k.name + "`", did_you_mean(k.name, known));
    }
  }
  TensorType result;
  if (shape_ast && shape_ast->is(Kind::kString)) {
    result.dtype = dtype(*shape_ast);  // R.Tensor("float32")
  } else if (shape_ast && !shape_ast->is(Kind::kNone)) {
    result.shape = shape(*shape_ast);
    result.rank = static_cast<int>(result.shape->size());
  }
  if (dtype_ast && !dtype_ast->is(Kind::kNone)) result.dtype = dtype(*dtype_ast);
  if (result.dtype && result.dtype->is_void()) result.dtype.reset();
  if (rank) {
    const auto n = tir::as_int(scalar(*rank));
    if (!n || *n < -1) fail(*rank, "ndim is a number of dimensions, or -1 when it is unknown");
    if (result.shape && *n != result.rank) {
      fail(*rank, str_cat("ndim is ", *n, ", but the shape has ", result.rank, " dimensions"));
    }
    result.rank = static_cast<int>(*n);
  }
  if (device && !device->is(Kind::kNone)) {
    result.vdevice = string(*device);
    // "cuda" and "cuda:0" are short for "cuda:0:global".
    const auto colons = std::count(result.vdevice.begin(), result.vdevice.end(), ':');
    if (colons == 0) result.vdevice += ":0";
    if (colons <= 1) result.vdevice += ":global";
  }
  return result;
}

Type GraphParser::shape_type(const Ast& call) {
  need_args(call, 0, 1);
  const Ast* values = call.items.size() > 1 ? &call.items[1] : call.keyword("values");
  ShapeType result;
  if (values && !values->is(Kind::kNone)) {
    result.values = shape(*values);
    result.rank = static_cast<int>(result.values->size());
  } else if (const Ast* rank = call.keyword("ndim")) {
    const auto n = tir::as_int(scalar(*rank));
    if (!n || *n < -1) fail(*rank, "ndim is a number of dimensions, or -1 when it is unknown");
    result.rank = static_cast<int>(*n);
  }
  return result;
}

Type GraphParser::callable_type(const Ast& call) {
  need_args(call, 0, 3);
  const Ast* params = call.items.size() > 1 ? &call.items[1] : call.keyword("params");
  const Ast* result = call.items.size() > 2 ? &call.items[2] : call.keyword("ret");
  const Ast* purity = call.items.size() > 3 ? &call.items[3] : call.keyword("purity");
  if (purity && !purity->is(Kind::kBool)) fail(*purity, "True or False is needed here");
  if (!params) return FuncType{};
  return FuncType{types(*params), result ? type(*result) : Type(TupleType{}),
                  !purity || purity->text == "True"};
}

std::vector<Type> GraphParser::types(const Ast& ast) {
  if (!ast.is(Kind::kTuple) && !ast.is(Kind::kList)) return {type(ast)};
  std::vector<Type> list;
  for (const Ast& item : ast.items) list.push_back(type(item));
  return list;
}

Type GraphParser::type(const Ast& ast) {
  const bool is_call = ast.is(Kind::kCall);
  const Ast& callee = is_call ? ast.items[0] : ast;
  if (ast.is(Kind::kNone)) return TupleType{};
  if (const auto scalar_type = tir::known_dtype(tir::tensor_word(module_.names, callee))) {
    return PrimType{*scalar_type, {}};
  }
  const std::string word = graph_word(module_, callee);
  if (word == "Any" || word == "Object") return AnyType{};
  if (word == "Tensor") return is_call ? tensor_type(ast) : Type(TensorType{});
  if (word == "Shape") return is_call ? shape_type(ast) : Type(ShapeType{});
  if (word == "Callable") return is_call ? callable_type(ast) : Type(FuncType{});
  if (word == "Prim" && is_call) {
    need_args(ast, 0, 1);
    if (ast.items.size() > 1) return PrimType{dtype(ast.items[1]), {}};
    const Ast* value = ast.keyword("value");
    const Ast* named = ast.keyword("dtype");
    if (named) return PrimType{dtype(*named), {}};
    if (!value) fail(ast, "R.Prim needs an element type");
    return PrimType{tir::dtype_of(dim(*value)), {}};
  }
  if (word == "Tuple" || tir::tensor_word(module_.names, callee) == "Tuple") {
    if (!is_call) return TupleType{};
    TupleType result;
    for (std::size_t i = 1; i < ast.items.size(); ++i) {
      for (const Type& field : types(ast.items[i])) result.fields_.push_back(field);
    }
    return result;
  }
  const std::vector<std::string> known = {"Tensor", "Shape", "Tuple", "Callable", "Any", "Prim"};
  fail(ast, "a type such as R.Tensor((4, 8), dtype=\"float32\") is needed here",
       word.empty() ? "" : did_you_mean(word, known));
}

}  // namespace tenon::relax
