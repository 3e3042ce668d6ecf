// Between expressions and terms.
#include <algorithm>
#include <numeric>

#include "compiler/arith/term.h"
#include "compiler/support/error.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;
using tir::Intrinsic;

namespace {

constexpr std::size_t kMaxRead = 4096;

bool is_known(DataType dtype) { return is_index_type(dtype) || dtype == kBoolType; }

TermOp term_op(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return TermOp::kAdd;
    case BinaryOp::kSub:
      return TermOp::kSub;
    case BinaryOp::kMul:
      return TermOp::kMul;
    case BinaryOp::kDiv:
      return TermOp::kDiv;
    case BinaryOp::kMod:
      return TermOp::kMod;
    case BinaryOp::kFloorDiv:
      return TermOp::kFloorDiv;
    case BinaryOp::kFloorMod:
      return TermOp::kFloorMod;
    case BinaryOp::kMin:
      return TermOp::kMin;
    case BinaryOp::kMax:
      return TermOp::kMax;
    case BinaryOp::kEq:
      return TermOp::kEq;
    case BinaryOp::kNe:
      return TermOp::kNe;
    case BinaryOp::kLt:
    case BinaryOp::kGt:
      return TermOp::kLt;
    case BinaryOp::kLe:
    case BinaryOp::kGe:
      return TermOp::kLe;
    case BinaryOp::kAnd:
      return TermOp::kAnd;
    case BinaryOp::kOr:
      return TermOp::kOr;
  }
  return TermOp::kAdd;
}

}  // namespace

TermId TermPool::read(const Expr& e) {
  if (e.as<tir::Var>() && is_known(tir::var(e).dtype)) return leaf(e);
  if (const auto* i = e.as<tir::IntImm>(); i && is_known(i->dtype)) {
    return constant(i->dtype, i->value);
  }
  auto at = read_.find(e.id());
  if (at != read_.end()) return at->second.second;
  TermId id = read_new(e);
  // Which expressions were read is forgotten when they are many; their terms stay.
  if (read_.size() > kMaxRead) read_.clear();
  read_.emplace(e.id(), std::pair{e, id});
  return id;
}

TermId TermPool::read_new(const Expr& e) {
  if (!is_known(tir::dtype_of(e))) return leaf(e);
  if (const auto* b = e.as<tir::Binary>()) {
    DataType operand = tir::dtype_of(b->a);
    return is_known(operand) ? read_binary(*b) : leaf(e);
  }
  if (const auto* n = e.as<tir::Not>()) return make(TermOp::kNot, kBoolType, {read(n->a)});
  if (const auto* s = e.as<tir::Select>()) {
    if (tir::dtype_of(s->condition) != kBoolType) return leaf(e);
    TermId c = read(s->condition), a = read(s->true_value), b = read(s->false_value);
    return make(TermOp::kSelect, tir::dtype_of(e), {c, a, b});
  }
  if (const auto* c = e.as<tir::Cast>()) {
    return is_known(tir::dtype_of(c->value)) ? make(TermOp::kCast, c->dtype, {read(c->value)})
                                             : leaf(e);
  }
  if (const auto* c = e.as<tir::Call>()) return read_call(e, *c);
  return leaf(e);
}

TermId TermPool::read_binary(const tir::Binary& node) {
  TermId a = read(node.a), b = read(node.b);
  if (node.op == BinaryOp::kGt || node.op == BinaryOp::kGe) std::swap(a, b);
  return make(term_op(node.op), node.dtype, {a, b});
}

TermId TermPool::read_call(const Expr& e, const tir::Call& node) {
  auto known = [&] {
    return std::all_of(node.args.begin(), node.args.end(),
                       [](const Expr& x) { return is_known(tir::dtype_of(x)); });
  };
  auto with = [&](TermOp op) {
    std::vector<TermId> args;
    for (const Expr& x : node.args) args.push_back(read(x));
    return make(op, node.dtype, std::move(args));
  };
  if (!known()) return leaf(e);
  switch (node.op) {
    case Intrinsic::kIfThenElse:
      return with(TermOp::kIfThenElse);
    case Intrinsic::kShiftLeft:
      return with(TermOp::kShiftLeft);
    case Intrinsic::kShiftRight:
      return with(TermOp::kShiftRight);
    case Intrinsic::kBitwiseAnd:
      return with(TermOp::kBitwiseAnd);
    default:
      return leaf(e);
  }
}

Expr TermPool::expr(TermId id) {
  Term& t = terms_[id];
  if (!t.expr) {
    Expr built = build_expr(t);
    terms_[id].expr = built;
    return built;
  }
  return t.expr;
}

Expr TermPool::build_expr(const Term& t) {
  switch (t.op) {
    case TermOp::kConst:
      return t.dtype == kBoolType ? tir::bool_imm(t.value != 0) : tir::int_imm(t.dtype, t.value);
    case TermOp::kVar:
    case TermOp::kOpaque:
      return t.expr;
    case TermOp::kSum:
      return sum_expr(t);
    case TermOp::kProduct: {
      Expr e;
      for (int i : t.order) {
        Expr factor = expr(t.args[static_cast<std::size_t>(i)]);
        e = e ? e * factor : factor;
      }
      return e;
    }
    case TermOp::kMin:
    case TermOp::kMax: {
      bool is_swapped = !t.order.empty() && t.order[0] == 1;
      return tir::binary(binary_op(t.op), expr(t.args[is_swapped]), expr(t.args[!is_swapped]));
    }
    case TermOp::kNot:
      return tir::logical_not(expr(t.args[0]));
    case TermOp::kCast:
      return tir::cast(t.dtype, expr(t.args[0]));
    case TermOp::kSelect:
      return tir::select(expr(t.args[0]), expr(t.args[1]), expr(t.args[2]));
    case TermOp::kIfThenElse:
      return tir::if_then_else(expr(t.args[0]), expr(t.args[1]), expr(t.args[2]));
    case TermOp::kShiftLeft:
      return tir::call(Intrinsic::kShiftLeft, t.dtype, {expr(t.args[0]), expr(t.args[1])});
    case TermOp::kShiftRight:
      return tir::call(Intrinsic::kShiftRight, t.dtype, {expr(t.args[0]), expr(t.args[1])});
    case TermOp::kBitwiseAnd:
      return tir::call(Intrinsic::kBitwiseAnd, t.dtype, {expr(t.args[0]), expr(t.args[1])});
    default:
      return tir::binary(binary_op(t.op), expr(t.args[0]), expr(t.args[1]));
  }
}

// Larger strides first, of equal ones quotients first and remainders last, then as written; what is
// subtracted comes after, the constant last: i * 16 + j - k * 4 + 3.
Expr TermPool::sum_expr(const Term& t) {
  std::vector<int> order = t.order;
  auto coef_of = [&](int i) { return t.coefs[static_cast<std::size_t>(i)]; };
  auto rank = [&](int i) {
    const Term& atom = terms_[t.args[static_cast<std::size_t>(i)]];
    auto number = [&](TermOp op) {
      bool is_it = atom.op == op && terms_[atom.args[1]].op == TermOp::kConst;
      return is_it ? terms_[atom.args[1]].value : 0;
    };
    return std::tuple(-coef_of(i), -number(TermOp::kFloorDiv), number(TermOp::kFloorMod) != 0);
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return rank(a) < rank(b); });
  Expr e;
  std::int64_t base = t.value;
  if (coef_of(order[0]) < 0) {
    // x * -4 - y is shorter than y * -1 - x * 4, and -3 - x than x * -1 - 3.
    auto lead = std::find_if(order.begin(), order.end(), [&](int i) { return coef_of(i) < -1; });
    if (base > 0 || (lead == order.end() && base != 0)) {
      e = tir::int_imm(t.dtype, base);
      base = 0;
    } else if (lead != order.end()) {
      std::rotate(order.begin(), lead, lead + 1);
    }
  }
  auto add_base = [&] {
    if (base > 0) e = e + tir::int_imm(t.dtype, base);
    base = std::min<std::int64_t>(base, 0);
  };
  for (int i : order) {
    std::int64_t coef = coef_of(i), amount = e && coef < 0 ? -coef : coef;
    if (e && coef < 0) add_base();
    Expr part = expr(t.args[static_cast<std::size_t>(i)]);
    if (amount != 1) part = part * tir::int_imm(t.dtype, amount);
    e = !e ? part : coef < 0 ? e - part : e + part;
  }
  add_base();
  return base < 0 ? e - tir::int_imm(t.dtype, -base) : e;
}

}  // namespace tenon
