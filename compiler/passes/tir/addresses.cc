#include <algorithm>
#include <map>

#include "compiler/passes/tir/linear.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// A sum of terms of one depth on top of an outer base, and the variable that is bound to it.
struct Base {
  Expr outer;  // null or the base one level further out
  std::vector<LinearSum::Term> terms;
  Expr variable;
};

// A loop body (or the function): the bases bound at its start.
struct Scope {
  Expr loop_var;  // null for the function
  std::vector<Base> bases;
};

bool same_terms(const std::vector<LinearSum::Term>& a, const std::vector<LinearSum::Term>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const LinearSum::Term& x, const LinearSum::Term& y) {
                      return x.coefficient == y.coefficient &&
                             (x.atom.same_as(y.atom) || structural_equal(x.atom, y.atom));
                    });
}

// Whether the value only depends on variables: no memory, no call, no division that may trap.
bool can_move(const Expr& atom) {
  bool ok = true;
  walk(atom, {.expr = [&](const Expr& e) {
         const auto* n = e.as<Binary>();
         const bool divides = n && (n->op == BinaryOp::kFloorDiv || n->op == BinaryOp::kFloorMod ||
                                    n->op == BinaryOp::kDiv || n->op == BinaryOp::kMod);
         ok = ok && !e.as<Load>() && !e.as<Call>() && !e.as<Let>() &&
              (!divides || as_int(n->b).value_or(0) > 0);
         return ok;
       }});
  return ok;
}

class Addresser {
 public:
  explicit Addresser(const PrimFunc& func) {
    for (const Param& param : func.params) known_[param.var.id()] = 0;
    for (const Expr& v : undefined_vars(func.body)) known_[v.id()] = 0;
  }

  Stmt run(const Stmt& body) {
    scopes_.push_back({});
    const Stmt mapped = statement(body);
    const Stmt result = with_bases(scopes_.back(), mapped);
    scopes_.pop_back();
    return result;
  }

 private:
  Stmt statement(const Stmt& s) {
    if (const auto* n = s.as<For>()) return loop(*n);
    if (const auto* n = s.as<Store>()) {
      return Store{n->buffer,
                   {index(n->indices[0])},
                   expression(n->value),
                   n->predicate ? expression(n->predicate) : Expr()};
    }
    return map_stmt_children(s, {.expr = [this](const Expr& e) { return expression(e); },
                                 .stmt = [this](const Stmt& child) { return statement(child); }});
  }

  Stmt loop(const For& n) {
    For copy = n;
    copy.min = expression(n.min);
    copy.extent = expression(n.extent);
    known_[n.var.id()] = scopes_.size();
    scopes_.push_back({n.var, {}});
    const Stmt body = statement(n.body);
    copy.body = with_bases(scopes_.back(), body);
    scopes_.pop_back();
    known_.erase(n.var.id());
    return copy;
  }

  static Stmt with_bases(const Scope& scope, const Stmt& body) {
    std::vector<Stmt> list;
    for (const Base& base : scope.bases) {
      const Expr sum = to_expr(LinearSum{base.terms, 0}, kInt64);
      list.push_back(Bind{base.variable, base.outer ? base.outer + sum : sum});
    }
    list.push_back(body);
    return seq(std::move(list));
  }

  Expr expression(const Expr& e) {
    if (const auto* n = e.as<Load>()) {
      return Load{
          n->buffer, {index(n->indices[0])}, n->predicate ? expression(n->predicate) : Expr()};
    }
    return map_expr_children(e, {.expr = [this](const Expr& x) { return expression(x); }});
  }

  Expr index(const Expr& e) {
    if (const auto* n = e.as<Ramp>()) return Ramp{index(n->base), expression(n->stride), n->lanes};
    if (const auto* n = e.as<Broadcast>()) return Broadcast{index(n->value), n->lanes};
    if (dtype_of(e) != kInt64) return expression(e);
    const LinearSum sum = linear_sum(e);
    std::map<std::size_t, std::vector<LinearSum::Term>> by_depth;
    LinearSum rest;
    for (const LinearSum::Term& term : sum.terms) {
      std::size_t depth = 0;
      if (depth_of(term.atom, depth)) {
        by_depth[depth].push_back(term);
      } else {
        rest.terms.push_back({expression(term.atom), term.coefficient});
      }
    }
    Expr base;
    for (auto& [depth, terms] : by_depth) base = base_at(depth, base, std::move(terms));
    rest.constant = sum.constant;
    if (!base) return to_expr(rest, kInt64);
    if (rest.terms.empty() && rest.constant == 0) return base;
    return base + to_expr(rest, kInt64);
  }

  // The loop in whose body the atom's value is fixed; false when it must stay where it is.
  bool depth_of(const Expr& atom, std::size_t& depth) const {
    if (!can_move(atom)) return false;
    for (const Expr& v : vars_of(atom)) {
      const auto it = known_.find(v.id());
      if (it == known_.end()) return false;
      depth = std::max(depth, it->second);
    }
    return true;
  }

  Expr base_at(std::size_t depth, const Expr& outer, std::vector<LinearSum::Term> terms) {
    std::stable_sort(terms.begin(), terms.end(),
                     [](const auto& a, const auto& b) { return a.coefficient > b.coefficient; });
    const bool is_variable = !outer && terms.size() == 1 && terms[0].coefficient == 1 &&
                             terms[0].atom.as<Var>() && dtype_of(terms[0].atom) == kInt64;
    if (is_variable) return terms[0].atom;
    for (const Base& base : scopes_[depth].bases) {
      const bool same_outer = outer ? base.outer && base.outer.same_as(outer) : !base.outer;
      if (same_outer && same_terms(base.terms, terms)) return base.variable;
    }
    const std::string name =
        scopes_[depth].loop_var ? var(scopes_[depth].loop_var).name + "_at" : std::string("at");
    const Expr variable = make_var(name, kInt64);
    scopes_[depth].bases.push_back({outer, std::move(terms), variable});
    return variable;
  }

  std::vector<Scope> scopes_;
  std::map<const void*, std::size_t> known_;  // variable -> depth of the scope that binds it
};

}  // namespace

PrimFunc addresses(const PrimFunc& func) { return with_body(func, Addresser(func).run(func.body)); }

}  // namespace tenon
