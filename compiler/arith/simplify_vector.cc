// Leaves: expressions that are no scalar integers or conditions. Their parts are simplified; ramps
// and broadcasts are put together; floats get exact identities only.
#include <cmath>

#include "compiler/arith/core.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;

namespace {

std::optional<double> as_float(const Expr& e) {
  if (const auto* f = e.as<tir::FloatImm>()) return f->value;
  if (const auto* b = e.as<tir::Broadcast>()) return as_float(b->value);
  return std::nullopt;
}
bool is_float(const Expr& e, double value) {
  auto f = as_float(e);
  return f && *f == value && std::signbit(*f) == std::signbit(value);
}

template <class F>
std::optional<double> compute(BinaryOp op, F a, F b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return b == 0 ? std::nullopt : std::optional<double>(a / b);
    default:
      return std::nullopt;
  }
}

// One operation on two float32 or float64 constants, rounded as the type rounds.
Expr fold_floats(const tir::Binary& n) {
  const auto *a = n.a.as<tir::FloatImm>(), *b = n.b.as<tir::FloatImm>();
  if (!a || !b) return {};
  std::optional<double> r;
  if (n.dtype == kFloat64) r = compute<double>(n.op, a->value, b->value);
  if (n.dtype == kFloat32) {
    r = compute<float>(n.op, static_cast<float>(a->value), static_cast<float>(b->value));
  }
  return r && std::isfinite(*r) ? tir::float_imm(n.dtype, *r) : Expr{};
}

Expr simplify_float(const tir::Binary& n, bool fold_zero) {
  if (Expr folded = fold_floats(n)) return folded;
  const Expr &a = n.a, &b = n.b;
  bool is_zero_a = fold_zero && as_float(a) == 0.0, is_zero_b = fold_zero && as_float(b) == 0.0;
  switch (n.op) {
    case BinaryOp::kMul:
      if (is_float(b, 1.0)) return a;
      if (is_float(a, 1.0)) return b;
      if (is_zero_a) return a;
      if (is_zero_b) return b;
      break;
    case BinaryOp::kDiv:
      if (is_float(b, 1.0)) return a;
      break;
    case BinaryOp::kSub:
      if (is_float(b, 0.0) || is_zero_b) return a;
      if (is_zero_a) {
        const auto* product = b.as<tir::Binary>();
        if (product && product->op == BinaryOp::kMul && product->b.as<tir::FloatImm>()) {
          double c = product->b.get<tir::FloatImm>().value;
          return product->a * tir::float_imm(n.dtype, -c);
        }
      }
      break;
    case BinaryOp::kAdd:
      if (is_zero_a) return b;
      if (is_zero_b) return a;
      break;
    default:
      break;
  }
  return {};
}

int constant_lanes(const Expr& lanes) {
  auto n = tir::as_int(lanes);
  return n ? static_cast<int>(*n) : 0;
}

}  // namespace

// Integer vectors made of ramps and broadcasts of equal lanes.
Expr ArithCore::simplify_vector(const tir::Binary& n) {
  const auto *ra = n.a.as<tir::Ramp>(), *rb = n.b.as<tir::Ramp>();
  const auto *ba = n.a.as<tir::Broadcast>(), *bb = n.b.as<tir::Broadcast>();
  auto apply_op = [&](const Expr& x, const Expr& y) {
    return simplify_expr(tir::binary(n.op, x, y));
  };
  if (ba && bb) {
    int lanes = constant_lanes(ba->lanes);
    return lanes ? tir::broadcast(apply_op(ba->value, bb->value), lanes) : Expr{};
  }
  int lanes = ra ? constant_lanes(ra->lanes) : rb ? constant_lanes(rb->lanes) : 0;
  if (lanes == 0 || !is_index_type(tir::dtype_of(ra ? ra->base : rb->base))) return {};
  bool is_sum = n.op == BinaryOp::kAdd || n.op == BinaryOp::kSub;
  if (is_sum && ra && rb) {
    Expr stride = apply_op(ra->stride, rb->stride);
    return tir::ramp(apply_op(ra->base, rb->base), stride, lanes);
  }
  if (is_sum && ra && bb) return tir::ramp(apply_op(ra->base, bb->value), ra->stride, lanes);
  if (n.op == BinaryOp::kAdd && ba && rb) {
    return tir::ramp(apply_op(ba->value, rb->base), rb->stride, lanes);
  }
  if (n.op == BinaryOp::kSub && ba && rb) {
    Expr zero = tir::int_imm(tir::dtype_of(rb->stride), 0);
    return tir::ramp(apply_op(ba->value, rb->base), simplify_expr(zero - rb->stride), lanes);
  }
  if (n.op == BinaryOp::kMul && ra && bb) {
    return tir::ramp(apply_op(ra->base, bb->value), apply_op(ra->stride, bb->value), lanes);
  }
  if (n.op == BinaryOp::kMul && ba && rb) {
    return tir::ramp(apply_op(ba->value, rb->base), apply_op(ba->value, rb->stride), lanes);
  }
  bool is_div = n.op == BinaryOp::kFloorDiv, is_mod = n.op == BinaryOp::kFloorMod;
  if ((is_div || is_mod) && ra && bb) return divide_ramp(*ra, lanes, bb->value, is_div);
  return {};
}

// ramp(base, stride) // c: all lanes in one block of c, or the stride is a multiple of c.
Expr ArithCore::divide_ramp(const tir::Ramp& r, int lanes, const Expr& divisor, bool is_div) {
  auto c = tir::as_int(divisor), stride = tir::as_int(r.stride);
  if (!c || *c <= 0 || !stride) return {};
  Expr part =
      simplify_expr(is_div ? tir::floor_div(r.base, divisor) : tir::floor_mod(r.base, divisor));
  if (*stride % *c == 0) {
    if (!is_div) return tir::broadcast(part, lanes);
    return tir::ramp(part, tir::int_imm(tir::dtype_of(r.stride), *stride / *c), lanes);
  }
  TermId rest = simplify(pool.read(tir::floor_mod(r.base, divisor)));
  ConstIntBound b = bound(rest);
  std::int64_t reach = mul_int(*stride, lanes - 1);
  if (b.min + std::min<std::int64_t>(reach, 0) < 0 ||
      add_int(b.max, std::max<std::int64_t>(reach, 0)) >= *c) {
    return {};
  }
  return is_div ? tir::broadcast(part, lanes) : tir::ramp(part, r.stride, lanes);
}

Expr ArithCore::simplify_leaf(const Expr& e) {
  if (e.as<tir::Var>()) return e;
  if (const auto* let = e.as<tir::Let>()) return simplify_let(e, *let);
  if (const auto* s = e.as<tir::Select>(); s && tir::dtype_of(s->condition) == kBoolType) {
    Expr c = simplify_expr(s->condition);
    if (auto truth = tir::as_int(c)) return simplify_expr(*truth ? s->true_value : s->false_value);
  }
  if (const auto* call = e.as<tir::Call>(); call && call->op == tir::Intrinsic::kIfThenElse) {
    return simplify_guarded(e, *call);
  }
  Expr r = tir::map_expr_children(
      e, {.expr = [&](const Expr& x) { return simplify_expr(x); }, .stmt = {}, .buffer = {}});
  const auto* n = r.as<tir::Binary>();
  if (!n) {
    const auto* s = r.as<tir::Select>();
    return s && tir::structural_equal(s->true_value, s->false_value) ? s->true_value : r;
  }
  Expr better;
  DataType operand = tir::dtype_of(n->a);
  if (operand.is_float())
    better = simplify_float(*n, fold_float_zero_);
  else if (operand.is_vector())
    better = simplify_vector(*n);
  return better ? better : r;
}

Expr ArithCore::simplify_let(const Expr& e, const tir::Let& let) {
  Expr value = simplify_expr(let.value);
  bool is_index = is_index_type(tir::dtype_of(value));
  if (is_index && (value.as<tir::IntImm>() || value.as<tir::Var>())) {
    return simplify_expr(tir::substitute(let.body, {{let.var, value}}));
  }
  Expr body = simplify_expr(let.body);
  if (value.same_as(let.value) && body.same_as(let.body)) return e;
  return tir::Let{let.var, value, body};
}

// T.if_then_else of a type that is not reasoned about: one side is computed, so each may use the
// condition.
Expr ArithCore::simplify_guarded(const Expr& e, const tir::Call& call) {
  TermId c = simplify(pool.read(call.args[0]));
  if (pool.is_const(c)) return simplify_expr(call.args[pool[c].value ? 1 : 2]);
  push(c);
  Expr a = simplify_expr(call.args[1]);
  pop();
  push(logical_not(c));
  Expr b = simplify_expr(call.args[2]);
  pop();
  if (tir::structural_equal(a, b)) return a;
  Expr condition = pool.expr(c);
  if (a.same_as(call.args[1]) && b.same_as(call.args[2]) &&
      tir::structural_equal(condition, call.args[0])) {
    return e;
  }
  return tir::if_then_else(condition, a, b);
}

}  // namespace tenon
