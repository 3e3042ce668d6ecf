// JSON text as plain values, kept apart so that the JSON library stays behind one file.
#include <nlohmann/json.hpp>

#include "compiler/schedule/trace.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using tir::AttrValue;

namespace {

constexpr int kMaxJsonDepth = 64;

AttrValue from_json(const nlohmann::json& json, int depth) {
  if (depth > kMaxJsonDepth) throw UserError("the trace nests deeper than 64 levels");
  switch (json.type()) {
    case nlohmann::json::value_t::null:
      return {};
    case nlohmann::json::value_t::boolean:
      return {json.get<bool>()};
    case nlohmann::json::value_t::number_integer:
      return {json.get<std::int64_t>()};
    case nlohmann::json::value_t::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
        throw UserError("the trace holds " + json.dump() + ", which is no 64-bit integer");
      }
      return {json.get<std::int64_t>()};
    case nlohmann::json::value_t::number_float:
      return {json.get<double>()};
    case nlohmann::json::value_t::string:
      return {json.get<std::string>()};
    case nlohmann::json::value_t::array: {
      AttrValue::List list;
      for (const auto& item : json) list.push_back(from_json(item, depth + 1));
      return {std::move(list)};
    }
    case nlohmann::json::value_t::object: {
      AttrValue::Map map;
      for (const auto& [key, item] : json.items()) map[key] = from_json(item, depth + 1);
      return {std::move(map)};
    }
    default:
      throw UserError("the trace holds binary data");
  }
}

std::string string_to_json(const std::string& text) { return nlohmann::json(text).dump(); }

std::string expr_to_json(const tir::Expr& e) {
  if (auto value = tir::as_int(e)) return str_cat(*value);
  if (const auto* real = e.as<tir::FloatImm>()) return format_double(real->value);
  if (const auto* text = e.as<tir::StringImm>()) return string_to_json(text->value);
  throw UserError("a trace holds constants only, not an expression");
}

}  // namespace

AttrValue parse_json_value(std::string_view text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw UserError("the trace is not valid JSON");
  return from_json(json, 0);
}

std::string to_json(const AttrValue& value) {
  struct Writer {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return str_cat(i); }
    std::string operator()(double d) const { return format_double(d); }
    std::string operator()(const std::string& s) const { return string_to_json(s); }
    std::string operator()(const tir::Expr& e) const { return expr_to_json(e); }
    std::string operator()(const AttrValue::List& list) const {
      std::vector<std::string> parts;
      for (const AttrValue& item : list) parts.push_back(to_json(item));
      return "[" + join(parts, ",") + "]";
    }
    std::string operator()(const AttrValue::Map& map) const {
      std::vector<std::string> parts;
      for (const auto& [key, item] : map) {
        parts.push_back(string_to_json(key) + ":" + to_json(item));
      }
      return "{" + join(parts, ",") + "}";
    }
  };
  return std::visit(Writer{}, value.value);
}

bool same_value(const AttrValue& a, const AttrValue& b) { return to_json(a) == to_json(b); }

}  // namespace tenon
