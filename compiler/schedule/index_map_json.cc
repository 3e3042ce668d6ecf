#include "compiler/schedule/index_map_json.h"

#include <map>

#include "compiler/schedule/trace.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct OpName {
  std::string_view name;
  BinaryOp op;
};
constexpr OpName kOps[] = {
    {"prim.Add", BinaryOp::kAdd},
    {"prim.Sub", BinaryOp::kSub},
    {"prim.Mul", BinaryOp::kMul},
    {"prim.Div", BinaryOp::kDiv},
    {"prim.Mod", BinaryOp::kMod},
    {"prim.FloorDiv", BinaryOp::kFloorDiv},
    {"prim.FloorMod", BinaryOp::kFloorMod},
    {"prim.Min", BinaryOp::kMin},
    {"prim.Max", BinaryOp::kMax},
    {"prim.EQ", BinaryOp::kEq},
    {"prim.NE", BinaryOp::kNe},
    {"prim.LT", BinaryOp::kLt},
    {"prim.LE", BinaryOp::kLe},
    {"prim.GT", BinaryOp::kGt},
    {"prim.GE", BinaryOp::kGe},
    {"prim.And", BinaryOp::kAnd},
    {"prim.Or", BinaryOp::kOr},
};

[[noreturn]] void bad_graph(const std::string& text) { throw UserError("index map: " + text); }

class GraphReader {
 public:
  explicit GraphReader(AttrValue graph) : graph_(std::move(graph)) {
    const auto* list = std::get_if<AttrValue::List>(&field(graph_, "nodes").value);
    if (!list) bad_graph("\"nodes\" is not a list");
    nodes_ = list;
  }

  IndexMap read() {
    std::int64_t root = number(field(graph_, "root_index"));
    IndexMap map = map_at(root);
    std::int64_t inverse = number(field(data_of(root, "tirx.IndexMap"), "inverse_index_map"));
    if (type_of(inverse) == "tirx.IndexMap") {
      IndexMap back = map_at(inverse);
      map.inverse_vars = back.initial_vars;
      map.inverse_exprs = back.final_exprs;
    }
    return map;
  }

 private:
  IndexMap map_at(std::int64_t index) {
    const AttrValue& data = data_of(index, "tirx.IndexMap");
    IndexMap map;
    map.initial_vars = exprs_at(number(field(data, "initial_indices")));
    map.final_exprs = exprs_at(number(field(data, "final_indices")));
    for (const Expr& v : map.initial_vars) {
      if (!v.as<Var>()) bad_graph("an initial index is not a variable");
    }
    return map;
  }

  static const AttrValue& field(const AttrValue& value, const std::string& key) {
    const auto* map = std::get_if<AttrValue::Map>(&value.value);
    if (!map || !map->count(key)) bad_graph("field " + quote(key) + " is missing");
    return map->at(key);
  }
  static std::int64_t number(const AttrValue& value) {
    const auto* i = std::get_if<std::int64_t>(&value.value);
    if (!i) bad_graph("a position is not a number");
    return *i;
  }
  const AttrValue& node_at(std::int64_t index) const {
    if (index < 0 || index >= static_cast<std::int64_t>(nodes_->size())) {
      bad_graph(str_cat("there is no node ", index));
    }
    return (*nodes_)[static_cast<std::size_t>(index)];
  }
  std::string type_of(std::int64_t index) const {
    const auto* text = std::get_if<std::string>(&field(node_at(index), "type").value);
    if (!text) bad_graph("a node's type is not text");
    return *text;
  }
  const AttrValue& data_of(std::int64_t index, const std::string& type) const {
    if (type_of(index) != type) bad_graph("found " + type_of(index) + ", needed " + type);
    return field(node_at(index), "data");
  }
  std::string text_at(std::int64_t index) const {
    const auto* text = std::get_if<std::string>(&data_of(index, "ffi.String").value);
    if (!text) bad_graph("a name is not text");
    return *text;
  }
  DataType dtype_at(std::int64_t index) const {
    const AttrValue& data = data_of(index, "ir.PrimType");
    const auto* text = std::get_if<std::string>(&field(data, "dtype").value);
    if (!text) bad_graph("a type is not text");
    return parse_dtype(*text);
  }

  std::vector<Expr> exprs_at(std::int64_t index) {
    const auto* list = std::get_if<AttrValue::List>(&data_of(index, "ffi.Array").value);
    if (!list) bad_graph("an array is not a list");
    std::vector<Expr> exprs;
    for (const AttrValue& item : *list) exprs.push_back(expr_at(number(item)));
    return exprs;
  }

  Expr expr_at(std::int64_t index) {
    if (auto it = made_.find(index); it != made_.end()) {
      if (!it->second) bad_graph("the graph has a cycle");
      return it->second;
    }
    made_[index] = {};
    return made_[index] = make_expr(index);
  }

  Expr make_expr(std::int64_t index) {
    const std::string type = type_of(index);
    const AttrValue& data = field(node_at(index), "data");
    for (const OpName& op : kOps) {
      if (op.name != type) continue;
      Expr a = expr_at(number(field(data, "a")));
      return binary(op.op, a, expr_at(number(field(data, "b"))));
    }
    if (type == "prim.Cast") {
      return cast(dtype_at(number(field(data, "ty"))), expr_at(number(field(data, "value"))));
    }
    DataType dtype = type.rfind("ir.", 0) == 0 ? dtype_at(number(field(data, "ty"))) : kVoidType;
    if (type == "ir.Var") return make_var(text_at(number(field(data, "name"))), dtype);
    if (type == "ir.IntImm") {
      return int_imm(dtype, number(data_of(number(field(data, "value")), "int")));
    }
    if (type == "ir.FloatImm") {
      const AttrValue& value = field(data, "value");
      if (const auto* real = std::get_if<double>(&value.value)) return float_imm(dtype, *real);
      return float_imm(dtype, static_cast<double>(number(value)));
    }
    bad_graph("node type " + quote(type) + " is not supported");
  }

  AttrValue graph_;
  const AttrValue::List* nodes_ = nullptr;
  std::map<std::int64_t, Expr> made_;
};

class GraphWriter {
 public:
  std::string write(const IndexMap& map) {
    add("{\"type\":\"None\"}");
    std::size_t inverse = 0;
    if (!map.inverse_exprs.empty()) inverse = add_map(map.inverse_vars, map.inverse_exprs, 0);
    std::size_t root = add_map(map.initial_vars, map.final_exprs, inverse);
    return str_cat("{\"root_index\":", root, ",\"nodes\":[", join(nodes_, ","),
                   "],\"metadata\":{\"tvm_version\":\"0.27.0.post1\"}}");
  }

 private:
  std::size_t add(std::string node) {
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }
  std::size_t add_map(const std::vector<Expr>& vars, const std::vector<Expr>& exprs,
                      std::size_t inverse) {
    std::size_t initial = add_array(vars);
    std::size_t final_indices = add_array(exprs);
    return add(str_cat("{\"type\":\"tirx.IndexMap\",\"data\":{\"initial_indices\":", initial,
                       ",\"final_indices\":", final_indices, ",\"inverse_index_map\":", inverse,
                       "}}"));
  }
  std::size_t add_array(const std::vector<Expr>& exprs) {
    std::vector<std::size_t> items;
    for (const Expr& e : exprs) items.push_back(add_expr(e));
    return add("{\"type\":\"ffi.Array\",\"data\":[" + join(items, ",") + "]}");
  }
  std::size_t add_type(DataType dtype) {
    const std::string text = to_string(dtype);
    auto it = types_.find(text);
    if (it != types_.end()) return it->second;
    return types_[text] =
               add("{\"type\":\"ir.PrimType\",\"data\":{\"span\":0,\"dtype\":\"" + text + "\"}}");
  }
  std::size_t add_expr(const Expr& e) {
    if (auto it = made_.find(e); it != made_.end()) return it->second;
    std::size_t type = add_type(dtype_of(e));
    std::string head = str_cat("\"data\":{\"span\":0,\"ty\":", type);
    std::string node;
    if (const auto* v = e.as<Var>()) {
      std::size_t name = add("{\"type\":\"ffi.String\",\"data\":" + to_json({v->name}) + "}");
      node = str_cat("{\"type\":\"ir.Var\",", head, ",\"name\":", name, "}}");
    } else if (const auto* i = e.as<IntImm>()) {
      std::size_t value = add(str_cat("{\"type\":\"int\",\"data\":", i->value, "}"));
      node = str_cat("{\"type\":\"ir.IntImm\",", head, ",\"value\":", value, "}}");
    } else if (const auto* f = e.as<FloatImm>()) {
      node =
          str_cat("{\"type\":\"ir.FloatImm\",", head, ",\"value\":", format_double(f->value), "}}");
    } else if (const auto* c = e.as<Cast>()) {
      std::size_t value = add_expr(c->value);
      node = str_cat("{\"type\":\"prim.Cast\",", head, ",\"value\":", value, "}}");
    } else {
      node = binary_node(e, head);
    }
    return made_[e] = add(node);
  }
  std::string binary_node(const Expr& e, const std::string& head) {
    const auto* pair = e.as<Binary>();
    if (!pair) bad_graph("an expression other than arithmetic cannot be written");
    std::size_t a = add_expr(pair->a), b = add_expr(pair->b);
    for (const OpName& op : kOps) {
      if (op.op == pair->op) {
        return str_cat("{\"type\":\"", op.name, "\",", head, ",\"a\":", a, ",\"b\":", b, "}}");
      }
    }
    bad_graph("an operator cannot be written");
  }

  std::vector<std::string> nodes_;
  std::map<std::string, std::size_t> types_;
  std::map<Expr, std::size_t, IdLess> made_;
};

}  // namespace

IndexMap parse_index_map(std::string_view json) {
  return GraphReader(parse_json_value(json)).read();
}

std::string to_json(const IndexMap& map) { return GraphWriter().write(map); }

}  // namespace tenon
