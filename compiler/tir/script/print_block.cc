// Blocks and functions of the printer.
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/print_stmt.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

std::string_view axis_word(IterKind kind) {
  switch (kind) {
    case IterKind::kSpatial:
      return "spatial";
    case IterKind::kReduce:
      return "reduce";
    case IterKind::kScan:
      return "scan";
    case IterKind::kOpaque:
      return "opaque";
  }
  return "";
}

bool contains_block(const Stmt& s) {
  bool found = false;
  walk(s, {.stmt = [&](const Stmt& n) {
         found = found || n.as<Block>();
         return !found;
       }});
  return found;
}

bool is_parameter(const PrimFunc& func, const Expr& symbol) {
  for (const Param& p : func.params) {
    if (p.var.same_as(symbol)) return true;
  }
  return false;
}

std::vector<Expr> symbols_in_order(const Expr& e) {
  std::vector<Expr> list;
  walk(e, {.expr = [&](const Expr& x) {
         if (x.as<Var>()) list.push_back(x);
         return true;
       }});
  return list;
}

}  // namespace

const Block* implicit_root(const PrimFunc& func) {
  const Block* root = func.body ? func.body.as<Block>() : nullptr;
  if (!root || !func.is_schedulable || !root->iter_vars.empty() || !root->reads.empty()) {
    return nullptr;
  }
  const bool is_plain = root->writes.empty() && root->match_buffers.empty() &&
                        root->annotations.empty() && !root->init && is_int(root->predicate, 1);
  if (!is_plain) return nullptr;
  if (!root->alloc_buffers.empty()) return root;
  const Block* inner = root->body ? root->body.as<Block>() : nullptr;
  if (inner) return inner->iter_vars.empty() ? nullptr : root;
  return root->body && contains_block(root->body) ? root : nullptr;
}

std::string StmtPrinter::block_name(const Block& n) {
  if (names_ == Names::kOwn) return n.name;
  return str_cat("b", num_blocks_++);
}

void StmtPrinter::block(const Block& n) {
  expr.names.push();
  places.blocks[n.id] = {out.next_line(), out.width() + 1};
  line("with T.sblock(" + quote(block_name(n)) + "):");
  out.indent();
  block_parts(n, false);
  out.dedent();
  expr.names.pop();
}

void StmtPrinter::block_parts(const Block& n, bool is_root) {
  if (!is_root) {
    axes(n);
    if (!is_int(n.predicate, 1)) line("T.where(" + expr.text(n.predicate) + ")");
    line("T.reads(" + regions(n.reads) + ")");
    line("T.writes(" + regions(n.writes) + ")");
    if (!n.annotations.empty()) line("T.sblock_attr(" + expr.attr_map(n.annotations) + ")");
  }
  for (const Buffer& b : n.alloc_buffers) {
    const std::string shape = script::tuple_text(expr.texts(node(b).shape));
    const std::string name = expr.define_buffer(b);
    line(str_cat(name, " = T.sblock_alloc_buffer(", expr.buffer_arguments(b, shape, {}), ")"));
  }
  for (const MatchBuffer& m : n.match_buffers) {
    const std::string shape = script::tuple_text(expr.texts(node(m.buffer).shape));
    const std::string source = expr.region(m.source);
    const std::string name = expr.define_buffer(m.buffer);
    line(str_cat(name, " = T.match_buffer(", source, ", ",
                 expr.buffer_arguments(m.buffer, shape, {}), ")"));
  }
  if (n.init) {
    line("with T.init():");
    scoped_body(n.init);
  }
  body(n.body);
}

std::string StmtPrinter::regions(const std::vector<BufferRegion>& list) {
  std::vector<std::string> parts;
  for (const BufferRegion& r : list) parts.push_back(expr.region(r));
  return join(parts, ", ");
}

bool StmtPrinter::is_plain_remap(const IterVar& n) const {
  if (n.kind != IterKind::kSpatial && n.kind != IterKind::kReduce) return false;
  for (const For* loop : loops_) {
    if (!loop->var.same_as(n.binding)) continue;
    return !loop->step && dtype_of(loop->var) == dtype_of(n.var) &&
           structural_equal(loop->min, n.domain.min) &&
           structural_equal(loop->extent, n.domain.extent);
  }
  return false;
}

void StmtPrinter::axes(const Block& n) {
  std::vector<const IterVar*> group;
  for (const IterVar& iter : n.iter_vars) {
    if (is_plain_remap(iter)) {
      group.push_back(&iter);
      continue;
    }
    remapped(group);
    group.clear();
    axis(iter);
  }
  remapped(group);
}

void StmtPrinter::axis(const IterVar& n) {
  std::string domain = is_int(n.domain.min, 0)
                           ? expr.text(n.domain.extent)
                           : "(" + expr.text(n.domain.min) + ", " +
                                 expr.range_end(n.domain.min, n.domain.extent) + ")";
  const std::string binding = expr.text(n.binding);
  const std::string name = expr.names.define(n.var.id(), var(n.var).name);
  line(str_cat(name, " = T.axis.", axis_word(n.kind), "(", domain, ", ", binding, ")"));
}

void StmtPrinter::remapped(const std::vector<const IterVar*>& group) {
  if (group.empty()) return;
  if (group.size() == 1) return axis(*group[0]);
  std::vector<std::string> iters, bindings;
  std::string kinds;
  for (const IterVar* n : group) {
    bindings.push_back(expr.text(n->binding));
    iters.push_back(expr.names.define(n->var.id(), var(n->var).name));
    kinds += n->kind == IterKind::kSpatial ? 'S' : 'R';
  }
  line(
      str_cat(join(iters, ", "), " = T.axis.remap(\"", kinds, "\", [", join(bindings, ", "), "])"));
}

// A dimension of a parameter. A symbol of type int64 that is no parameter is declared by the
// module and stands plain; expressions of it, and anything with a symbol used first, are quoted.
std::string StmtPrinter::parameter_dim(const Expr& e, const PrimFunc& func) {
  bool is_new = false, has_type_var = false;
  for (const Expr& symbol : symbols_in_order(e)) {
    const bool is_declared = !is_parameter(func, symbol) && dtype_of(symbol) == kInt64;
    has_type_var = has_type_var || is_declared;
    if (expr.names.find(symbol.id())) continue;
    const std::string name = expr.names.define(symbol.id(), var(symbol).name);
    if (is_declared) {
      type_vars.insert(name);
      continue;
    }
    is_new = true;
    if (!is_parameter(func, symbol)) implicit_.push_back(symbol);
  }
  const bool is_quoted = is_new || (has_type_var && !e.as<Var>());
  return is_quoted ? quote(expr.text(e)) : expr.text(e);
}

std::string StmtPrinter::parameter(const Param& p, const PrimFunc& func) {
  if (!p.buffer) {
    const Var& v = var(p.var);
    const std::string* known = expr.names.find(p.var.id());
    const std::string name = known ? *known : expr.names.define(p.var.id(), v.name);
    return name + ": " + annotation_text(v);
  }
  std::vector<std::string> dims;
  for (const Expr& dim : node(p.buffer).shape) dims.push_back(parameter_dim(dim, func));
  const std::string shape = script::tuple_text(dims);
  const std::string name = expr.define_buffer(p.buffer);
  return str_cat(name, ": T.Buffer(",
                 expr.buffer_arguments(p.buffer, shape, {.always_dtype = true}), ")");
}

void StmtPrinter::function(const PrimFunc& func, const std::string& name) {
  std::vector<std::string> options;
  if (func.is_private) options.push_back("private=True");
  if (func.is_schedulable) options.push_back("s_tir=True");
  line(options.empty() ? "@T.prim_func" : "@T.prim_func(" + join(options, ", ") + ")");
  expr.names.push();
  implicit_.clear();
  std::vector<std::string> params;
  for (const Param& p : func.params) params.push_back(parameter(p, func));
  std::string header = "def " + name + "(" + join(params, ", ") + ")";
  if (func.ret_type) header += " -> T." + to_string(*func.ret_type);
  line(header + ":");
  out.indent();
  for (const Expr& symbol : implicit_) {
    line(expr.text(symbol) + " = T." + to_string(dtype_of(symbol)) + "()");
  }
  AttrMap attrs = func.attrs;
  const auto symbol = attrs.find("global_symbol");
  if (symbol != attrs.end()) {
    const auto* text = std::get_if<std::string>(&symbol->second.value);
    if (text && *text == name) attrs.erase(symbol);
  }
  if (!attrs.empty()) line("T.func_attr(" + expr.attr_map(attrs) + ")");
  if (const Block* root = implicit_root(func)) {
    places.blocks[root->id] = {out.next_line(), out.width() + 1};
    line("# with T.sblock(\"root\"):");
    block_parts(*root, true);
  } else {
    body(func.body);
  }
  out.dedent();
  expr.names.pop();
}

}  // namespace tenon::tir
