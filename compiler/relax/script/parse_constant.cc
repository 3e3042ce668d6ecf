// Constants of scripts: R.const(1.5, "float32"), R.const([[1, 2], [3, 4]], "int32"),
// R.external_constant("weight", R.Tensor((4,), dtype="float32")).
#include <cstring>

#include "compiler/relax/script/parse_function.h"
#include "compiler/relax/type_relation.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/small_float.h"

namespace tenon::relax {
namespace {

using Kind = script::Ast::Kind;

// The extents of nested lists, by their first elements.
std::vector<std::int64_t> extents(const script::Ast& ast) {
  if (!ast.is(Kind::kList) && !ast.is(Kind::kTuple)) return {};
  std::vector<std::int64_t> shape =
      ast.items.empty() ? std::vector<std::int64_t>{} : extents(ast.items[0]);
  shape.insert(shape.begin(), static_cast<std::int64_t>(ast.items.size()));
  return shape;
}

}  // namespace

// One element, or the elements of a list in order; `out` moves on.
void GraphParser::fill(const Ast& ast, DataType dtype, std::byte*& out) {
  if (ast.is(Kind::kList) || ast.is(Kind::kTuple)) {
    for (const Ast& item : ast.items) {
      if (extents(item) != extents(ast.items[0]))
        fail(item, "the rows of a constant differ in length");
      fill(item, dtype, out);
    }
    return;
  }
  const bool is_negative = ast.is(Kind::kUnary) && ast.text == "-";
  const Ast& digits = is_negative ? ast.items[0] : ast;
  const tir::Expr e = scalar(ast);
  std::uint64_t bits = 0;
  if (digits.is(Kind::kFloat) && dtype.is_float()) {
    const double magnitude = parse_double(digits.text).value_or(0);
    bits = tir::encode_float(dtype, is_negative ? -magnitude : magnitude);
  } else if (const auto* n = e.as<tir::IntImm>()) {
    bits = dtype.is_float() ? tir::encode_float(dtype, static_cast<double>(n->value))
                            : static_cast<std::uint64_t>(n->value);
    if (dtype.is_bool()) bits = n->value != 0;
  } else if (const auto* f = e.as<tir::FloatImm>(); f && dtype.is_float()) {
    bits = tir::encode_float(dtype, f->value);
  } else {
    fail(ast, "an element of type " + to_string(dtype) + " is needed here");
  }
  const auto size = static_cast<std::size_t>(dtype.size_bytes());
  std::memcpy(out, &bits, size);
  out += size;
}

GraphParser::Value GraphParser::constant(const Ast& call) {
  need_args(call, 1, 2);
  const Ast* named = call.items.size() > 2 ? &call.items[2] : call.keyword("dtype");
  const Ast& elements = call.items[1];
  const bool has_fraction = elements.is(Kind::kFloat) ||
                            (elements.is(Kind::kUnary) && elements.items[0].is(Kind::kFloat));
  DataType type = has_fraction ? kFloat32 : kInt32;
  if (elements.is(Kind::kBool)) type = kBoolType;
  if (named) {
    type = dtype(*named);
  } else if (elements.is(Kind::kList) || elements.is(Kind::kTuple)) {
    fail(call, "R.const of a list needs an element type", "write R.const([1, 2], \"int32\")");
  }
  if (type.is_handle() || type.is_void() || type.is_vector() || type.bits > 64) {
    fail(*named, "a constant has elements of numbers");
  }
  auto [tensor, bytes] = make_tensor(type, extents(elements));
  std::byte* out = bytes;
  fill(elements, type, out);
  const Expr e = relax::constant(tensor);
  return {e, type_of(e)};
}

GraphParser::Value GraphParser::external_constant(const Ast& call) {
  need_args(call, 2, 2);
  const std::string name = string(call.items[1]);
  const Type declared = type(call.items[2]);
  if (!module_.options.external_constant) {
    fail(call, "constant `" + name + "` is not in the text, only its name",
         "read the text together with the constants of its model");
  }
  const TensorRef tensor = module_.options.external_constant(name);
  if (!tensor) fail(call.items[1], "the given constants have none named `" + name + "`");
  const Expr e = relax::constant(tensor, name);
  const std::string conflict = type_conflict(declared, type_of(e));
  if (!conflict.empty()) fail(call, "constant `" + name + "` has another type: " + conflict);
  return {e, type_of(e)};
}

}  // namespace tenon::relax
