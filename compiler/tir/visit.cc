#include "compiler/tir/visit.h"

#include <algorithm>

#include "compiler/support/error.h"

namespace tenon::tir {
namespace {

struct Walk {
  const Visitor& visitor;
  void operator()(const Expr& e) {
    if (!e || (visitor.expr && !visitor.expr(e))) return;
    visit_children(e, *this);
  }
  void operator()(const Stmt& s) {
    if (!s || (visitor.stmt && !visitor.stmt(s))) return;
    visit_children(s, *this);
  }
  void operator()(const Buffer& b) {
    if (b && visitor.buffer) visitor.buffer(b);
  }
};

struct DirectMap {
  const Rewriter& rewriter;
  Expr operator()(const Expr& e) { return e && rewriter.expr ? rewriter.expr(e) : e; }
  Stmt operator()(const Stmt& s) { return s && rewriter.stmt ? rewriter.stmt(s) : s; }
  Buffer operator()(const Buffer& b) { return b && rewriter.buffer ? rewriter.buffer(b) : b; }
};

struct DeepMap {
  const Rewriter& rewriter;
  Expr operator()(const Expr& e) {
    if (!e) return e;
    Expr rebuilt = map_children(e, *this);
    return rewriter.expr ? rewriter.expr(rebuilt) : rebuilt;
  }
  Stmt operator()(const Stmt& s) {
    if (!s) return s;
    Stmt rebuilt = map_children(s, *this);
    if (const auto* n = rebuilt.as<Seq>(); n && !rebuilt.same_as(s)) rebuilt = seq(n->body);
    return rewriter.stmt ? rewriter.stmt(rebuilt) : rebuilt;
  }
  Buffer operator()(const Buffer& b) { return b && rewriter.buffer ? rewriter.buffer(b) : b; }
};

// Collects what a statement defines: variables, then buffers, in order.
struct Definitions {
  std::vector<Expr> vars;
  std::vector<Buffer> buffers;
  std::vector<Stmt> blocks;

  void add(const Stmt& s) {
    if (const auto* n = s.as<For>()) vars.push_back(n->var);
    if (const auto* n = s.as<Bind>()) vars.push_back(n->var);
    if (const auto* n = s.as<AllocBuffer>()) buffers.push_back(n->buffer);
    if (const auto* n = s.as<DeclBuffer>()) buffers.push_back(n->buffer);
    if (const auto* n = s.as<Block>()) {
      blocks.push_back(s);
      for (const IterVar& iter : n->iter_vars) vars.push_back(iter.var);
      buffers.insert(buffers.end(), n->alloc_buffers.begin(), n->alloc_buffers.end());
      for (const MatchBuffer& m : n->match_buffers) buffers.push_back(m.buffer);
    }
  }
};

Definitions definitions_of(const Stmt& s) {
  Definitions found;
  walk(s, {.expr =
               [&](const Expr& e) {
                 if (const auto* let = e.as<Let>()) found.vars.push_back(let->var);
                 return true;
               },
           .stmt =
               [&](const Stmt& x) {
                 found.add(x);
                 return true;
               },
           .buffer = {}});
  return found;
}

Expr lookup(const Expr& e, const VarMap& map) {
  if (!e.as<Var>()) return e;
  const auto it = map.find(e);
  return it == map.end() ? e : it->second;
}

// A buffer with the variables of its data, shape, strides and offset replaced; fresh handle.
Buffer renew_buffer(const Buffer& b, VarMap& vars) {
  BufferNode n = node(b);
  const Expr old_data = n.data;
  if (!vars.count(old_data)) vars[old_data] = Expr(var(old_data));
  n.data = vars[old_data];
  for (Expr& e : n.shape) e = substitute(e, vars);
  for (Expr& e : n.strides) e = substitute(e, vars);
  if (n.elem_offset) n.elem_offset = substitute(n.elem_offset, vars);
  return n;
}

void add_once(std::vector<Buffer>& list, const Buffer& b) {
  const bool known =
      std::any_of(list.begin(), list.end(), [&](const Buffer& x) { return x.same_as(b); });
  if (!known) list.push_back(b);
}

}  // namespace

void walk(const Expr& e, const Visitor& v) { Walk{v}(e); }
void walk(const Stmt& s, const Visitor& v) { Walk{v}(s); }

Expr rewrite(const Expr& e, const Rewriter& r) { return DeepMap{r}(e); }
Stmt rewrite(const Stmt& s, const Rewriter& r) { return DeepMap{r}(s); }
Expr map_expr_children(const Expr& e, const Rewriter& r) { return map_children(e, DirectMap{r}); }
Stmt map_stmt_children(const Stmt& s, const Rewriter& r) { return map_children(s, DirectMap{r}); }

Expr substitute(const Expr& e, const VarMap& map) {
  if (map.empty()) return e;
  return rewrite(e,
                 {.expr = [&](const Expr& x) { return lookup(x, map); }, .stmt = {}, .buffer = {}});
}

Stmt substitute(const Stmt& s, const VarMap& map, const BufferMap& buffers) {
  if (map.empty() && buffers.empty()) return s;
  return rewrite(s, {.expr = [&](const Expr& x) { return lookup(x, map); },
                     .stmt = {},
                     .buffer =
                         [&](const Buffer& b) {
                           const auto it = buffers.find(b);
                           return it == buffers.end() ? b : it->second;
                         }});
}

Stmt renew_definitions(const Stmt& s, VarMap* vars, BufferMap* buffers) {
  VarMap local_vars;
  BufferMap local_buffers;
  VarMap& var_map = vars ? *vars : local_vars;
  BufferMap& buffer_map = buffers ? *buffers : local_buffers;
  const Definitions found = definitions_of(s);
  for (const Expr& v : found.vars) var_map[v] = Expr(var(v));
  for (const Buffer& b : found.buffers) buffer_map[b] = renew_buffer(b, var_map);
  const Stmt renamed = substitute(s, var_map, buffer_map);
  return rewrite(renamed, {.expr = {},
                           .stmt = [](const Stmt& x) -> Stmt {
                             const auto* n = x.as<Block>();
                             if (!n) return x;
                             Block block = *n;
                             block.id = new_block_id();
                             return block;
                           },
                           .buffer = {}});
}

bool uses_var(const Expr& e, const Expr& v) {
  bool found = false;
  walk(e, {.expr =
               [&](const Expr& x) {
                 found = found || x.same_as(v);
                 return !found;
               },
           .stmt = {},
           .buffer = {}});
  return found;
}

bool uses_var(const Stmt& s, const Expr& v) {
  bool found = false;
  walk(s, {.expr =
               [&](const Expr& x) {
                 found = found || x.same_as(v);
                 return !found;
               },
           .stmt = [&](const Stmt&) { return !found; },
           .buffer = {}});
  return found;
}

std::set<Expr, IdLess> vars_of(const Expr& e) {
  std::set<Expr, IdLess> result;
  walk(e, {.expr =
               [&](const Expr& x) {
                 if (x.as<Var>()) result.insert(x);
                 return true;
               },
           .stmt = {},
           .buffer = {}});
  return result;
}

std::set<Expr, IdLess> undefined_vars(const Stmt& s) {
  std::set<Expr, IdLess> used;
  const auto collect = [&](const Expr& x) {
    if (x && x.as<Var>()) used.insert(x);
    return true;
  };
  const auto collect_buffer = [&](const Buffer& b) {
    used.insert(node(b).data);
    for (const Expr& e : node(b).shape) used.merge(vars_of(e));
    for (const Expr& e : node(b).strides) used.merge(vars_of(e));
    if (node(b).elem_offset) used.merge(vars_of(node(b).elem_offset));
  };
  walk(s, {.expr = collect, .stmt = {}, .buffer = collect_buffer});
  const Definitions found = definitions_of(s);
  for (const Expr& v : found.vars) used.erase(v);
  // A declaration names memory that is bound elsewhere; an allocation makes it.
  std::set<Buffer, IdLess> declared;
  walk(s, {.expr = {},
           .stmt =
               [&](const Stmt& x) {
                 if (const auto* n = x.as<DeclBuffer>()) declared.insert(n->buffer);
                 return true;
               },
           .buffer = {}});
  for (const Buffer& b : found.buffers) {
    if (!declared.count(b)) used.erase(node(b).data);
  }
  return used;
}

std::vector<Buffer> buffers_read(const Stmt& s) {
  std::vector<Buffer> result;
  walk(s, {.expr =
               [&](const Expr& x) {
                 if (const auto* n = x.as<Load>()) add_once(result, n->buffer);
                 return true;
               },
           .stmt = {},
           .buffer = {}});
  return result;
}

std::vector<Buffer> buffers_written(const Stmt& s) {
  std::vector<Buffer> result;
  walk(s, {.expr = {},
           .stmt =
               [&](const Stmt& x) {
                 if (const auto* n = x.as<Store>()) add_once(result, n->buffer);
                 return true;
               },
           .buffer = {}});
  return result;
}

}  // namespace tenon::tir
