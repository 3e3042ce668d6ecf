// The walk of the simplifier: children first, then the operator's own file.
#include <algorithm>

#include "compiler/arith/core.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

ArithCore::ArithCore() = default;

TermId ArithCore::simplify(TermId t) {
  if (t < simplified_.size() && simplified_[t].epoch == epoch_) return simplified_[t].value;
  TermId r = simplify_new(t);
  if (simplified_.size() < pool.size()) simplified_.resize(pool.size() + pool.size() / 2);
  simplified_[t] = {epoch_, r};
  simplified_[r] = {epoch_, r};
  return r;
}

TermId ArithCore::simplify_under(TermId condition, TermId t) {
  if (pool.is_const(condition) || pool.is_const(t)) return simplify(t);
  push(condition);
  TermId r = simplify(t);
  pop();
  return r;
}

TermId ArithCore::look_again_under(TermId condition, TermId t) {
  constexpr int kMaxSize = 60;
  if (is_second_look_ || pool[t].size > kMaxSize) return t;
  is_second_look_ = true;
  TermId r = simplify_under(condition, t);
  is_second_look_ = false;
  return r;
}

// What bounds and known conditions decide becomes a constant.
TermId ArithCore::settle(TermId t) {
  DataType dtype = pool[t].dtype;
  if (pool.is_const(t)) return t;
  if (dtype == kBoolType) {
    auto truth = known_truth(t);
    return truth ? pool.boolean(*truth) : t;
  }
  if (!is_index_type(dtype)) return t;
  ConstIntBound b = bound(t);
  if (b.is_point() && fits(b.min, dtype)) return pool.constant(dtype, b.min);
  return t;
}

TermId ArithCore::simplify_new(TermId id) {
  const Term& t = pool[id];
  switch (t.op) {
    case TermOp::kConst:
      return id;
    case TermOp::kVar: {
      auto at = values_.find(id);
      return at != values_.end() ? simplify(at->second) : settle(id);
    }
    case TermOp::kOpaque: {
      tir::Expr e = simplify_leaf(t.expr);
      return settle(e.same_as(t.expr) ? id : pool.read(e));
    }
    case TermOp::kSum:
      return settle(resum(id));
    case TermOp::kProduct:
      return settle(reproduct(t));
    case TermOp::kAnd:
    case TermOp::kOr:
      return settle(simplify_and_or(t));
    case TermOp::kSelect:
    case TermOp::kIfThenElse:
      return settle(simplify_branching(t));
    default:
      break;
  }
  std::vector<TermId> args = t.args;
  bool is_swapped = !t.order.empty() && t.order[0] == 1 && args.size() == 2;
  if (is_swapped) std::swap(args[0], args[1]);
  for (TermId& a : args) a = simplify(a);
  return settle(apply(t.op, t.dtype, args));
}

TermId ArithCore::apply(TermOp op, DataType dtype, const std::vector<TermId>& args) {
  TermId a = args[0], b = args.size() > 1 ? args[1] : kNoTerm;
  bool is_index = is_index_type(pool[a].dtype);
  switch (op) {
    case TermOp::kAdd:
      return add(a, b);
    case TermOp::kSub:
      return sub(a, b);
    case TermOp::kMul:
      return mul(a, b);
    case TermOp::kProduct: {
      for (std::size_t i = 1; i < args.size(); ++i) a = mul(a, args[i]);
      return a;
    }
    case TermOp::kFloorDiv:
      return floor_div(a, b);
    case TermOp::kFloorMod:
      return floor_mod(a, b);
    case TermOp::kDiv:
      return trunc_div(a, b);
    case TermOp::kMod:
      return trunc_mod(a, b);
    case TermOp::kMin:
    case TermOp::kMax:
      return min_max(op, a, b);
    case TermOp::kEq:
    case TermOp::kNe:
    case TermOp::kLt:
    case TermOp::kLe:
      return compare(op, a, b);
    case TermOp::kAnd:
      return logical_and(a, b);
    case TermOp::kOr:
      return logical_or(a, b);
    case TermOp::kNot:
      return logical_not(a);
    case TermOp::kSelect:
    case TermOp::kIfThenElse:
      return select(op, a, b, args[2]);
    case TermOp::kCast:
      return cast(dtype, a);
    default:
      break;
  }
  // A shift by a constant is a product or a floor division; and with 2^k - 1 is a remainder.
  if (is_index && pool.is_const(b)) {
    std::int64_t k = pool[b].value;
    bool is_shift = k >= 0 && k < dtype.bits - 1;
    TermId power = is_shift ? pool.constant(dtype, std::int64_t{1} << k) : kNoTerm;
    if (op == TermOp::kShiftLeft && is_shift) return mul(a, power);
    if (op == TermOp::kShiftRight && is_shift) return floor_div(a, power);
    bool is_mask = k > 0 && (k & (k + 1)) == 0 && fits(k + 1, dtype) && k != INT64_MAX;
    if (op == TermOp::kBitwiseAnd && k == 0) return b;
    if (op == TermOp::kBitwiseAnd && is_mask) return floor_mod(a, pool.constant(dtype, k + 1));
  }
  return pool.make(op, dtype, args);
}

TermId ArithCore::cast(DataType dtype, TermId a) {
  DataType from = pool[a].dtype;
  if (from == dtype) return a;
  if (pool.is_const(a)) {
    std::int64_t value = pool[a].value;
    if (dtype == kBoolType) return pool.boolean(value != 0);
    if (fits(value, dtype)) return pool.constant(dtype, value);
  }
  if (pool[a].op == TermOp::kCast && from == kInt64 && dtype == kInt32 &&
      pool[pool[a].args[0]].dtype == kInt32) {
    return pool[a].args[0];
  }
  return pool.make(TermOp::kCast, dtype, {a});
}

TermId ArithCore::simplify_branching(const Term& t) {
  TermOp op = t.op;
  std::vector<TermId> args = t.args;
  TermId c = simplify(args[0]);
  if (pool.is_const(c)) return simplify(pool[c].value ? args[1] : args[2]);
  // A select computes both sides: what is simplified by the condition must be harmless without it.
  auto branch = [&](TermId condition, TermId value) {
    bool is_safe = op == TermOp::kIfThenElse || pool[value].is_total;
    return is_safe ? simplify_under(condition, value) : simplify(value);
  };
  TermId a = branch(c, args[1]);
  TermId b = branch(logical_not(c), args[2]);
  return select(op, c, a, b);
}

TermId ArithCore::simplify_and_or(const Term& t) {
  TermOp op = t.op;
  bool is_and = op == TermOp::kAnd;
  std::vector<TermId> args = t.args;
  auto under = [&](TermId other, TermId x) {
    if (!pool[x].is_total) return simplify(x);
    return simplify_under(is_and ? other : logical_not(other), x);
  };
  TermId a = simplify(args[0]);
  if (pool.is_const(a)) return pool.is_const(a, is_and) ? simplify(args[1]) : a;
  TermId b = under(a, args[1]);
  if (pool.is_const(b)) return and_or(op, a, b);
  TermId again = pool[a].is_total ? look_again_under(is_and ? b : logical_not(b), a) : a;
  if (pool[again].size < pool[a].size) a = again;
  return and_or(op, a, b);
}

// Results of the two ways must not meet in one memory: an epoch of its own.
tir::Expr ArithCore::simplify_with_float_zero(const tir::Expr& e) {
  std::uint32_t before = epoch_;
  new_epoch();
  fold_float_zero_ = true;
  tir::Expr r = simplify_expr(e);
  fold_float_zero_ = false;
  epoch_ = before;
  return r;
}

tir::Expr ArithCore::simplify_expr(const tir::Expr& e) {
  if (e.as<tir::IntImm>()) return e;
  TermId t = pool.read(e);
  TermId r = simplify(t);
  tir::Expr out = pool.expr(r);
  if (out.same_as(e)) return e;
  if (pool[r].size != pool[t].size || !tir::structural_equal(out, e)) return out;
  pool.set_expr(r, e);
  return e;
}

}  // namespace tenon
