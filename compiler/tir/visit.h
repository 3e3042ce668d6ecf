// Walking, rewriting, substituting and comparing TensorIR: the few functions every analysis and
// rewrite is written with, derived from the nodes' fields().
#pragma once
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// Pre-order visit. A callback gives false to skip the node's children; absent callbacks mean true.
// Buffers in loads, stores, regions, allocations and declarations go to `buffer`; the expressions
// inside a buffer (shape, strides) are not walked.
struct Visitor {
  std::function<bool(const Expr&)> expr = {};
  std::function<bool(const Stmt&)> stmt = {};
  std::function<void(const Buffer&)> buffer = {};
};
void walk(const Expr& e, const Visitor& v);
void walk(const Stmt& s, const Visitor& v);

// Post-order rewrite: a node's children are rewritten first, then the callback sees the rebuilt
// node and gives its replacement (the same handle to keep it). Definitions (loop variables, iter
// vars, allocated buffers) go through the callbacks too, so that a renaming reaches them.
// Unchanged subtrees stay shared.
struct Rewriter {
  std::function<Expr(const Expr&)> expr = {};
  std::function<Stmt(const Stmt&)> stmt = {};
  std::function<Buffer(const Buffer&)> buffer = {};
};
Expr rewrite(const Expr& e, const Rewriter& r);
Stmt rewrite(const Stmt& s, const Rewriter& r);

// Rebuilds one node with the callbacks applied to its direct children only (no recursion). Null
// callbacks keep the child. Null children stay null.
Expr map_expr_children(const Expr& e, const Rewriter& r);
Stmt map_stmt_children(const Stmt& s, const Rewriter& r);

using VarMap = std::map<Expr, Expr, IdLess>;
using BufferMap = std::map<Buffer, Buffer, IdLess>;
Expr substitute(const Expr& e, const VarMap& map);
// Replaces variables and buffers, also where they are defined (a definition must map to a Var).
// Buffers whose shape, strides or offset use a replaced variable are NOT remade.
Stmt substitute(const Stmt& s, const VarMap& map, const BufferMap& buffers = {});

// A copy with fresh variables, buffers and block ids for everything defined inside; `vars`, when
// given, receives old -> new.
Stmt renew_definitions(const Stmt& s, VarMap* vars = nullptr, BufferMap* buffers = nullptr);

bool uses_var(const Expr& e, const Expr& var);
bool uses_var(const Stmt& s, const Expr& var);
std::set<Expr, IdLess> vars_of(const Expr& e);
std::set<Expr, IdLess> undefined_vars(const Stmt& s);
std::vector<Buffer> buffers_read(const Stmt& s);     // in order of first use, each once
std::vector<Buffer> buffers_written(const Stmt& s);  // in order of first use, each once

// Equal up to names of variables, buffers and blocks bound alike on both sides. Free variables are
// equal when identical. NaN constants are equal to themselves.
bool structural_equal(const Expr& a, const Expr& b);
bool structural_equal(const Stmt& a, const Stmt& b);
bool structural_equal(const PrimFunc& a, const PrimFunc& b);
bool structural_equal(const TirModule& a, const TirModule& b);
// Consistent with structural_equal; not stable between builds (the workload hash is).
std::uint64_t structural_hash(const Expr& e);
std::uint64_t structural_hash(const Stmt& s);
// Where two functions first differ, for messages; empty when equal.
std::string first_difference(const PrimFunc& a, const PrimFunc& b);

}  // namespace tenon::tir
