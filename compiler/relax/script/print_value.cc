// Values of scripts: leaves, constants, calls and their attributes.
#include <algorithm>
#include <bit>
#include <cstring>

#include "compiler/relax/op.h"
#include "compiler/relax/script/dialect.h"
#include "compiler/relax/script/metadata.h"
#include "compiler/relax/script/print_graph.h"
#include "compiler/support/text.h"
#include "compiler/tir/small_float.h"

namespace tenon::relax {
namespace {

// What R.const writes: scalars of the signed integers, floats of 16 to 64 bits and bool.
std::optional<std::string> scalar_text(const TensorData& data) {
  const DataType t = data.dtype;
  if (!data.shape.empty() || t.is_vector()) return std::nullopt;
  if (t.is_bool()) return *data.as<std::uint8_t>() ? "True" : "False";
  std::uint64_t bits = 0;
  std::memcpy(&bits, data.bytes, std::min<std::size_t>(data.size_bytes, sizeof bits));
  if (t.is_int()) {
    const int unused = 64 - t.bits;
    return std::to_string(static_cast<std::int64_t>(bits << unused) >> unused);
  }
  if (t == kFloat64) return script::float_text(std::bit_cast<double>(bits));
  if (t == kFloat32) {
    return script::float_text(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  if (t == kFloat16) return script::float_text(tir::decode_float(t, bits));
  return std::nullopt;
}

}  // namespace

std::vector<std::string> GraphPrinter::values(const std::vector<Expr>& list) {
  std::vector<std::string> texts;
  for (const Expr& e : list) texts.push_back(value(e));
  return texts;
}

std::string GraphPrinter::name_of(const Expr& variable) {
  if (const std::string* name = stmt_.expr.names.find(variable.id())) return *name;
  return define(variable);
}

std::string GraphPrinter::scalar(const tir::Expr& e) {
  const auto* n = e.as<tir::IntImm>();
  if (n && n->dtype.is_bool()) return n->value ? "True" : "False";
  return stmt_.expr.text(e);
}

std::string GraphPrinter::constant(const Constant& n) {
  const TensorData& data = *n.data;
  const auto text = scalar_text(data);
  // Infinities and NaN have no literal.
  const bool is_literal = text && text->find_first_of("in") == std::string::npos;
  if (is_literal) return str_cat("R.const(", *text, ", ", quote(to_string(data.dtype)), ")");
  if (data.size_bytes <= options_.inline_bytes) {
    auto at = std::find(constants_.begin(), constants_.end(), n.data);
    if (at == constants_.end()) at = constants_.insert(at, n.data);
    return str_cat("metadata[", quote(kConstantKind), "][", at - constants_.begin(), "]");
  }
  std::string& name = external_[n.data.get()];
  if (name.empty()) {
    const std::string hint = n.name.empty() ? "constant" : n.name;
    name = hint;
    const auto is_taken = [&] {
      return std::any_of(external_.begin(), external_.end(), [&](const auto& entry) {
        return entry.first != n.data.get() && entry.second == name;
      });
    };
    for (int i = 1; is_taken(); ++i) name = hint + "_" + std::to_string(i);
    if (options_.external) (*options_.external)[name] = n.data;
  }
  return str_cat("R.external_constant(", quote(name), ", ",
                 type(relax::tensor_type(data.shape, data.dtype)), ")");
}

std::string GraphPrinter::value(const Expr& e) {
  return match(
      e, [&](const Var&) { return name_of(e); }, [&](const Constant& n) { return constant(n); },
      [&](const ShapeExpr& n) { return "R.shape([" + dims(n.values) + "])"; },
      [&](const PrimValue& n) { return scalar(n.value); },
      [&](const StringImm& n) { return "R.str(" + quote(n.value) + ")"; },
      [&](const DataTypeImm& n) { return "R.dtype(" + quote(to_string(n.value)) + ")"; },
      [&](const GlobalVar& n) { return "cls." + n.name; },
      [&](const ExternFunc& n) { return "R.ExternFunc(" + quote(n.name) + ")"; },
      [&](const OpaqueOp& n) { return "R." + n.name; },
      [&](const Tuple& n) {
        return n.values.empty() ? std::string("R.tuple()") : script::tuple_text(values(n.values));
      },
      [&](const TupleGetItem& n) { return str_cat(value(n.tuple), "[", n.index, "]"); },
      [&](const Call& n) { return call(n); }, [](const If&) { return std::string("if ..."); },
      [](const SeqExpr&) { return std::string("..."); },
      [](const Function&) { return std::string("R.function"); });
}

// A map of one key that starts with "R." is the call of that name: R.str("text"), R.device(...).
std::string GraphPrinter::attribute(const tir::AttrValue& value) {
  const auto* map = std::get_if<tir::AttrValue::Map>(&value.value);
  if (!map || map->size() != 1 || !map->begin()->first.starts_with("R.")) {
    const auto* text = std::get_if<tir::Expr>(&value.value);
    return text ? scalar(*text) : stmt_.expr.attr(value);
  }
  const auto& [word, inner] = *map->begin();
  std::vector<std::string> parts;
  if (const auto* named = std::get_if<tir::AttrValue::Map>(&inner.value)) {
    const auto& order = attribute_order(std::string_view(word).substr(2));
    for (const std::string& key : order) {
      const auto it = named->find(key);
      if (it != named->end()) parts.push_back(key + "=" + stmt_.expr.attr(it->second));
    }
  } else {
    parts.push_back(stmt_.expr.attr(inner));
  }
  return word + "(" + join(parts, ", ") + ")";
}

std::string GraphPrinter::call(const Call& n) {
  if (n.op || n.callee.as<OpaqueOp>()) return operator_call(n);
  const auto* external = n.callee.as<ExternFunc>();
  if (!external) return value(n.callee) + "(" + join(values(n.args), ", ") + ")";
  std::vector<std::string> parts = values(n.args);
  parts.insert(parts.begin(), quote(external->name));
  for (const auto& [key, attr] : n.attrs) parts.push_back(key + "=" + attribute(attr));
  if (!n.type_args.empty()) parts.push_back(types_argument(n));
  return "R.call_packed(" + join(parts, ", ") + ")";
}

std::string GraphPrinter::types_argument(const Call& n) {
  std::vector<std::string> types;
  const bool is_out = writes_out_type(operator_name(n));
  const TupleType* fields = is_out ? n.type_args[0].as<TupleType>() : nullptr;
  if (fields && fields->fields_.size() < 2) return "out_ty=" + type(n.type_args[0]);
  for (const Type& t : fields ? fields->fields_ : n.type_args) types.push_back(type(t));
  if (!is_out) return "ty_args=" + script::tuple_text(types);
  return fields ? "out_ty=[" + join(types, ", ") + "]" : "out_ty=" + types[0];
}

std::string GraphPrinter::operator_call(const Call& n) {
  const std::string_view name = operator_name(n);
  ScriptForm form = to_script_form(n);
  std::vector<std::string> parts;
  std::string symbols;  // of call_tir: the scalars behind its tensors
  for (std::size_t i = 0; i < form.args.size(); ++i) {
    const auto* external = form.args[i].as<ExternFunc>();
    if (i == 0 && external && names_external_function(name)) {
      parts.push_back(quote(external->name));
    } else if (i == 2 && name == "call_tir") {
      symbols = "tir_vars=" + value(form.args[i]);
    } else {
      parts.push_back(value(form.args[i]));
    }
  }
  const bool is_out = writes_out_type(name);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto it = form.attrs.find(std::to_string(i));
    if (it == form.attrs.end()) continue;
    const std::size_t at = std::min(i, parts.size());
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), attribute(it->second));
    form.attrs.erase(it);
  }
  if (is_out && !n.type_args.empty()) parts.push_back(types_argument(n));
  if (!symbols.empty()) parts.push_back(symbols);
  for (const std::string& key : attribute_order(name)) {
    const auto it = form.attrs.find(key);
    if (it == form.attrs.end()) continue;
    parts.push_back(key + "=" + attribute(it->second));
    form.attrs.erase(it);
  }
  for (const auto& [key, attr] : form.attrs) parts.push_back(key + "=" + attribute(attr));
  if (!is_out && !n.type_args.empty()) parts.push_back(types_argument(n));
  return str_cat("R.", name, "(", join(parts, ", "), ")");
}

}  // namespace tenon::relax
