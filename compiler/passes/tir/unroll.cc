#include "compiler/passes/tir/linear.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/passes/tir/simplify.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// Statements of one unrolled body; more costs compile time and the instruction cache.
constexpr std::int64_t kMaxStatements = 4096;

std::int64_t count_statements(const Stmt& s) {
  std::int64_t count = 0;
  walk(s, {.expr = [](const Expr&) { return false; },
           .stmt =
               [&](const Stmt& x) {
                 count += !x.as<Seq>() && !x.as<For>();
                 return true;
               }});
  return count;
}

Stmt expand(const Stmt& s) {
  const auto* n = s.as<For>();
  if (!n || n->kind != ForKind::kUnrolled) return s;
  const auto extent = as_int(n->extent);
  if (!extent) {
    throw UserError(str_cat("unroll: loop ", var(n->var).name,
                            " needs a constant number of iterations"));
  }
  const std::int64_t total = *extent * count_statements(n->body);
  if (total > kMaxStatements) {
    throw UserError(str_cat("unroll: loop ", var(n->var).name, " would become ", total,
                            " statements, more than ", kMaxStatements));
  }
  const std::int64_t step = n->step ? as_int(n->step).value_or(1) : 1;
  std::vector<Stmt> copies;
  for (std::int64_t i = 0; i < *extent; i += step) {
    const Expr value = n->min + int_imm(dtype_of(n->var), i);
    copies.push_back(substitute(n->body, {{n->var, value}}));
  }
  return copies.empty() ? Stmt(Evaluate{i32(0)}) : seq(std::move(copies));
}

bool is_unrolled(const Stmt& s) {
  const auto* n = s.as<For>();
  return n && n->kind == ForKind::kUnrolled;
}

// A nest of unrolled loops is expanded from the inside: each text is copied once a level. Copies
// share allocations and let variables, whose lives do not overlap.
class Unroller {
 public:
  Stmt statement(const Stmt& s) {
    const bool opens = is_unrolled(s) && depth_ == 0;
    depth_ += is_unrolled(s);
    const Stmt mapped =
        map_stmt_children(s, {.stmt = [this](const Stmt& child) { return statement(child); }});
    depth_ -= is_unrolled(s);
    const Stmt flat = mapped.as<Seq>() ? seq(mapped.get<Seq>().body) : mapped;
    const Stmt expanded = expand(flat);
    return opens ? canonical(expanded) : expanded;
  }

  bool has_expanded() const { return expanded_; }

 private:
  // Indices become terms and one constant.
  Stmt canonical(const Stmt& s) {
    expanded_ = true;
    return rewrite(s, {.expr = [](const Expr& e) -> Expr {
                         const auto* n = e.as<Load>();
                         if (!n) return e;
                         return Load{n->buffer, {canonical_index(n->indices[0])}, n->predicate};
                       },
                       .stmt = [](const Stmt& x) -> Stmt {
                         const auto* n = x.as<Store>();
                         if (!n) return x;
                         return Store{n->buffer, {canonical_index(n->indices[0])}, n->value,
                                      n->predicate};
                       }});
  }

  int depth_ = 0;
  bool expanded_ = false;
};

// A constant comparison of constant lanes, or null.
Expr decided_mask(const Expr& e) {
  const auto* n = e.as<Binary>();
  if (!n) return {};
  if (n->op == BinaryOp::kAnd) {
    const Expr a = decided_mask(n->a), b = decided_mask(n->b);
    if (a && is_int(a, 1)) return b;
    if (b && is_int(b, 1)) return a;
    return (a && is_int(a, 0)) || (b && is_int(b, 0)) ? bool_imm(false) : Expr();
  }
  const auto* lanes = n->a.as<Ramp>();
  const auto* limit = n->b.as<Broadcast>();
  if (!lanes || !limit || (n->op != BinaryOp::kLt && n->op != BinaryOp::kLe)) return {};
  const auto base = as_int(lanes->base), stride = as_int(lanes->stride), count = as_int(lanes->lanes);
  const auto bound = as_int(limit->value);
  if (!base || !stride || !count || !bound || *stride <= 0) return {};
  const std::int64_t end = n->op == BinaryOp::kLt ? *bound : *bound + 1;
  if (*base + *stride * (*count - 1) < end) return bool_imm(true);
  return *base >= end ? bool_imm(false) : Expr();
}

// Masks over constant lanes that are all true or all false.
Stmt fold_masks(const Stmt& s) {
  const auto fold_load = [](const Expr& e) -> Expr {
    const auto* n = e.as<Load>();
    const Expr known = n && n->predicate ? decided_mask(n->predicate) : Expr();
    if (!known) return e;
    if (is_int(known, 1)) return Load{n->buffer, n->indices, {}};
    return constant(dtype_of(e), 0);
  };
  const auto fold_store = [](const Stmt& x) -> Stmt {
    const auto* n = x.as<Store>();
    const Expr known = n && n->predicate ? decided_mask(n->predicate) : Expr();
    if (!known) return x;
    if (is_int(known, 1)) return Store{n->buffer, n->indices, n->value, {}};
    return Evaluate{i32(0)};
  };
  return rewrite(s, {.expr = fold_load, .stmt = fold_store});
}

}  // namespace

PrimFunc unroll(const PrimFunc& func) {
  Unroller unroller;
  const Stmt body = unroller.statement(func.body);
  if (!unroller.has_expanded()) return func;
  Analyzer analyzer;
  return with_body(func, fold_masks(simplify(body, analyzer)));
}

}  // namespace tenon
