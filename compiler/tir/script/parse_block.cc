// Blocks of scripts: axes, predicates, regions, annotations.
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"
#include "compiler/tir/script/regions.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;

std::optional<IterKind> axis_kind(std::string_view word) {
  if (word == "spatial" || word == "S") return IterKind::kSpatial;
  if (word == "reduce" || word == "R") return IterKind::kReduce;
  if (word == "scan") return IterKind::kScan;
  if (word == "opaque") return IterKind::kOpaque;
  return std::nullopt;
}

}  // namespace

FuncParser::BlockParts& FuncParser::current_block(const Ast& at) {
  if (blocks_.empty()) fail(at, "this stands outside any block");
  return blocks_.back();
}

Stmt FuncParser::block(const AstStmt& s, const std::string& name) {
  BlockParts parts;
  parts.block.id = new_block_id();
  parts.block.name = name;
  parts.block.predicate = bool_imm(true);
  blocks_.push_back(std::move(parts));
  push_scope();
  std::vector<Stmt> body = statements(s.body, 0);
  pop_scope();
  BlockParts done = std::move(blocks_.back());
  blocks_.pop_back();
  done.block.body = seq(std::move(body));
  // The function's outermost block declares nothing for others: it needs no regions.
  const bool is_function_body = blocks_.size() == 1 && blocks_.back().is_root && loops_.empty() &&
                                done.block.iter_vars.empty() && name == "root";
  if (!is_function_body) complete(done);
  return std::move(done.block);
}

void FuncParser::complete(BlockParts& parts) {
  if (parts.has_reads && parts.has_writes) return;
  AccessRegions found = access_regions(parts.block);
  if (!parts.has_reads) parts.block.reads = std::move(found.reads);
  if (!parts.has_writes) parts.block.writes = std::move(found.writes);
}

// Statements that only describe their block; false for any other.
bool FuncParser::block_statement(const std::string& word, const Ast& call) {
  if (word == "reads" || word == "writes") {
    BlockParts& parts = current_block(call);
    std::vector<BufferRegion> list = regions(call);
    auto& into = word == "reads" ? parts.block.reads : parts.block.writes;
    into.insert(into.end(), list.begin(), list.end());
    (word == "reads" ? parts.has_reads : parts.has_writes) = true;
    return true;
  }
  if (word == "where") {
    need_args(call, 1, 1);
    const Expr condition = expr(call.items[1]);
    if (!dtype_of(condition).is_bool()) fail(call, "T.where needs a bool");
    Block& target = current_block(call).block;
    const bool is_first = is_int(target.predicate, 1);
    target.predicate = is_first ? condition : logical_and(target.predicate, condition);
    return true;
  }
  if (word == "sblock_attr" || word == "block_attr") {
    need_args(call, 1, 1);
    for (auto& [key, v] : attr_map(call.items[1])) {
      current_block(call).block.annotations[key] = std::move(v);
    }
    return true;
  }
  return false;
}

bool FuncParser::axis(const Ast& target, const std::string& word, const Ast& call) {
  if (!word.starts_with("axis.")) return false;
  const std::string kind_word = word.substr(5);
  if (kind_word == "remap") {
    remap(target, call);
    return true;
  }
  const auto kind = axis_kind(kind_word);
  if (!kind)
    fail(call, "unknown axis kind `" + kind_word + "`",
         did_you_mean(kind_word, {"spatial", "reduce", "scan", "opaque", "remap"}));
  need_args(call, 2, 2);
  const Ast& domain = call.items[1];
  const Expr binding = integer_expr(call.items[2]);
  Range range;
  if (domain.is(Kind::kTuple)) {
    if (domain.items.size() != 2) fail(domain, "a domain is an extent or (begin, end)");
    integer_expr(domain.items[0]);
    integer_expr(domain.items[1]);
    const Expr begin = expr_as(domain.items[0], dtype_of(binding));
    range = range_of(begin, expr_as(domain.items[1], dtype_of(begin)));
  } else {
    const Expr extent = integer_expr(domain);
    range = {int_imm(dtype_of(extent), 0), extent};
  }
  if (dtype_of(range.extent) != dtype_of(binding) && as_int(range.extent) && as_int(range.min)) {
    const DataType type = dtype_of(binding);
    range = {int_imm(type, *as_int(range.min)), int_imm(type, *as_int(range.extent))};
  }
  add_axis(target, *kind, range, binding);
  return true;
}

void FuncParser::add_axis(const Ast& name, IterKind kind, Range domain, Expr binding) {
  if (!name.is(Kind::kName)) fail(name, "an axis needs a name");
  Block& target = current_block(name).block;
  if (blocks_.back().is_root) fail(name, "an axis stands outside any block");
  const Expr variable = make_var(name.text, dtype_of(domain.extent));
  target.iter_vars.push_back({variable, std::move(domain), kind, std::move(binding)});
  define(name.text, variable);
}

// vi, vj = T.axis.remap("SR", [i, j]): each axis runs over the loop it is bound to.
void FuncParser::remap(const Ast& target, const Ast& call) {
  need_args(call, 2, 2);
  const std::string kinds = string(call.items[1]);
  const std::vector<Ast>& bindings = call.items[2].items;
  const std::vector<Ast> names = target.is(Kind::kTuple) ? target.items : std::vector<Ast>{target};
  if (kinds.size() != bindings.size() || names.size() != bindings.size()) {
    fail(call, str_cat("T.axis.remap has ", names.size(), " names, ", kinds.size(), " kinds and ",
                       bindings.size(), " loops"));
  }
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    const Expr loop = expr(bindings[i]);
    const auto range = loops_.find(loop.id());
    if (range == loops_.end())
      fail(bindings[i], "T.axis.remap binds axes to loops around the block");
    const auto kind = axis_kind(std::string_view(kinds).substr(i, 1));
    if (!kind) fail(call.items[1], "axis kinds are S (spatial) and R (reduce)");
    add_axis(names[i], *kind, range->second, loop);
  }
}

std::vector<BufferRegion> FuncParser::regions(const Ast& call) {
  const std::vector<Ast>* items = &call.items;
  std::size_t first = 1;
  if (call.items.size() == 2 && (call.items[1].is(Kind::kList) || call.items[1].is(Kind::kTuple))) {
    items = &call.items[1].items;
    first = 0;
  }
  std::vector<BufferRegion> result;
  for (std::size_t i = first; i < items->size(); ++i) result.push_back(region((*items)[i]));
  return result;
}

BufferRegion FuncParser::region(const Ast& ast) {
  if (ast.is(Kind::kName)) {
    const Buffer whole = buffer(ast);
    BufferRegion result{whole, {}};
    for (const Expr& extent : node(whole).shape) {
      result.region.push_back({int_imm(dtype_of(extent), 0), extent});
    }
    return result;
  }
  if (!ast.is(Kind::kSubscript)) fail(ast, "a region A[begin:end, index] is needed here");
  BufferRegion result{buffer(ast.items[0]), {}};
  const BufferNode& n = node(result.buffer);
  if (ast.items.size() - 1 != n.shape.size()) {
    fail(ast, str_cat("buffer ", n.name, " has ", n.shape.size(), " dimensions, the region has ",
                      ast.items.size() - 1));
  }
  for (std::size_t i = 1; i < ast.items.size(); ++i) {
    const Ast& item = ast.items[i];
    if (!item.is(Kind::kSlice)) {
      const Expr point = integer_expr(item);
      result.region.push_back({point, int_imm(dtype_of(point), 1)});
      continue;
    }
    const Expr& extent = n.shape[i - 1];
    const Expr begin = item.items[0].is(Kind::kAbsent) ? int_imm(dtype_of(extent), 0)
                                                       : integer_expr(item.items[0]);
    const Expr end = item.items[1].is(Kind::kAbsent) ? extent : integer_expr(item.items[1]);
    result.region.push_back(range_of(begin, end));
  }
  return result;
}

}  // namespace tenon::tir
