// Expressions of scripts.
#include <cerrno>
#include <cstdlib>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"
#include "compiler/tir/script/regions.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;

const std::map<std::string, BinaryOp, std::less<>> kOperators = {
    {"+", BinaryOp::kAdd},   {"-", BinaryOp::kSub},       {"*", BinaryOp::kMul},
    {"/", BinaryOp::kDiv},   {"//", BinaryOp::kFloorDiv}, {"%", BinaryOp::kFloorMod},
    {"==", BinaryOp::kEq},   {"!=", BinaryOp::kNe},       {"<", BinaryOp::kLt},
    {"<=", BinaryOp::kLe},   {">", BinaryOp::kGt},        {">=", BinaryOp::kGe},
    {"and", BinaryOp::kAnd}, {"or", BinaryOp::kOr}};

const std::map<std::string, Intrinsic, std::less<>> kBitOperators = {
    {"&", Intrinsic::kBitwiseAnd},
    {"|", Intrinsic::kBitwiseOr},
    {"^", Intrinsic::kBitwiseXor},
    {"<<", Intrinsic::kShiftLeft},
    {">>", Intrinsic::kShiftRight}};

// A constant of another numeric type, or null when `e` is no constant.
Expr constant_as(const Expr& e, DataType type) {
  if (type.is_handle() || type.is_void()) return {};
  const DataType element = type.element();
  Expr scalar;
  if (const auto* n = e.as<IntImm>()) {
    scalar = element.is_float() ? float_imm(element, static_cast<double>(n->value))
                                : int_imm(element, n->value);
  } else if (const auto* f = e.as<FloatImm>(); f && element.is_float()) {
    scalar = float_imm(element, f->value);
  }
  if (!scalar) return {};
  return type.lanes > 1 ? broadcast(scalar, type.lanes) : scalar;
}

bool is_literal(const script::Ast& ast) {
  if (ast.is(Kind::kUnary) && ast.text == "-") return is_literal(ast.items[0]);
  return ast.is(Kind::kInt) || ast.is(Kind::kFloat);
}

}  // namespace

void FuncParser::fail(const Ast& at, const std::string& message, const std::string& hint) {
  script::script_error(module_.source, at.at, message, hint);
}

const FuncParser::Value* FuncParser::find(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto it = scope->find(name);
    if (it != scope->end()) return &it->second;
  }
  return nullptr;
}

std::vector<std::string> FuncParser::known_names() const {
  std::vector<std::string> names;
  for (const auto& scope : scopes_) {
    for (const auto& [name, value] : scope) names.push_back(name);
  }
  return names;
}

FuncParser::Value FuncParser::value(const Ast& ast) {
  switch (ast.kind) {
    case Kind::kName: {
      if (const Value* found = find(ast.text)) return *found;
      if (const auto it = symbols_.find(ast.text); it != symbols_.end()) return it->second;
      if (has_implicit_symbols_) return symbol(ast.text, kInt32);
      fail(ast, "unknown name `" + ast.text + "`", did_you_mean(ast.text, known_names()));
    }
    case Kind::kAttribute: {
      const std::string name = dotted_name(ast.items[0]);
      const Value* base = name.empty() ? nullptr : find(name);
      if (base && std::holds_alternative<Buffer>(*base)) {
        if (auto member = buffer_member(std::get<Buffer>(*base), ast.text, ast)) return *member;
      }
      fail(ast, "unknown attribute `" + ast.text + "`");
    }
    case Kind::kInt:
    case Kind::kFloat:
      return number(ast);
    case Kind::kString:
      return string_imm(ast.text);
    case Kind::kBool:
      return bool_imm(ast.text == "True");
    case Kind::kUnary:
      return unary(ast);
    case Kind::kBinary:
      return operation(ast);
    case Kind::kSubscript:
      return subscript(ast);
    case Kind::kCall:
      return call_expr(ast);
    case Kind::kConditional: {
      if (ast.items[0].is(Kind::kBool))
        return value(ast.items[ast.items[0].text == "True" ? 1 : 2]);
      fail(ast, "a condition of a script must be known when it is read",
           "use T.if_then_else(condition, a, b) or T.Select(condition, a, b)");
    }
    default:
      fail(ast, "this form is not an expression of TensorIR");
  }
}

Expr FuncParser::expr(const Ast& ast) {
  const Value v = value(ast);
  if (const Expr* e = std::get_if<Expr>(&v)) return *e;
  const Buffer& b = std::get<Buffer>(v);
  if (scalars_.count(b.id())) return load(b, {i32(0)});
  fail(ast, "buffer " + node(b).name + " is used without indices",
       "write " + node(b).name + "[...], or " + node(b).name + ".data for its pointer");
}

Expr FuncParser::integer_expr(const Ast& ast) {
  Expr e = expr(ast);
  const DataType type = dtype_of(e);
  if (!type.is_integer() || type.is_vector()) {
    fail(ast, "an integer is needed here, found " + to_string(type));
  }
  return e;
}

std::vector<Expr> FuncParser::exprs(const std::vector<Ast>& list, std::size_t first) {
  std::vector<Expr> result;
  for (std::size_t i = first; i < list.size(); ++i) result.push_back(expr(list[i]));
  return result;
}

// A literal takes the wanted type; any other expression keeps its own.
Expr FuncParser::expr_as(const Ast& ast, DataType dtype) {
  Expr e = expr(ast);
  if (!is_literal(ast)) return e;
  Expr typed = constant_as(e, dtype);
  return typed ? typed : e;
}

Expr FuncParser::number(const Ast& ast) {
  if (ast.is(Kind::kFloat)) {
    return float_imm(kFloat32, std::strtod(ast.text.c_str(), nullptr));
  }
  const std::uint64_t v = magnitude(ast);
  const DataType type = v < (std::uint64_t{1} << 31) ? plain_integer_ : kInt64;
  return int_imm(type, static_cast<std::int64_t>(v));
}

std::uint64_t FuncParser::magnitude(const Ast& ast) {
  errno = 0;
  const int base = ast.text.size() > 2 && ast.text[1] == 'x' ? 16 : 10;
  const std::uint64_t v = std::strtoull(ast.text.c_str(), nullptr, base);
  if (errno != 0) fail(ast, "the integer " + ast.text + " does not fit 64 bits");
  return v;
}

Expr FuncParser::unary(const Ast& ast) {
  const Ast& operand = ast.items[0];
  if (ast.text == "-" && operand.is(Kind::kInt)) {
    const std::uint64_t v = magnitude(operand);
    const DataType type = v <= (std::uint64_t{1} << 31) ? plain_integer_ : kInt64;
    return int_imm(type, static_cast<std::int64_t>(-v));
  }
  Expr e = expr(operand);
  if (ast.text == "not") {
    if (!dtype_of(e).is_bool()) fail(ast, "`not` needs a bool, found " + to_string(dtype_of(e)));
    return logical_not(e);
  }
  if (ast.text == "+") return e;
  const DataType type = dtype_of(e);
  if (ast.text == "~") {
    if (type.is_bool()) return logical_not(e);
    return call(Intrinsic::kBitwiseNot, type, {e});
  }
  if (const auto* n = e.as<IntImm>()) return int_imm(type, -n->value);
  if (const auto* n = e.as<FloatImm>()) return float_imm(type, -n->value);
  return combine(ast, BinaryOp::kMul, e, constant(type, -1));
}

Expr FuncParser::operation(const Ast& ast) {
  const Ast &left = ast.items[0], &right = ast.items[1];
  Expr a = expr(left), b = expr(right);
  if (is_literal(right) && !is_literal(left)) {
    if (Expr typed = constant_as(b, dtype_of(a))) b = typed;
  } else if (is_literal(left) && !is_literal(right)) {
    if (Expr typed = constant_as(a, dtype_of(b))) a = typed;
  }
  if (const auto it = kOperators.find(ast.text); it != kOperators.end()) {
    return combine(ast, it->second, std::move(a), std::move(b));
  }
  if (const auto it = kBitOperators.find(ast.text); it != kBitOperators.end()) {
    return bit_operation(ast, it->second, std::move(a), std::move(b));
  }
  if (ast.text == "**") return call(Intrinsic::kPow, dtype_of(a), {a, b});
  fail(ast, "`" + ast.text + "` is no operator of TensorIR");
}

Expr FuncParser::combine(const Ast& at, BinaryOp op, Expr a, Expr b) {
  const DataType x = dtype_of(a), y = dtype_of(b);
  const bool same_lanes = x.lanes == y.lanes || x.lanes == 1 || y.lanes == 1;
  const bool same_element = x.element() == y.element();
  const bool widened = x.is_int() && y.is_int();
  const bool from_constant = (a.as<IntImm>() && (y.is_integer() || y.is_float()) && !x.is_bool()) ||
                             (b.as<IntImm>() && (x.is_integer() || x.is_float()) && !y.is_bool());
  if (!same_lanes || !(same_element || widened || from_constant)) {
    fail(at,
         str_cat("operands of `", at.text, "` have types ", to_string(x), " and ", to_string(y)),
         "convert one with T.Cast(\"" + to_string(x.is_float() ? x : y) + "\", ...)");
  }
  const bool is_logic = op == BinaryOp::kAnd || op == BinaryOp::kOr;
  if (is_logic && !x.is_bool()) {
    fail(at, str_cat("`", at.text, "` needs bool operands, found ", to_string(x)));
  }
  if (op == BinaryOp::kDiv && at.text == "/" && !x.is_float() && !y.is_float()) {
    fail(at, "`/` is for floats; these are integers",
         "use // (towards minus infinity) or T.Div(a, b) (towards zero)");
  }
  return script_operator(op, a, b);
}

Expr FuncParser::bit_operation(const Ast& at, Intrinsic op, Expr a, Expr b) {
  const DataType x = dtype_of(a), y = dtype_of(b);
  if (x.is_bool() && y.is_bool()) {
    if (op == Intrinsic::kBitwiseAnd) return combine(at, BinaryOp::kAnd, a, b);
    if (op == Intrinsic::kBitwiseOr) return combine(at, BinaryOp::kOr, a, b);
  }
  if (!x.is_integer() || !y.is_integer()) {
    fail(at,
         str_cat("`", at.text, "` needs integers, found ", to_string(x), " and ", to_string(y)));
  }
  if (b.as<IntImm>() && x != y) b = constant_as(b, x);
  if (a.as<IntImm>() && dtype_of(b) != dtype_of(a)) a = constant_as(a, dtype_of(b));
  if (dtype_of(a) != dtype_of(b)) {
    fail(at,
         str_cat("operands of `", at.text, "` have types ", to_string(x), " and ", to_string(y)));
  }
  const DataType type = dtype_of(a);
  return call(op, type, {std::move(a), std::move(b)});
}

Buffer FuncParser::buffer(const Ast& ast) {
  const Value* found = ast.is(Kind::kName) ? find(ast.text) : nullptr;
  if (found && std::holds_alternative<Buffer>(*found)) return std::get<Buffer>(*found);
  if (ast.is(Kind::kName) && !found) {
    fail(ast, "unknown name `" + ast.text + "`", did_you_mean(ast.text, known_names()));
  }
  fail(ast, "a buffer is needed here");
}

Expr FuncParser::subscript(const Ast& ast) {
  const Ast& base = ast.items[0];
  // A.strides[0], A.shape[1]
  if (base.is(Kind::kAttribute) && (base.text == "strides" || base.text == "shape")) {
    const BufferNode& n = node(buffer(base.items[0]));
    const auto& list = base.text == "strides" ? n.strides : n.shape;
    const std::int64_t i = ast.items.size() == 2 ? integer(ast.items[1]) : -1;
    if (i < 0 || i >= static_cast<std::int64_t>(list.size())) {
      fail(ast, str_cat("buffer ", n.name, " has ", list.size(), " ", base.text));
    }
    return list[static_cast<std::size_t>(i)];
  }
  const Buffer b = buffer(base);
  return load(b, indices(ast));
}

// start:stop:step as a vector index.
Expr FuncParser::slice(const Ast& ast) {
  if (ast.items[0].is(Kind::kAbsent) || ast.items[1].is(Kind::kAbsent)) {
    fail(ast, "a slice of elements needs both ends");
  }
  const Expr start = integer_expr(ast.items[0]);
  const Expr stop = expr_as(ast.items[1], dtype_of(start));
  const Expr step = ast.items[2].is(Kind::kAbsent) ? constant(dtype_of(start), 1)
                                                   : expr_as(ast.items[2], dtype_of(start));
  const Range range = range_of(start, stop);
  const auto extent = as_int(range.extent), stride = as_int(step);
  if (!stride || *stride == 0) fail(ast, "the step of a slice must be a constant, not 0");
  if (!extent) return Ramp{start, step, range.extent};
  const std::int64_t lanes = (*extent + *stride - 1) / *stride;
  if (lanes < 1) fail(ast, "this slice is empty");
  return lanes == 1 ? start : Expr(Ramp{start, step, i32(lanes)});
}

std::vector<Expr> FuncParser::indices(const Ast& subscripted) {
  const Buffer b = buffer(subscripted.items[0]);
  const BufferNode& n = node(b);
  std::vector<Expr> result;
  for (std::size_t i = 1; i < subscripted.items.size(); ++i) {
    const Ast& item = subscripted.items[i];
    result.push_back(item.is(Kind::kSlice) ? slice(item) : expr(item));
    if (!dtype_of(result.back()).is_integer()) {
      fail(item, "an index must be an integer, found " + to_string(dtype_of(result.back())));
    }
  }
  if (result.size() != n.shape.size()) {
    fail(subscripted, str_cat("buffer ", n.name, " has ", n.shape.size(), " dimensions, found ",
                              result.size(), " indices"));
  }
  return result;
}

Range FuncParser::range_of(Expr start, Expr stop) {
  const DataType type = dtype_of(start);
  if (dtype_of(stop) != type) {
    if (start.as<IntImm>()) {
      start = constant_as(start, dtype_of(stop));
    } else {
      stop = cast(type, stop);
    }
  }
  return {start, difference(stop, start)};
}

}  // namespace tenon::tir
