// And, or, not and select. `and` and `or` keep the order of their sides.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {

TermId ArithCore::logical_not(TermId a) {
  const Term& t = pool[a];
  if (t.op == TermOp::kConst) return pool.boolean(t.value == 0);
  if (t.op == TermOp::kNot) return t.args[0];
  auto negated = [&](TermOp op, TermId x, TermId y) {
    return is_index_type(pool[x].dtype) ? compare(op, x, y) : pool.make(op, kBoolType, {x, y});
  };
  TermId x = t.args.empty() ? kNoTerm : t.args[0], y = t.args.size() < 2 ? kNoTerm : t.args[1];
  switch (t.op) {
    case TermOp::kEq:
      return negated(TermOp::kNe, x, y);
    case TermOp::kNe:
      return negated(TermOp::kEq, x, y);
    case TermOp::kLt:
      return negated(TermOp::kLe, y, x);
    case TermOp::kLe:
      return negated(TermOp::kLt, y, x);
    case TermOp::kAnd:
      return logical_or(logical_not(x), logical_not(y));
    case TermOp::kOr:
      return logical_and(logical_not(x), logical_not(y));
    default:
      return pool.make(TermOp::kNot, kBoolType, {a});
  }
}

TermId ArithCore::logical_and(TermId a, TermId b) { return and_or(TermOp::kAnd, a, b); }
TermId ArithCore::logical_or(TermId a, TermId b) { return and_or(TermOp::kOr, a, b); }

TermId ArithCore::and_or(TermOp op, TermId a, TermId b) {
  bool is_and = op == TermOp::kAnd;
  if (pool.is_const(a)) return pool.is_const(a, is_and) ? b : a;
  if (pool.is_const(b)) return pool.is_const(b, is_and) ? a : b;
  if (a == b) return a;
  // A side that stands among the parts of the other adds nothing; its opposite decides.
  std::vector<TermId> parts = flatten(op, a);
  TermId opposite = logical_not(b);
  for (TermId p : parts) {
    if (p == b) return a;
    if (p == opposite) return pool.boolean(!is_and);
  }
  TermId t = pool.make(op, kBoolType, {a, b});
  TermId by_rule = apply_rules(t);
  return by_rule != kNoTerm ? by_rule : t;
}

TermId ArithCore::select(TermOp op, TermId c, TermId a, TermId b) {
  if (pool.is_const(c)) return pool[c].value ? a : b;
  if (a == b) return a;
  // Where the sides agree under the condition, one of them says it all.
  auto covers = [&](TermId condition, TermId by, TermId other) {
    bool may_run = op == TermOp::kSelect || pool[by].is_total;
    return may_run && look_again_under(condition, by) == other;
  };
  bool is_simple = is_index_type(pool[a].dtype);
  if (is_simple && covers(c, b, a)) return b;
  if (is_simple && covers(logical_not(c), a, b)) return a;
  TermId t = pool.make(op, pool[a].dtype, {c, a, b});
  TermId by_rule = apply_rules(t);
  return by_rule != kNoTerm ? by_rule : t;
}

}  // namespace tenon
