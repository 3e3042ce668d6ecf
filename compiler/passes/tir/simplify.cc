#include "compiler/passes/tir/simplify.h"

#include "compiler/passes/tir/passes.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

Stmt nothing() { return Evaluate{i32(0)}; }

bool is_nothing(const Stmt& s) {
  const auto* n = s.as<Evaluate>();
  return n && as_int(n->value);
}

class Simplifier {
 public:
  explicit Simplifier(Analyzer& analyzer) : analyzer_(analyzer) {}

  Stmt statement(const Stmt& s) {
    if (const auto* n = s.as<For>()) return loop(s, *n);
    if (const auto* n = s.as<If>()) return branch(*n);
    if (const auto* n = s.as<Seq>()) return sequence(s, *n);
    return map_stmt_children(s, {.expr = [this](const Expr& e) { return analyzer_.simplify(e); },
                                 .stmt = [this](const Stmt& child) { return statement(child); }});
  }

 private:
  Stmt loop(const Stmt& s, const For& n) {
    For copy = n;
    copy.min = analyzer_.simplify(n.min);
    copy.extent = analyzer_.simplify(n.extent);
    const auto extent = as_int(copy.extent);
    if (extent && *extent <= 0) return nothing();
    if (extent && *extent == 1 && n.kind != ForKind::kThreadBinding) {
      return statement(substitute(n.body, {{n.var, cast(dtype_of(n.var), copy.min)}}));
    }
    analyzer_.bind(n.var, Range{copy.min, copy.extent});
    copy.body = statement(n.body);
    if (is_nothing(copy.body)) return nothing();
    const bool is_same =
        copy.min.same_as(n.min) && copy.extent.same_as(n.extent) && copy.body.same_as(n.body);
    return is_same ? s : Stmt(std::move(copy));
  }

  Stmt branch(const If& n) {
    const Expr condition = analyzer_.simplify(n.condition);
    if (const auto value = as_int(condition)) {
      if (*value != 0) return statement(n.then_body);
      return n.else_body ? statement(n.else_body) : nothing();
    }
    If copy = n;
    copy.condition = condition;
    {
      const Analyzer::Constraint holds(analyzer_, condition);
      copy.then_body = statement(n.then_body);
    }
    if (n.else_body) {
      const Analyzer::Constraint fails(analyzer_, logical_not(condition));
      copy.else_body = statement(n.else_body);
    }
    if (is_nothing(copy.then_body) && (!copy.else_body || is_nothing(copy.else_body))) {
      return nothing();
    }
    return copy;
  }

  Stmt sequence(const Stmt& s, const Seq& n) {
    std::vector<Stmt> body;
    bool is_same = true;
    for (const Stmt& child : n.body) {
      const Stmt now = statement(child);
      is_same = is_same && now.same_as(child);
      if (!is_nothing(now)) body.push_back(now);
    }
    return is_same && body.size() == n.body.size() ? s : seq(std::move(body));
  }

  Analyzer& analyzer_;
};

}  // namespace

Stmt simplify(const Stmt& s, Analyzer& analyzer) { return Simplifier(analyzer).statement(s); }

PrimFunc simplify(const PrimFunc& func) {
  Analyzer analyzer;
  return with_body(func, simplify(func.body, analyzer));
}

}  // namespace tenon
