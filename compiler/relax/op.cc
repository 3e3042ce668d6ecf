#include "compiler/relax/op.h"

#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

std::string where(const Call& call, const std::string& name) {
  return "R." + std::string(call.op->name) + ": attribute " + name;
}

const tir::AttrValue* find(const Call& call, const std::string& name) {
  const auto it = call.attrs.find(name);
  // None says the same as no attribute.
  const bool is_none =
      it == call.attrs.end() || std::holds_alternative<std::monostate>(it->second.value);
  return is_none ? nullptr : &it->second;
}

[[noreturn]] void missing(const Call& call, const std::string& name) {
  throw UserError(where(call, name) + " is missing");
}

[[noreturn]] void wrong(const Call& call, const std::string& name, const char* needed) {
  throw UserError(where(call, name) + " has another type than the one needed: " + needed);
}

std::optional<std::int64_t> to_int(const tir::AttrValue& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value.value)) return *i;
  if (const auto* b = std::get_if<bool>(&value.value)) return *b;
  if (const auto* e = std::get_if<tir::Expr>(&value.value)) return tir::as_int(*e);
  return std::nullopt;
}

}  // namespace

const OpInfo* find_op(std::string_view name) {
  for (const OpInfo* op : all_ops()) {
    if (op->name == name) return op;
  }
  return nullptr;
}

const OpInfo& get_op(std::string_view name) {
  if (const OpInfo* op = find_op(name)) return *op;
  std::vector<std::string> known;
  for (const OpInfo* op : all_ops()) known.emplace_back(op->name);
  throw UserError("R." + std::string(name) + ": no such operator", did_you_mean(name, known));
}

Expr make_call(std::string_view name, std::vector<Expr> args, tir::AttrMap attrs) {
  const OpInfo& op = get_op(name);
  CHECK(op.num_args < 0 || op.num_args == static_cast<int>(args.size()))
      << "R." << name << " takes " << op.num_args << " arguments, got " << args.size();
  return Call{&op, {}, std::move(args), std::move(attrs), {}};
}

Type infer_type(const Call& call) {
  CHECK(call.op && call.op->infer) << "only operator calls are inferred";
  return call.op->infer(call);
}

std::int64_t attr_int(const Call& call, const std::string& name,
                      std::optional<std::int64_t> fallback) {
  const tir::AttrValue* value = find(call, name);
  if (!value) {
    if (fallback) return *fallback;
    missing(call, name);
  }
  const auto number = to_int(*value);
  if (!number) wrong(call, name, "an integer");
  return *number;
}

double attr_float(const Call& call, const std::string& name, std::optional<double> fallback) {
  const tir::AttrValue* value = find(call, name);
  if (!value) {
    if (fallback) return *fallback;
    missing(call, name);
  }
  if (const auto* d = std::get_if<double>(&value->value)) return *d;
  const auto number = to_int(*value);
  if (!number) wrong(call, name, "a number");
  return static_cast<double>(*number);
}

std::string attr_string(const Call& call, const std::string& name,
                        std::optional<std::string> fallback) {
  const tir::AttrValue* value = find(call, name);
  if (!value) {
    if (fallback) return *fallback;
    missing(call, name);
  }
  const auto* text = std::get_if<std::string>(&value->value);
  if (!text) wrong(call, name, "a string");
  return *text;
}

bool attr_bool(const Call& call, const std::string& name, std::optional<bool> fallback) {
  const tir::AttrValue* value = find(call, name);
  if (!value) {
    if (fallback) return *fallback;
    missing(call, name);
  }
  const auto number = to_int(*value);
  if (!number) wrong(call, name, "a bool");
  return *number != 0;
}

std::vector<std::int64_t> attr_ints(const Call& call, const std::string& name,
                                    std::optional<std::vector<std::int64_t>> fallback) {
  const tir::AttrValue* value = find(call, name);
  if (!value) {
    if (fallback) return *fallback;
    missing(call, name);
  }
  if (const auto number = to_int(*value)) return {*number};
  const auto* list = std::get_if<tir::AttrValue::List>(&value->value);
  if (!list) wrong(call, name, "a list of integers");
  std::vector<std::int64_t> result;
  for (const tir::AttrValue& item : *list) {
    const auto number = to_int(item);
    if (!number) wrong(call, name, "a list of integers");
    result.push_back(*number);
  }
  return result;
}

tir::AttrValue int_attr(std::int64_t value) { return {value}; }
tir::AttrValue float_attr(double value) { return {value}; }
tir::AttrValue string_attr(std::string value) { return {std::move(value)}; }
tir::AttrValue ints_attr(const std::vector<std::int64_t>& values) {
  tir::AttrValue::List list;
  for (const std::int64_t value : values) list.push_back({value});
  return {std::move(list)};
}

}  // namespace tenon::relax
