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

Stmt nothing() { return Evaluate{i32(0)}; }

// seq() without statements that do nothing.
Stmt dense_seq(std::vector<Stmt> list) {
  std::erase_if(list, [](const Stmt& s) {
    const auto* n = s.as<Evaluate>();
    return n && as_int(n->value);
  });
  return seq(std::move(list));
}

// An entry of a constant matrix: T.Select over conditions on loop variables, constants at its ends.
bool is_matrix_entry(const Expr& e) {
  if (const auto* lanes = e.as<Broadcast>()) return is_matrix_entry(lanes->value);
  const auto* n = e.as<Select>();
  if (!n) return false;
  const auto is_end = [](const Expr& x) { return x.as<FloatImm>() || is_matrix_entry(x); };
  return is_end(n->true_value) && is_end(n->false_value);
}

bool is_float(const Expr& e, double value) {
  if (const auto* lanes = e.as<Broadcast>()) return is_float(lanes->value, value);
  const auto* n = e.as<FloatImm>();
  return n && n->value == value;
}

// Puts the values of unrolled variables and folds what becomes constant: conditions, choices, and
// the products with entries of constant matrices that turn out as 0 or 1. What a decided condition
// leaves out is not looked at.
class Substitution {
 public:
  void set(const Expr& v, const Expr& value) { values_[v] = value; }
  void erase(const Expr& v) { values_.erase(v); }
  bool is_empty() const { return values_.empty(); }

  Expr expression(const Expr& e) const {
    if (e.as<IntImm>() || e.as<FloatImm>()) return e;
    if (e.as<Var>()) {
      const auto it = values_.find(e);
      return it == values_.end() ? e : it->second;
    }
    if (const auto* n = e.as<Select>()) return selection(e, *n);
    const auto* n = e.as<Binary>();
    if (n && (n->op == BinaryOp::kAnd || n->op == BinaryOp::kOr)) return logic(e, *n);
    if (const auto* call = e.as<Call>(); call && call->op == Intrinsic::kIfThenElse) {
      if (const auto known = as_int(expression(call->args[0]))) {
        return expression(call->args[*known ? 1 : 2]);
      }
    }
    const Expr mapped =
        map_expr_children(e, {.expr = [this](const Expr& child) { return expression(child); }});
    return mapped.same_as(e) ? e : folded(e, mapped);
  }

 private:
  Expr selection(const Expr& e, const Select& n) const {
    const Expr condition = expression(n.condition);
    if (const auto known = as_int(condition)) {
      return expression(*known ? n.true_value : n.false_value);
    }
    const Expr a = expression(n.true_value), b = expression(n.false_value);
    const bool is_same =
        condition.same_as(n.condition) && a.same_as(n.true_value) && b.same_as(n.false_value);
    return is_same ? e : select(condition, a, b);
  }

  Expr logic(const Expr& e, const Binary& n) const {
    const bool is_and = n.op == BinaryOp::kAnd;
    const Expr a = expression(n.a);
    if (const auto known = as_int(a)) return (*known != 0) == is_and ? expression(n.b) : a;
    const Expr b = expression(n.b);
    if (const auto known = as_int(b)) return (*known != 0) == is_and ? a : b;
    return a.same_as(n.a) && b.same_as(n.b) ? e : binary(n.op, a, b);
  }

  static Expr folded(const Expr& before, const Expr& e) {
    if (const auto* n = e.as<Not>()) return logical_not(n->a);
    const auto* n = e.as<Binary>();
    if (!n) return e;
    return n->dtype.is_float() ? folded_product(before.get<Binary>(), e, *n)
                               : binary(n->op, n->a, n->b);
  }

  static Expr folded_product(const Binary& before, const Expr& e, const Binary& n) {
    if (n.op == BinaryOp::kMul) {
      const bool a = is_matrix_entry(before.a), b = is_matrix_entry(before.b);
      if ((a && is_float(n.a, 0)) || (b && is_float(n.b, 0))) return constant(n.dtype, 0);
      if (a && is_float(n.a, 1)) return n.b;
      if (b && is_float(n.b, 1)) return n.a;
    }
    // A zero that a folded product left.
    if (n.op == BinaryOp::kAdd && before.b.as<Binary>() && is_float(n.b, 0)) return n.a;
    if (n.op == BinaryOp::kAdd && before.a.as<Binary>() && is_float(n.a, 0)) return n.b;
    return e;
  }

  VarMap values_;
};

bool is_store_of_itself(const Stmt& s) {
  const auto* n = s.as<Store>();
  const auto* from = n ? n->value.as<Load>() : nullptr;
  return from && !n->predicate && !from->predicate && from->buffer.same_as(n->buffer) &&
         structural_equal(from->indices[0], n->indices[0]);
}

// Expands every unrolled loop of a nest at once: a statement is rewritten once for each of its
// copies, with the values of all variables around it.
class Unroller {
 public:
  Stmt statement(const Stmt& s) {
    const auto* loop = s.as<For>();
    if (loop && loop->kind == ForKind::kUnrolled) return expand(*loop);
    if (values_.is_empty()) {
      const Stmt mapped =
          map_stmt_children(s, {.stmt = [this](const Stmt& child) { return statement(child); }});
      return mapped.as<Seq>() && !mapped.same_as(s) ? dense_seq(mapped.get<Seq>().body) : mapped;
    }
    if (const auto* n = s.as<If>()) {
      const auto known = as_int(values_.expression(n->condition));
      if (known && *known != 0) return statement(n->then_body);
      if (known) return n->else_body ? statement(n->else_body) : nothing();
    }
    num_statements_ += !s.as<Seq>() && !loop;
    const Stmt mapped =
        map_stmt_children(s, {.expr = [this](const Expr& e) { return values_.expression(e); },
                              .stmt = [this](const Stmt& child) { return statement(child); }});
    if (const auto* n = mapped.as<Seq>()) return dense_seq(n->body);
    return is_store_of_itself(mapped) ? nothing() : mapped;
  }

  bool has_expanded() const { return expanded_; }

 private:
  Stmt expand(const For& n) {
    const auto extent = as_int(values_.expression(n.extent));
    if (!extent) {
      throw UserError(
          str_cat("unroll: loop ", var(n.var).name, " needs a constant number of iterations"));
    }
    const bool opens = values_.is_empty();
    if (opens) num_statements_ = 0;
    const Expr min = values_.expression(n.min);
    const std::int64_t step = n.step ? as_int(n.step).value_or(1) : 1;
    std::vector<Stmt> copies;
    for (std::int64_t i = 0; i < *extent; i += step) {
      values_.set(n.var, min + int_imm(dtype_of(n.var), i));
      copies.push_back(statement(n.body));
      if (num_statements_ > kMaxStatements) {
        throw UserError(str_cat("unroll: loop ", var(n.var).name, " becomes more than ",
                                kMaxStatements, " statements"));
      }
    }
    values_.erase(n.var);
    const Stmt all = dense_seq(std::move(copies));
    return opens ? canonical(all) : all;
  }

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
                         return Store{
                             n->buffer, {canonical_index(n->indices[0])}, n->value, n->predicate};
                       }});
  }

  Substitution values_;
  std::int64_t num_statements_ = 0;
  bool expanded_ = false;
};

bool has_conditions(const Stmt& s) {
  bool found = false;
  walk(s, {.expr =
               [&](const Expr& e) {
                 const auto* n = e.as<Call>();
                 const auto* load = e.as<Load>();
                 found =
                     found || (n && n->op == Intrinsic::kIfThenElse) || (load && load->predicate);
                 return !found;
               },
           .stmt =
               [&](const Stmt& x) {
                 const auto* n = x.as<Store>();
                 found = found || x.as<If>() || (n && n->predicate);
                 return !found;
               }});
  return found;
}

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
  const auto base = as_int(lanes->base), stride = as_int(lanes->stride),
             count = as_int(lanes->lanes);
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
  if (!has_conditions(body)) return with_body(func, body);
  Analyzer analyzer;
  return with_body(func, fold_masks(simplify(body, analyzer)));
}

}  // namespace tenon
