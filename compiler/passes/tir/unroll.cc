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

// Puts one value for one variable and folds what becomes constant: conditions, choices, and the
// products with entries of constant matrices that turn out as 0 or 1.
class Substitution {
 public:
  Substitution(const Expr& v, const Expr& value) : var_(v), value_(value) {}

  Stmt statement(const Stmt& s) const {
    if (const auto* n = s.as<If>()) {
      const Expr condition = expression(n->condition);
      const auto known = as_int(condition);
      if (known && *known != 0) return statement(n->then_body);
      if (known) return n->else_body ? statement(n->else_body) : nothing();
    }
    const Stmt mapped =
        map_stmt_children(s, {.expr = [this](const Expr& e) { return expression(e); },
                              .stmt = [this](const Stmt& child) { return statement(child); }});
    if (const auto* n = mapped.as<Seq>()) return dense_seq(n->body);
    return is_store_of_itself(mapped) ? nothing() : mapped;
  }

  Expr expression(const Expr& e) const {
    if (e.same_as(var_)) return value_;
    if (e.as<Var>() || e.as<IntImm>() || e.as<FloatImm>()) return e;
    const Expr mapped =
        map_expr_children(e, {.expr = [this](const Expr& child) { return expression(child); }});
    return mapped.same_as(e) ? e : folded(e, mapped);
  }

 private:
  static bool is_store_of_itself(const Stmt& s) {
    const auto* n = s.as<Store>();
    const auto* from = n ? n->value.as<Load>() : nullptr;
    return from && !n->predicate && !from->predicate && from->buffer.same_as(n->buffer) &&
           structural_equal(from->indices[0], n->indices[0]);
  }

  static Expr folded(const Expr& before, const Expr& e) {
    if (const auto* n = e.as<Select>()) {
      if (const auto known = as_int(n->condition)) return *known ? n->true_value : n->false_value;
      return e;
    }
    if (const auto* n = e.as<Call>(); n && n->op == Intrinsic::kIfThenElse) {
      if (const auto known = as_int(n->args[0])) return *known ? n->args[1] : n->args[2];
      return e;
    }
    if (const auto* n = e.as<Not>()) return logical_not(n->a);
    const auto* n = e.as<Binary>();
    if (!n) return e;
    if (n->dtype.is_float()) return folded_product(before.get<Binary>(), e, *n);
    if (n->op == BinaryOp::kAnd || n->op == BinaryOp::kOr) return folded_logic(e, *n);
    return binary(n->op, n->a, n->b);
  }

  static Expr folded_logic(const Expr& e, const Binary& n) {
    const bool is_and = n.op == BinaryOp::kAnd;
    for (const auto& [side, other] : {std::pair{n.a, n.b}, std::pair{n.b, n.a}}) {
      const auto known = as_int(side);
      if (known) return (*known != 0) == is_and ? other : side;
    }
    return e;
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

  Expr var_, value_;
};

// Expands outer loops first, so that what an outer variable decides is copied no further.
class Unroller {
 public:
  Stmt statement(const Stmt& s) {
    const auto* n = s.as<For>();
    if (!n || n->kind != ForKind::kUnrolled) {
      const Stmt mapped =
          map_stmt_children(s, {.stmt = [this](const Stmt& child) { return statement(child); }});
      return mapped.as<Seq>() && !mapped.same_as(s) ? dense_seq(mapped.get<Seq>().body) : mapped;
    }
    const bool opens = depth_++ == 0;
    if (opens) num_statements_ = 0;
    const Stmt expanded = expand(*n);
    --depth_;
    return opens ? canonical(expanded) : expanded;
  }

  bool has_expanded() const { return expanded_; }

 private:
  Stmt expand(const For& n) {
    const auto extent = as_int(n.extent);
    if (!extent) {
      throw UserError(
          str_cat("unroll: loop ", var(n.var).name, " needs a constant number of iterations"));
    }
    const std::int64_t step = n.step ? as_int(n.step).value_or(1) : 1;
    std::vector<Stmt> copies;
    for (std::int64_t i = 0; i < *extent; i += step) {
      const Expr value = n.min + int_imm(dtype_of(n.var), i);
      const Stmt copy = statement(Substitution(n.var, value).statement(n.body));
      num_statements_ += count_statements(copy);
      if (num_statements_ > kMaxStatements * (depth_ + 1)) {
        throw UserError(str_cat("unroll: loop ", var(n.var).name, " becomes more than ",
                                kMaxStatements, " statements"));
      }
      copies.push_back(copy);
    }
    return dense_seq(std::move(copies));
  }

  // Indices become terms and one constant.
  Stmt canonical(const Stmt& s) {
    expanded_ = true;
    return rewrite(
        s, {.expr = [](const Expr& e) -> Expr {
              const auto* n = e.as<Load>();
              if (!n) return e;
              return Load{n->buffer, {canonical_index(n->indices[0])}, n->predicate};
            },
            .stmt = [](const Stmt& x) -> Stmt {
              const auto* n = x.as<Store>();
              if (!n) return x;
              return Store{n->buffer, {canonical_index(n->indices[0])}, n->value, n->predicate};
            }});
  }

  int depth_ = 0;
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
