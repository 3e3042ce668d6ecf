// Buffers of scripts: T.Buffer, T.match_buffer, the allocations, views and members.
#include <algorithm>
#include <array>

#include "compiler/ir/script/syntax.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;

// The options behind the shape, in the order in which they may stand without keyword.
constexpr std::array<std::string_view, 7> kOptions = {
    "dtype", "data", "strides", "elem_offset", "scope", "align", "offset_factor"};

// The tree of a string inside a script stands, for messages, where the string does.
void relocate(script::Ast& ast, script::Position at) {
  ast.at = at;
  for (script::Ast& item : ast.items) relocate(item, at);
}

}  // namespace

// A symbol of the function's shapes: the module's, a parameter, one declared in the body, or a new
// one where that is allowed.
Expr FuncParser::symbol(const std::string& name, DataType type) {
  const auto known = symbols_.find(name);
  if (known != symbols_.end()) return known->second;
  return symbols_[name] = make_var(name, module_.type_vars.count(name) ? kInt64 : type);
}

Expr FuncParser::dim(const Ast& ast) {
  if (!ast.is(Kind::kString)) {
    if (ast.is(Kind::kName) && !find(ast.text) && module_.type_vars.count(ast.text)) {
      return symbol(ast.text, kInt64);
    }
    return expr(ast);
  }
  Ast inner = script::parse_expression({module_.source.filename, ast.text});
  relocate(inner, ast.at);
  has_implicit_symbols_ = true;
  const Expr e = expr(inner);
  has_implicit_symbols_ = false;
  return e;
}

std::vector<Expr> FuncParser::shape(const Ast& ast) {
  std::vector<Expr> dims;
  if (ast.is(Kind::kTuple) || ast.is(Kind::kList)) {
    for (const Ast& item : ast.items) dims.push_back(dim(item));
  } else {
    dims.push_back(dim(ast));
  }
  for (const Expr& d : dims) {
    if (!dtype_of(d).is_integer()) fail(ast, "a shape is made of integers");
  }
  return dims;
}

BufferNode FuncParser::buffer_node(const std::string& name, const Ast& call, BufferSpec spec) {
  std::array<const Ast*, kOptions.size()> options{};
  for (std::size_t i = spec.first_option; i < call.items.size(); ++i) {
    const std::size_t k = i - spec.first_option;
    if (k >= options.size()) fail(call.items[i], "too many arguments");
    options[k] = &call.items[i];
  }
  for (const script::Keyword& k : call.keywords) {
    const auto at = std::find(kOptions.begin(), kOptions.end(), k.name);
    if (at != kOptions.end()) options[static_cast<std::size_t>(at - kOptions.begin())] = &k.value;
    if (k.name == "shape") spec.shape = &k.value;
  }
  if (!spec.shape) fail(call, "the buffer's shape is missing");
  BufferNode n;
  n.name = name;
  n.shape = shape(*spec.shape);
  n.dtype = options[0] ? dtype(*options[0]) : kFloat32;
  if (n.dtype.is_void()) fail(*options[0], "a buffer holds elements of a type");
  if (options[4] && options[4]->is(Kind::kString) && !options[4]->text.empty())
    n.scope = options[4]->text;
  const DataType index = n.shape.empty() ? kInt32 : dtype_of(n.shape[0]);
  if (options[2] && !options[2]->is(Kind::kNone)) {
    for (const Ast& item : options[2]->items) {
      n.strides.push_back(item.is(Kind::kString) && module_.type_vars.count(item.text) == 0 &&
                                  !find(item.text)
                              ? symbol(item.text, index)
                              : dim(item));
    }
  }
  if (options[5]) n.data_alignment = static_cast<int>(integer(*options[5]));
  if (n.data_alignment <= 0) n.data_alignment = 64;
  if (options[6]) n.offset_factor = static_cast<int>(integer(*options[6]));
  if (options[3] && !options[3]->is(Kind::kNone)) {
    n.elem_offset = expr(*options[3]);
  } else if (n.offset_factor != 0 && options[6]) {
    n.elem_offset = make_var(name + "_elem_offset", index);
  }
  n.offset_factor = std::max(n.offset_factor, 1);
  if (options[1] && !options[1]->is(Kind::kNone)) n.data = expr(*options[1]);
  if (!n.data) n.data = make_pointer(name, n.dtype, n.scope);
  return n;
}

// The calls that make a buffer, by name: the value of `name = T.alloc_buffer(...)` and the like.
std::optional<Buffer> FuncParser::make_buffer_value(const std::string& name, const Ast& call,
                                                    std::vector<Stmt>& into) {
  std::string word = tensor_word(module_, call.items[0]);
  if (word.empty()) {
    const Ast& callee = call.items[0];
    const Value* owner =
        callee.is(Kind::kAttribute) && callee.text == "view" && callee.items[0].is(Kind::kName)
            ? find(callee.items[0].text)
            : nullptr;
    if (!owner || !std::holds_alternative<Buffer>(*owner)) return std::nullopt;
    const Buffer made = view(name, call, std::get<Buffer>(*owner));
    into.push_back(DeclBuffer{made});
    return made;
  }
  if (word == "alloc_buffer" && is_old_dialect_) word = "sblock_alloc_buffer";
  const bool has_shape = call.items.size() > 1;
  const BufferSpec spec{has_shape ? &call.items[1] : nullptr, has_shape ? 2U : 1U};
  if (word == "sblock_alloc_buffer" || word == "block_alloc_buffer") {
    const Buffer made = buffer_node(name, call, spec);
    current_block(call).block.alloc_buffers.push_back(made);
    return made;
  }
  if (word == "alloc_buffer" || word == "alloc_local" || word == "alloc_shared") {
    BufferNode n = buffer_node(name, call, spec);
    if (word != "alloc_buffer") {
      n.scope = word.substr(6);
      n.data = make_pointer(name, n.dtype, n.scope);
    }
    const Ast* notes = call.keyword("annotations");
    const Buffer made = n;
    into.push_back(AllocBuffer{made, notes ? attr_map(*notes) : AttrMap{}});
    return made;
  }
  if (word == "decl_buffer") return declared(name, call, into);
  if (word == "match_buffer") {
    if (call.items.size() < 2) fail(call, "T.match_buffer needs what it matches");
    const bool has = call.items.size() > 2;
    const BufferSpec match{has ? &call.items[2] : nullptr, has ? 3U : 2U};
    if (call.items[1].is(Kind::kName)) {
      bind_parameter(name, call);
      return std::nullopt;
    }
    BufferRegion source = region(call.items[1]);
    const Buffer made = buffer_node(name, call, match);
    current_block(call).block.match_buffers.push_back({made, std::move(source)});
    return made;
  }
  return std::nullopt;
}

Buffer FuncParser::declared(const std::string& name, const Ast& call, std::vector<Stmt>& into) {
  const bool has_shape = call.items.size() > 1;
  BufferNode n =
      buffer_node(name, call, {has_shape ? &call.items[1] : nullptr, has_shape ? 2U : 1U});
  if (!n.data.as<Var>()) {
    const Expr pointer = make_pointer(name + "_data", n.dtype, n.scope);
    into.push_back(Bind{pointer, n.data});
    n.data = pointer;
  }
  const Buffer made = n;
  const bool is_new_memory = call.keyword("data") == nullptr && call.items.size() < 4;
  into.push_back(is_new_memory ? Stmt(AllocBuffer{made, {}}) : Stmt(DeclBuffer{made}));
  return made;
}

Buffer FuncParser::view(const std::string& name, const Ast& call, const Buffer& source) {
  BufferNode n = node(source);
  n.name = name;
  n.shape.clear();
  for (std::size_t i = 1; i < call.items.size(); ++i) {
    for (const Expr& d : shape(call.items[i])) n.shape.push_back(d);
  }
  return n;
}

std::optional<FuncParser::Value> FuncParser::buffer_member(const Buffer& b,
                                                           const std::string& member,
                                                           const Ast& at) {
  const BufferNode& n = node(b);
  if (member == "data") return n.data;
  if (member == "elem_offset") return n.elem_offset ? n.elem_offset : i32(0);
  if (member == "dtype") return string_imm(to_string(n.dtype));
  fail(at, "buffer " + n.name + " has no member `" + member + "`",
       did_you_mean(member, {"data", "elem_offset", "strides", "shape", "dtype"}));
}

Expr FuncParser::buffer_call(const Buffer& b, const std::string& method, const Ast& call) {
  if (method == "access_ptr") return access_pointer(b, call);
  if (method != "vload") {
    fail(call, "buffer " + node(b).name + " has no function `" + method + "` that gives a value");
  }
  need_args(call, 1, 2);
  std::vector<Expr> where = exprs(call.items[1].items, 0);
  if (call.items.size() > 2) {
    const std::string vector_type = string(call.items[2]);
    const auto type = known_dtype(vector_type);
    if (type && type->lanes > 1 && !where.empty() && !dtype_of(where.back()).is_vector()) {
      where.back() = ramp(where.back(), constant(dtype_of(where.back()), 1), type->lanes);
    }
  }
  if (where.size() != node(b).shape.size())
    fail(call, "the number of indices is not the number of dimensions");
  const Ast* predicate = call.keyword("predicate");
  return load(b, std::move(where), predicate ? expr(*predicate) : Expr{});
}

// A.access_ptr("rw", offset=...): the pointer form of device intrinsics.
Expr FuncParser::access_pointer(const Buffer& b, const Ast& call) {
  need_args(call, 1, 1);
  const BufferNode& n = node(b);
  const Ast& mask_arg = call.items[1];
  std::int64_t mask = 0;
  if (mask_arg.is(Kind::kString)) {
    if (mask_arg.text.find('r') != std::string::npos) mask |= 1;
    if (mask_arg.text.find('w') != std::string::npos) mask |= 2;
  } else {
    mask = integer(mask_arg);
  }
  Expr offset = n.elem_offset ? n.elem_offset : i32(0);
  if (const Ast* extra = call.keyword("offset")) {
    offset = script_operator(BinaryOp::kAdd, offset, expr(*extra));
  }
  Expr extent = n.shape.empty() ? i32(1) : n.shape[0];
  if (!n.strides.empty()) {
    extent = script_operator(BinaryOp::kMul, n.strides[0], n.shape[0]);
  } else {
    for (std::size_t i = 1; i < n.shape.size(); ++i) {
      extent = script_operator(BinaryOp::kMul, extent, n.shape[i]);
    }
  }
  const Expr type = tir::call(Intrinsic::kTypeAnnotation, n.dtype, {});
  return tir::call(Intrinsic::kAccessPtr, kHandleType, {type, n.data, offset, extent, i32(mask)});
}

}  // namespace tenon::tir
