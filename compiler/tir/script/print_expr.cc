#include "compiler/tir/script/print_expr.h"

#include <cmath>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using script::at_level;
using script::ExprText;
using script::Level;

struct OperatorForm {
  std::string_view sign;  // empty: written as a call
  Level level;
};

OperatorForm form_of(const Binary& n) {
  const bool is_float = dtype_of(n.a).is_float();
  switch (n.op) {
    case BinaryOp::kAdd:
      return {"+", Level::kAdd};
    case BinaryOp::kSub:
      return {"-", Level::kAdd};
    case BinaryOp::kMul:
      return {"*", Level::kMultiply};
    case BinaryOp::kDiv:
      return {is_float ? "/" : "", Level::kMultiply};
    case BinaryOp::kMod:
      return {"", Level::kAtom};
    case BinaryOp::kFloorDiv:
      return {"//", Level::kMultiply};
    case BinaryOp::kFloorMod:
      return {"%", Level::kMultiply};
    case BinaryOp::kMin:
    case BinaryOp::kMax:
      return {"", Level::kAtom};
    case BinaryOp::kEq:
      return {"==", Level::kCompare};
    case BinaryOp::kNe:
      return {"!=", Level::kCompare};
    case BinaryOp::kLt:
      return {"<", Level::kCompare};
    case BinaryOp::kLe:
      return {"<=", Level::kCompare};
    case BinaryOp::kGt:
      return {">", Level::kCompare};
    case BinaryOp::kGe:
      return {">=", Level::kCompare};
    case BinaryOp::kAnd:
      return {"and", Level::kAnd};
    case BinaryOp::kOr:
      return {"or", Level::kOr};
  }
  return {"", Level::kAtom};
}

OperatorForm form_of(Intrinsic op) {
  switch (op) {
    case Intrinsic::kBitwiseAnd:
      return {"&", Level::kBitAnd};
    case Intrinsic::kBitwiseOr:
      return {"|", Level::kBitOr};
    case Intrinsic::kBitwiseXor:
      return {"^", Level::kBitXor};
    case Intrinsic::kShiftLeft:
      return {"<<", Level::kShift};
    case Intrinsic::kShiftRight:
      return {">>", Level::kShift};
    default:
      return {"", Level::kAtom};
  }
}

ExprText float_constant(const FloatImm& n) {
  const std::string digits = script::float_text(n.value);
  const bool is_number = std::isfinite(n.value);
  return {str_cat("T.", to_string(n.dtype), "(", is_number ? digits : quote(digits), ")")};
}

// "A" of "A.data", the text of a data variable.
std::string without_data(const std::string& text) {
  static constexpr std::string_view kSuffix = ".data";
  return text.ends_with(kSuffix) ? text.substr(0, text.size() - kSuffix.size()) : text;
}

}  // namespace

std::string dtype_text(DataType type) {
  if (type.is_handle()) return "T.handle().ty";
  if (type.is_void()) return "\"void\"";
  return quote(to_string(type));
}

std::string annotation_text(const Var& v) {
  if (!v.dtype.is_handle()) return "T." + to_string(v.dtype);
  if (v.pointee.is_void()) return "T.handle";
  const std::string scope = v.scope.empty() ? "global" : v.scope;
  return str_cat("T.handle(", quote(to_string(v.pointee)), ", ", quote(scope), ")");
}

ExprPrinter::ExprPrinter() {
  for (const char* name : {"I", "T", "R", "Axis"}) names.reserve(name);
}

std::string ExprPrinter::word(std::string_view name, const std::vector<std::string>& args) {
  return str_cat("T.", name, "(", join(args, ", "), ")");
}

std::vector<std::string> ExprPrinter::texts(const std::vector<Expr>& list) {
  std::vector<std::string> result;
  for (const Expr& e : list) result.push_back(text(e));
  return result;
}

std::string ExprPrinter::name_of(const Expr& variable) {
  if (const std::string* name = names.find(variable.id())) return *name;
  return names.define(variable.id(), var(variable).name);
}

ExprText ExprPrinter::print(const Expr& e) {
  return match(
      e, [&](const IntImm& n) { return integer(n); },
      [&](const FloatImm& n) { return float_constant(n); },
      [&](const StringImm& n) { return ExprText{quote(n.value)}; },
      [&](const Var&) { return ExprText{name_of(e)}; },
      [&](const Cast& n) { return ExprText{word("Cast", {dtype_text(n.dtype), text(n.value)})}; },
      [&](const Binary& n) { return binary_text(n); },
      [&](const Not& n) {
        return ExprText{"not " + at_level(print(n.a), Level::kNot), Level::kNot};
      },
      [&](const Select& n) {
        return ExprText{word("Select", texts({n.condition, n.true_value, n.false_value}))};
      },
      [&](const Load& n) {
        const std::string access = element(n.buffer, n.indices, false);
        if (!n.predicate) return ExprText{access};
        return ExprText{str_cat(buffer_name(n.buffer), ".vload([", join(texts(n.indices), ", "),
                                "], predicate=", text(n.predicate), ")")};
      },
      [&](const Ramp& n) { return ExprText{word("Ramp", texts({n.base, n.stride, n.lanes}))}; },
      [&](const Broadcast& n) { return ExprText{word("Broadcast", texts({n.value, n.lanes}))}; },
      [&](const Shuffle& n) {
        return ExprText{str_cat("T.Shuffle([", join(texts(n.vectors), ", "), "], [",
                                join(texts(n.indices), ", "), "])")};
      },
      [&](const Let& n) { return let_text(n); }, [&](const Call& n) { return call_text(n); });
}

ExprText ExprPrinter::integer(const IntImm& n) {
  if (n.dtype.is_bool()) return {n.value ? "T.bool(True)" : "T.bool(False)"};
  const bool is_unsigned = n.dtype.is_uint();
  const std::string digits =
      is_unsigned ? std::to_string(static_cast<std::uint64_t>(n.value)) : std::to_string(n.value);
  if (n.dtype == plain_integer) return {digits};
  return {str_cat("T.", to_string(n.dtype), "(", digits, ")")};
}

// Left before right, so that names new to the table are numbered in the order of the text.
ExprText ExprPrinter::infix_text(const Expr& a, std::string_view sign, const Expr& b, Level level) {
  const ExprText left = print(a);
  return script::infix(left, sign, print(b), level);
}

ExprText ExprPrinter::binary_text(const Binary& n) {
  if (fold_operator(n.op, n.a, n.b)) return {word(operator_word(n.op), texts({n.a, n.b}))};
  const OperatorForm form = form_of(n);
  if (!form.sign.empty()) return infix_text(n.a, form.sign, n.b, form.level);
  std::string_view name = "min";
  if (n.op == BinaryOp::kMax) name = "max";
  if (n.op == BinaryOp::kDiv) name = "Div";
  if (n.op == BinaryOp::kMod) name = "truncmod";
  return {word(name, texts({n.a, n.b}))};
}

ExprText ExprPrinter::let_text(const Let& n) {
  const std::string value = text(n.value);
  names.push();
  const std::string name = names.define(n.var.id(), var(n.var).name);
  const std::string body = text(n.body);
  names.pop();
  return {str_cat("T.Let(", body, ", where={", name, ": ", value, "})")};
}

ExprText ExprPrinter::call_text(const Call& n) {
  const OperatorForm form = form_of(n.op);
  if (!form.sign.empty()) return infix_text(n.args[0], form.sign, n.args[1], form.level);
  if (n.op == Intrinsic::kBitwiseNot) {
    return {"~" + at_level(print(n.args[0]), Level::kUnary), Level::kUnary};
  }
  std::vector<std::string> args = texts(n.args);
  if (n.op == Intrinsic::kCallFunction) {
    const std::string name = n.args[0].get<StringImm>().value;
    args.erase(args.begin());
    return {str_cat("Module.", name, "(", join(args, ", "), ")")};
  }
  if (n.op == Intrinsic::kMaskedLoad || n.op == Intrinsic::kMaskedStore) {
    args[0] = without_data(args[0]);
  }
  if (names_dtype(n.op)) args.insert(args.begin(), dtype_text(n.dtype));
  if (n.op == Intrinsic::kStructGet) args.push_back(dtype_text(n.dtype));
  for (const auto& [key, value] : n.attrs) args.push_back(key + "=" + attr(value));
  return {word(intrinsic_info(n.op).name, args)};
}

std::string ExprPrinter::buffer_name(const Buffer& buffer) {
  if (const std::string* name = names.find(buffer.id())) return *name;
  return define_buffer(buffer);
}

std::string ExprPrinter::define_buffer(const Buffer& buffer) {
  const BufferNode& n = node(buffer);
  const std::string name = names.define(buffer.id(), n.name);
  if (!names.find(n.data.id())) {
    names.bind(n.data.id(), name + ".data");
    data_owners[n.data.id()] = buffer;
  }
  if (n.elem_offset && n.elem_offset.as<Var>() && !names.find(n.elem_offset.id())) {
    names.bind(n.elem_offset.id(), name + ".elem_offset");
  }
  return name;
}

std::string ExprPrinter::range_end(const Expr& min, const Expr& extent) {
  if (const Expr folded = fold_operator(BinaryOp::kAdd, min, extent)) return text(folded);
  return infix_text(min, "+", extent, Level::kAdd).text;
}

std::string ExprPrinter::region(const BufferRegion& r) {
  std::vector<std::string> parts;
  for (const Range& range : r.region) {
    std::string part = text(range.min);
    if (!is_int(range.extent, 1)) part += ":" + range_end(range.min, range.extent);
    parts.push_back(std::move(part));
  }
  return str_cat(buffer_name(r.buffer), "[", parts.empty() ? "()" : join(parts, ", "), "]");
}

std::string ExprPrinter::index(const Expr& e, bool is_store) {
  const auto* ramp = is_store ? e.as<Ramp>() : nullptr;
  const auto stride = ramp ? as_int(ramp->stride) : std::nullopt;
  if (!stride || *stride <= 0) return text(e);
  Expr extent = ramp->lanes;
  if (const auto lanes = as_int(extent)) {
    extent = int_imm(dtype_of(ramp->base), *lanes * *stride);
  } else if (*stride != 1) {
    return text(e);
  }
  std::string slice = text(ramp->base) + ":" + range_end(ramp->base, extent);
  return *stride == 1 ? slice : slice + ":" + text(ramp->stride);
}

std::string ExprPrinter::element(const Buffer& buffer, const std::vector<Expr>& indices,
                                 bool is_store) {
  if (scalars.count(buffer.id()) && indices.size() == 1 && is_int(indices[0], 0)) {
    return buffer_name(buffer);
  }
  std::vector<std::string> parts;
  for (const Expr& e : indices) parts.push_back(index(e, is_store));
  return str_cat(buffer_name(buffer), "[", parts.empty() ? "()" : join(parts, ", "), "]");
}

std::string ExprPrinter::attr(const AttrValue& value) {
  return std::visit(Overloaded{[](std::monostate) -> std::string { return "None"; },
                               [](bool v) -> std::string { return v ? "True" : "False"; },
                               [](std::int64_t v) { return std::to_string(v); },
                               [](double v) {
                                 const std::string digits = script::float_text(v);
                                 return std::isfinite(v) ? digits : "float(" + quote(digits) + ")";
                               },
                               [](const std::string& v) { return quote(v); },
                               [&](const Expr& v) { return text(v); },
                               [&](const AttrValue::List& v) {
                                 std::vector<std::string> parts;
                                 for (const AttrValue& x : v) parts.push_back(attr(x));
                                 return "[" + join(parts, ", ") + "]";
                               },
                               [&](const AttrValue::Map& v) { return attr_map(v); }},
                    value.value);
}

std::string ExprPrinter::attr_map(const AttrMap& map) {
  if (map.size() == 1) {
    const auto& [key, value] = *map.begin();
    if (key == kTargetForm) return "T.target(" + attr(value) + ")";
    if (key == kBufferForm) return without_data(text(std::get<Expr>(value.value)));
    if (key == kReducerForm) return reducer(value);
    if (key == kIndexMapForm) return index_map(value);
    const auto* list = std::get_if<AttrValue::List>(&value.value);
    if (key == kVDeviceForm && list) {
      std::vector<std::string> parts;
      for (const AttrValue& x : *list) parts.push_back(attr(x));
      return "I.vdevice(" + join(parts, ", ") + ")";
    }
  }
  std::vector<std::string> parts;
  for (const auto& [key, value] : map) parts.push_back(quote(key) + ": " + attr(value));
  return "{" + join(parts, ", ") + "}";
}

// The value is a list of results; each is a chain of Lets over all parameters, the first half of
// which are bound to the identities.
std::string ExprPrinter::reducer(const AttrValue& value) {
  const auto& results = std::get<AttrValue::List>(value.value);
  std::vector<std::string> params, identities, bodies;
  for (const AttrValue& result : results) {
    names.push();
    Expr e = std::get<Expr>(result.value);
    params.clear();
    identities.clear();
    while (params.size() < 2 * results.size()) {
      const Let& let = e.get<Let>();
      if (identities.size() < results.size()) identities.push_back(text(let.value));
      params.push_back(names.define(let.var.id(), var(let.var).name));
      e = let.body;
    }
    bodies.push_back(text(e));
    names.pop();
  }
  const std::string body = bodies.size() == 1 ? bodies[0] : script::tuple_text(bodies);
  return str_cat("T.comm_reducer(lambda ", join(params, ", "), ": ", body, ", [",
                 join(identities, ", "), "])");
}

// The results have their own variables; the text names those of the first. One more Let than
// parameters cannot be told from a Let of the result, which no index map holds.
std::string ExprPrinter::index_map(const AttrValue& value) {
  std::vector<std::string> params, bodies;
  for (const AttrValue& result : std::get<AttrValue::List>(value.value)) {
    names.push();
    params.clear();
    Expr e = std::get<Expr>(result.value);
    while (const Let* let = e.as<Let>()) {
      params.push_back(names.define(let->var.id(), var(let->var).name));
      e = let->body;
    }
    bodies.push_back(text(e));
    names.pop();
  }
  return str_cat("T.index_map(lambda ", join(params, ", "), ": ", script::tuple_text(bodies), ")");
}

std::string ExprPrinter::buffer_arguments(const Buffer& buffer, const std::string& shape,
                                          BufferForm form) {
  const BufferNode& n = node(buffer);
  std::vector<std::string> args{shape};
  if (form.always_dtype || n.dtype != kFloat32) args.push_back(quote(to_string(n.dtype)));
  if (form.data) args.push_back("data=" + text(n.data));
  if (!n.strides.empty()) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < n.strides.size(); ++i) {
      const Expr& stride = n.strides[i];
      if (stride.as<Var>() && !names.find(stride.id())) {
        parts.push_back(quote(names.define(stride.id(), var(stride).name)));
        names.bind(stride.id(), str_cat(buffer_name(buffer), ".strides[", i, "]"));
      } else {
        parts.push_back(text(stride));
      }
    }
    args.push_back("strides=" + script::tuple_text(parts));
  }
  const std::string own_offset = buffer_name(buffer) + ".elem_offset";
  bool has_own_offset = false;
  if (n.elem_offset) {
    const std::string offset = text(n.elem_offset);
    has_own_offset = offset == own_offset;
    if (!has_own_offset) args.push_back("elem_offset=" + offset);
  }
  if (form.scope && n.scope != "global") args.push_back("scope=" + quote(n.scope));
  if (n.data_alignment != 64) args.push_back(str_cat("align=", n.data_alignment));
  if (has_own_offset || n.offset_factor != 1) {
    args.push_back(str_cat("offset_factor=", n.offset_factor));
  }
  return join(args, ", ");
}

}  // namespace tenon::tir
