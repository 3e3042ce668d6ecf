// Calls of scripts that are expressions: T.max(a, b), T.Cast("float32", x), T.call_extern(...).
#include <array>
#include <cmath>
#include <limits>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;

const std::map<std::string, BinaryOp, std::less<>> kRawWords = {{"Add", BinaryOp::kAdd},
                                                                {"Sub", BinaryOp::kSub},
                                                                {"Mul", BinaryOp::kMul},
                                                                {"Div", BinaryOp::kDiv},
                                                                {"Mod", BinaryOp::kMod},
                                                                {"FloorDiv", BinaryOp::kFloorDiv},
                                                                {"FloorMod", BinaryOp::kFloorMod},
                                                                {"Min", BinaryOp::kMin},
                                                                {"Max", BinaryOp::kMax},
                                                                {"EQ", BinaryOp::kEq},
                                                                {"NE", BinaryOp::kNe},
                                                                {"LT", BinaryOp::kLt},
                                                                {"LE", BinaryOp::kLe},
                                                                {"GT", BinaryOp::kGt},
                                                                {"GE", BinaryOp::kGe},
                                                                {"And", BinaryOp::kAnd},
                                                                {"Or", BinaryOp::kOr}};

const std::map<std::string, BinaryOp, std::less<>> kFoldingWords = {
    {"min", BinaryOp::kMin},           {"max", BinaryOp::kMax},
    {"truncdiv", BinaryOp::kDiv},      {"truncmod", BinaryOp::kMod},
    {"floordiv", BinaryOp::kFloorDiv}, {"floormod", BinaryOp::kFloorMod}};

DataType bool_like(DataType type) {
  type.code = TypeCode::kBool;
  type.bits = 8;
  return type;
}

// The type of a call whose script does not say it.
DataType result_type(Intrinsic op, const std::vector<Expr>& args) {
  switch (op) {
    case Intrinsic::kIsnan:
    case Intrinsic::kIsinf:
    case Intrinsic::kIsfinite:
      return bool_like(dtype_of(args[0]));
    case Intrinsic::kIsnullptr:
    case Intrinsic::kAssume:
      return kBoolType;
    case Intrinsic::kIfThenElse:
      return dtype_of(args[1]);
    case Intrinsic::kVscale:
    case Intrinsic::kCallPacked:
    case Intrinsic::kCallCpacked:
    case Intrinsic::kCallFfiKernel:
    case Intrinsic::kTypeAnnotation:
    case Intrinsic::kUndef:
      return kInt32;
    case Intrinsic::kWarpActivemask:
      return kUInt32;
    case Intrinsic::kWarpShuffle:
    case Intrinsic::kWarpShuffleUp:
    case Intrinsic::kWarpShuffleDown:
      return dtype_of(args[1]);
    case Intrinsic::kLaneReduceAdd:
    case Intrinsic::kLaneReduceMax:
    case Intrinsic::kLaneReduceMin:
      return dtype_of(args[0]).element();
    case Intrinsic::kAddressOf:
    case Intrinsic::kAccessPtr:
    case Intrinsic::kHandleAddByteOffset:
    case Intrinsic::kTuple:
    case Intrinsic::kStackAlloca:
    case Intrinsic::kStackMakeShape:
    case Intrinsic::kStackMakeArray:
    case Intrinsic::kThrowLastError:
      return kHandleType;
    case Intrinsic::kPrefetch:
    case Intrinsic::kMaskedStore:
    case Intrinsic::kStorageSync:
    case Intrinsic::kThreadAllreduce:
    case Intrinsic::kFillFragment:
    case Intrinsic::kLoadMatrixSync:
    case Intrinsic::kMmaSync:
    case Intrinsic::kStoreMatrixSync:
    case Intrinsic::kPtxMma:
    case Intrinsic::kSimdgroupFill:
    case Intrinsic::kSimdgroupLoad:
    case Intrinsic::kSimdgroupStore:
    case Intrinsic::kSimdgroupMultiplyAccumulate:
    case Intrinsic::kStructSet:
      return kVoidType;
    default:
      return args.empty() ? kVoidType : dtype_of(args[0]);
  }
}

double lowest(DataType type) {
  if (type == kFloat16) return -65504.0;
  if (type == kBFloat16) return -3.3895313892515355e38;
  if (type == kFloat32) return std::numeric_limits<float>::lowest();
  return std::numeric_limits<double>::lowest();
}

Expr extreme(DataType type, bool is_max) {
  if (type.is_float()) return float_imm(type, is_max ? -lowest(type) : lowest(type));
  if (type.is_uint()) {
    const std::uint64_t all =
        type.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << type.bits) - 1;
    return int_imm(type, is_max ? static_cast<std::int64_t>(all) : 0);
  }
  const std::int64_t top = static_cast<std::int64_t>((std::uint64_t{1} << (type.bits - 1)) - 1);
  return int_imm(type, is_max ? top : -top - 1);
}

}  // namespace

std::string tensor_word(const ModuleScope& module, const script::Ast& ast) {
  const std::string name = script::dotted_name(ast);
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return "";
  const auto alias = module.aliases.find(name.substr(0, dot));
  return alias != module.aliases.end() && alias->second == "T" ? name.substr(dot + 1) : "";
}

std::optional<DataType> known_dtype(std::string_view text) {
  static constexpr std::array<std::string_view, 18> kBases = {"float8_e3m4",
                                                              "float8_e4m3b11fnuz",
                                                              "float8_e4m3fnuz",
                                                              "float8_e4m3fn",
                                                              "float8_e4m3",
                                                              "float8_e5m2fnuz",
                                                              "float8_e5m2",
                                                              "float8_e8m0fnu",
                                                              "float6_e2m3fn",
                                                              "float6_e3m2fn",
                                                              "float4_e2m1fn",
                                                              "bfloat16",
                                                              "float",
                                                              "uint",
                                                              "int",
                                                              "bool",
                                                              "handle",
                                                              "void"};
  for (const std::string_view base : kBases) {
    if (!text.starts_with(base)) continue;
    std::string_view rest = text.substr(base.size());
    const bool has_bits = base == "float" || base == "uint" || base == "int";
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') ++digits;
    if (has_bits ? digits == 0 || digits > 2 : digits != 0) continue;
    const std::string_view bits = rest.substr(0, digits);
    if (base == "float" && bits != "16" && bits != "32" && bits != "64") continue;
    rest = rest.substr(digits);
    if (!rest.empty()) {
      const std::string_view prefix = rest.starts_with("xvscalex") ? "xvscalex" : "x";
      if (!rest.starts_with(prefix)) continue;
      const auto lanes = parse_int(rest.substr(prefix.size()));
      if (!lanes || *lanes < 1 || *lanes > 65535) continue;
    }
    return parse_dtype(text);
  }
  return std::nullopt;
}

DataType FuncParser::dtype(const Ast& ast) {
  if (ast.is(Kind::kString)) {
    if (ast.text.empty()) return kVoidType;
    if (const auto type = known_dtype(ast.text)) return *type;
    fail(ast, "unknown type " + quote(ast.text));
  }
  const Ast* inner = &ast;
  if (ast.is(Kind::kAttribute) && (ast.text == "ty" || ast.text == "dtype")) {
    inner = &ast.items[0];
    const Value* found = inner->is(Kind::kName) ? find(inner->text) : nullptr;
    if (found && std::holds_alternative<Buffer>(*found))
      return node(std::get<Buffer>(*found)).dtype;
    if (found) return dtype_of(std::get<Expr>(*found));
  }
  const std::string word = tensor_word(module_, inner->is(Kind::kCall) ? inner->items[0] : *inner);
  if (const auto type = known_dtype(word)) return *type;
  fail(ast, "a type such as \"float32\" is needed here");
}

std::string FuncParser::string(const Ast& ast) {
  if (!ast.is(Kind::kString)) fail(ast, "a string is needed here");
  return ast.text;
}

std::int64_t FuncParser::integer(const Ast& ast) {
  if (const auto v = as_int(expr(ast))) return *v;
  fail(ast, "a constant integer is needed here");
}

void FuncParser::need_args(const Ast& call, std::size_t min, std::size_t max) {
  const std::size_t found = call.items.size() - 1;
  if (found >= min && found <= max) return;
  const std::string wanted = min == max ? std::to_string(min) : str_cat(min, " to ", max);
  fail(call,
       str_cat(script::dotted_name(call.items[0]), " takes ", wanted, " arguments, found ", found));
}

Expr FuncParser::call_expr(const Ast& ast) {
  const Ast& callee = ast.items[0];
  const std::string word = tensor_word(module_, callee);
  if (!word.empty()) return word_call(word, ast);
  if (!callee.is(Kind::kAttribute)) fail(ast, "this call has no meaning in TensorIR");
  const Ast& owner = callee.items[0];
  if (owner.is(Kind::kName)) {
    if (owner.text == module_.module_name || owner.text == "cls")
      return function_call(callee.text, ast);
    const Value* found = find(owner.text);
    if (found && std::holds_alternative<Buffer>(*found)) {
      return buffer_call(std::get<Buffer>(*found), callee.text, ast);
    }
  }
  if (callee.text == "astype") {
    need_args(ast, 1, 1);
    return cast(dtype(ast.items[1]), expr(owner));
  }
  fail(ast, "unknown function `" + script::dotted_name(callee) + "`");
}

Expr FuncParser::function_call(const std::string& name, const Ast& ast) {
  const auto result = module_.results.find(name);
  if (result == module_.results.end()) fail(ast, "the module has no function `" + name + "`");
  std::vector<Expr> args = exprs(ast.items, 1);
  args.insert(args.begin(), string_imm(name));
  return call(Intrinsic::kCallFunction, result->second, std::move(args));
}

Expr FuncParser::word_call(const std::string& word, const Ast& ast) {
  if (const auto type = known_dtype(word)) return typed_constant(*type, ast);
  if (auto e = operator_call(word, ast)) return *e;
  if (auto e = vector_call(word, ast)) return *e;
  if (auto e = structural_call(word, ast)) return *e;
  if (word == "call_intrin") {
    need_args(ast, 2, 64);
    std::string name = string(ast.items[2]);
    const std::size_t dot = name.find('.');
    if (dot != std::string::npos && (name.starts_with("tir.") || name.starts_with("tirx."))) {
      name = name.substr(dot + 1);
    }
    const auto op = find_intrinsic(name);
    if (!op) fail(ast.items[2], "unknown intrinsic " + quote(name));
    return call(*op, dtype(ast.items[1]), exprs(ast.items, 3));
  }
  if (const auto op = find_intrinsic(word)) return intrinsic_call(*op, ast, 1);
  std::vector<std::string> known = {"T.Cast",    "T.Select", "T.Broadcast", "T.Ramp",
                                    "T.Shuffle", "T.min",    "T.max"};
  for (int i = 0; i < static_cast<int>(Intrinsic::kCount); ++i) {
    known.push_back("T." + std::string(intrinsic_info(static_cast<Intrinsic>(i)).name));
  }
  fail(ast, "unknown function T." + word, did_you_mean("T." + word, known));
}

// T.float32(1.5), T.int64(-1), T.float32("inf"), T.float32(x) for a cast.
Expr FuncParser::typed_constant(DataType type, const Ast& ast) {
  if (type.is_handle()) fail(ast, "T.handle() is a type, not a value");
  need_args(ast, 1, 1);
  const Ast& arg = ast.items[1];
  if (arg.is(Kind::kString)) {
    const auto value = parse_double(arg.text);
    if (arg.text == "inf" || arg.text == "-inf" || arg.text == "nan") {
      const double inf = std::numeric_limits<double>::infinity();
      return float_imm(type, arg.text == "nan" ? std::nan("") : arg.text == "inf" ? inf : -inf);
    }
    if (!value || !type.is_float())
      fail(arg, quote(arg.text) + " is no number of type " + to_string(type));
    return float_imm(type, *value);
  }
  const Expr e = expr(arg);
  const auto* integer_value = e.as<IntImm>();
  const auto* float_value = e.as<FloatImm>();
  if (integer_value && !type.is_vector()) {
    if (type.is_float()) return float_imm(type, static_cast<double>(integer_value->value));
    return int_imm(type, type.is_bool() ? integer_value->value != 0 : integer_value->value);
  }
  if (float_value && type.is_float() && !type.is_vector())
    return float_imm(type, float_value->value);
  return cast(type, e);
}

std::optional<Expr> FuncParser::operator_call(const std::string& word, const Ast& ast) {
  if (const auto it = kRawWords.find(word); it != kRawWords.end()) {
    need_args(ast, 2, 2);
    const Expr a = expr(ast.items[1]);
    const Expr b = expr_as(ast.items[2], dtype_of(a));
    if (dtype_of(a) == dtype_of(b)) return raw_binary(it->second, a, b);
    return combine(ast, it->second, a, b);
  }
  if (const auto it = kFoldingWords.find(word); it != kFoldingWords.end()) {
    need_args(ast, 2, 2);
    Expr a = expr(ast.items[1]);
    const Expr b = expr_as(ast.items[2], dtype_of(a));
    a = expr_as(ast.items[1], dtype_of(b));
    return combine(ast, it->second, a, b);
  }
  if (word == "ceildiv") {
    need_args(ast, 2, 2);
    const Expr a = expr(ast.items[1]), b = expr(ast.items[2]);
    const Expr sum = combine(ast, BinaryOp::kAdd, a, b);
    const Expr less = combine(ast, BinaryOp::kSub, sum, constant(dtype_of(sum), 1));
    return combine(ast, BinaryOp::kFloorDiv, less, b);
  }
  if (word == "Not") {
    need_args(ast, 1, 1);
    return logical_not(expr(ast.items[1]));
  }
  const auto op = find_intrinsic(word);
  if (op && *op >= Intrinsic::kBitwiseAnd && *op <= Intrinsic::kShiftRight &&
      *op != Intrinsic::kBitwiseNot) {
    need_args(ast, 2, 2);
    return bit_operation(ast, *op, expr(ast.items[1]), expr(ast.items[2]));
  }
  return std::nullopt;
}

std::optional<Expr> FuncParser::vector_call(const std::string& word, const Ast& ast) {
  if (word == "Ramp" || word == "ramp") {
    need_args(ast, 3, 3);
    const Expr base = expr(ast.items[1]);
    return Ramp{base, expr_as(ast.items[2], dtype_of(base)), expr(ast.items[3])};
  }
  if (word == "Broadcast" || word == "broadcast") {
    need_args(ast, 2, 2);
    return Broadcast{expr(ast.items[1]), expr(ast.items[2])};
  }
  if (word == "Shuffle") {
    need_args(ast, 2, 2);
    if (ast.items[1].items.empty() || ast.items[2].items.empty()) {
      fail(ast, "T.Shuffle needs a list of vectors and a list of lanes");
    }
    return Shuffle{exprs(ast.items[1].items, 0), exprs(ast.items[2].items, 0)};
  }
  return std::nullopt;
}

std::optional<Expr> FuncParser::structural_call(const std::string& word, const Ast& ast) {
  if (word == "Cast" || word == "cast") {
    need_args(ast, 2, 2);
    const bool type_first = word == "Cast";
    const DataType type = dtype(ast.items[type_first ? 1 : 2]);
    const Expr value = expr(ast.items[type_first ? 2 : 1]);
    if (dtype_of(value) == type) return value;
    return type_first ? Expr(Cast{type, value}) : cast(type, value);
  }
  if (word == "Select" || word == "if_then_else") {
    need_args(ast, 3, word == "Select" ? 3 : 4);
    const Expr condition = expr(ast.items[1]);
    const Expr first = expr(ast.items[2]);
    const Expr b = expr_as(ast.items[3], dtype_of(first));
    const Expr a = expr_as(ast.items[2], dtype_of(b));
    if (dtype_of(a) != dtype_of(b)) {
      fail(ast, str_cat("the two values have types ", to_string(dtype_of(a)), " and ",
                        to_string(dtype_of(b))));
    }
    return word == "Select" ? Expr(Select{condition, a, b}) : if_then_else(condition, a, b);
  }
  if (word == "min_value" || word == "max_value") {
    need_args(ast, 1, 1);
    return extreme(dtype(ast.items[1]), word == "max_value");
  }
  if (word == "infinity") {
    need_args(ast, 1, 1);
    return float_imm(dtype(ast.items[1]), std::numeric_limits<double>::infinity());
  }
  if (word == "Let" || word == "let") return let_call(ast);
  if (word == "int_imm" || word == "IntImm" || word == "FloatImm") {
    need_args(ast, 2, 2);
    return constant(dtype(ast.items[1]), static_cast<double>(integer(ast.items[2])));
  }
  return std::nullopt;
}

// T.Let(body, where={x: value})
Expr FuncParser::let_call(const Ast& ast) {
  const Ast* where = ast.keyword("where");
  need_args(ast, 1, 1);
  if (!where || !where->is(Kind::kDict)) fail(ast, "T.Let needs where={variable: value}");
  push_scope();
  std::vector<std::pair<Expr, Expr>> bound;
  for (std::size_t i = 0; i + 1 < where->items.size(); i += 2) {
    const Expr v = expr(where->items[i + 1]);
    if (!where->items[i].is(Kind::kName)) fail(where->items[i], "a variable's name is needed here");
    const Expr variable = make_var(where->items[i].text, dtype_of(v));
    define(where->items[i].text, variable);
    bound.emplace_back(variable, v);
  }
  Expr body = expr(ast.items[1]);
  pop_scope();
  for (auto it = bound.rbegin(); it != bound.rend(); ++it) body = Let{it->first, it->second, body};
  return body;
}

Expr FuncParser::intrinsic_call(Intrinsic op, const Ast& ast, std::size_t first) {
  const IntrinsicInfo& details = intrinsic_info(op);
  const std::string name = "T." + std::string(details.name);
  std::optional<DataType> type;
  std::size_t last = ast.items.size();
  if (names_dtype(op)) {
    if (ast.items.size() <= first) fail(ast, name + " needs its type as first argument");
    type = dtype(ast.items[first++]);
  } else if (op == Intrinsic::kStructGet) {
    need_args(ast, 4, 4);
    type = dtype(ast.items[--last]);
  }
  std::vector<Expr> args;
  for (std::size_t i = first; i < last; ++i) {
    const Value v = value(ast.items[i]);
    const Buffer* b = std::get_if<Buffer>(&v);
    args.push_back(b && !scalars_.count(b->id()) ? node(*b).data : expr(ast.items[i]));
  }
  if (op == Intrinsic::kAbs && args.size() == 1 && dtype_of(args[0]).is_float())
    op = Intrinsic::kFabs;
  if (details.num_args >= 0 && details.num_args != static_cast<int>(args.size())) {
    fail(ast, str_cat(name, " takes ", details.num_args, " arguments, found ", args.size()));
  }
  if (!type) type = result_type(op, args);
  AttrMap attrs;
  for (const script::Keyword& k : ast.keywords) {
    if (k.name == "dtype") {
      type = dtype(k.value);
    } else {
      attrs[k.name] = attr(k.value);
    }
  }
  return call(op, *type, std::move(args), std::move(attrs));
}

}  // namespace tenon::tir
