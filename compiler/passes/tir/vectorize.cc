#include <algorithm>
#include <optional>

#include "compiler/arith/analyzer.h"
#include "compiler/passes/tir/linear.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

constexpr std::int64_t kMaxUnrolledVectors = 16;

[[noreturn]] void refuse(const Expr& loop_var, const std::string& why) {
  throw UserError(str_cat("vectorize: loop ", var(loop_var).name, " ", why));
}

// Replaces one loop variable by `lanes` neighbouring values, base, base + 1, ...
class LaneMaker {
 public:
  LaneMaker(Expr loop_var, Expr base, int lanes, bool may_reduce)
      : loop_var_(std::move(loop_var)),
        base_(base),
        lanes_(lanes),
        may_reduce_(may_reduce),
        ramp_(tir::ramp(base, int_imm(dtype_of(loop_var_), 1), lanes)) {}

  Stmt statement(const Stmt& s) {
    if (const auto* n = s.as<Store>()) return store(*n);
    if (const auto* n = s.as<If>()) return branch(*n);
    if (const auto* n = s.as<For>()) return loop(*n);
    if (const auto* n = s.as<Seq>()) {
      std::vector<Stmt> body;
      for (const Stmt& child : n->body) body.push_back(statement(child));
      return seq(std::move(body));
    }
    if (const auto* n = s.as<Bind>()) return bind(*n);
    if (const auto* n = s.as<Evaluate>()) {
      const Expr value = expression(n->value);
      if (is_vector(value)) refuse(loop_var_, "holds a call that has no vector form");
      return Evaluate{value};
    }
    if (s.as<AllocBuffer>()) {
      refuse(loop_var_, str_cat("holds buffer ", node(s.get<AllocBuffer>().buffer).name,
                                ", of which every lane would need its own"));
    }
    refuse(loop_var_, "holds a statement that has no vector form");
  }

 private:
  static bool is_vector(const Expr& e) { return dtype_of(e).is_vector(); }
  Expr widen(const Expr& e) const { return is_vector(e) ? e : broadcast(e, lanes_); }

  Stmt store(const Store& n) {
    const Expr index = expression(n.indices[0]);
    const Expr value = expression(n.value);
    Expr predicate = n.predicate ? expression(n.predicate) : Expr();
    if (!is_vector(index)) {
      if (is_vector(value)) return reduce(n, index, value);
      const Stmt one = Store{n.buffer, {index}, value, predicate};
      const Expr any = mask_ ? any_lane() : bool_imm(true);
      return is_int(any, 1) ? one : Stmt(If{any, one, {}});
    }
    if (mask_) predicate = predicate ? logical_and(widen(predicate), mask_) : mask_;
    return Store{n.buffer, {index}, widen(value), predicate};
  }

  // Whether the conditions around hold in some lane: what every lane stores alike is stored then.
  Expr any_lane() const {
    for (const auto& [v, value] : vars_) {
      if (uses_var(condition_, v)) {
        refuse(loop_var_, "stores one element under a condition on the lane");
      }
    }
    Expr any;
    for (int i = 0; i < lanes_; ++i) {
      const Expr lane = base_ + int_imm(dtype_of(base_), i);
      const Expr holds = substitute(condition_, {{loop_var_, lane}});
      any = any ? binary(BinaryOp::kOr, any, holds) : holds;
    }
    return Analyzer().simplify(any);
  }

  // C[i] = C[i] op x(lane): x over the lanes first, as a tree, then op.
  Stmt reduce(const Store& n, const Expr& index, const Expr&) {
    const auto* op = n.value.as<Binary>();
    const auto* old = op ? op->a.as<Load>() : nullptr;
    const bool fits =
        old && old->buffer.same_as(n.buffer) && structural_equal(old->indices[0], n.indices[0]) &&
        (op->op == BinaryOp::kAdd || op->op == BinaryOp::kMax || op->op == BinaryOp::kMin);
    if (!fits || !may_reduce_ || mask_) {
      refuse(loop_var_, str_cat("stores to ", node(n.buffer).name,
                                " at an index that does not depend on it; a reduction over lanes "
                                "needs the annotation lane_reduce"));
    }
    const Intrinsic tree = op->op == BinaryOp::kAdd   ? Intrinsic::kLaneReduceAdd
                           : op->op == BinaryOp::kMax ? Intrinsic::kLaneReduceMax
                                                      : Intrinsic::kLaneReduceMin;
    const Expr lanes = widen(expression(op->b));
    const Expr total = call(tree, dtype_of(lanes).element(), {lanes});
    return Store{n.buffer, {index}, binary(op->op, Load{n.buffer, {index}, {}}, total), {}};
  }

  Stmt branch(const If& n) {
    std::vector<Expr> scalar, lane;
    split_condition(n.condition, scalar, lane);
    if (lane.empty()) {
      return If{expression(n.condition), statement(n.then_body),
                n.else_body ? statement(n.else_body) : Stmt()};
    }
    if (n.else_body && !scalar.empty()) {
      refuse(loop_var_, "holds an else of a condition on the lane and on more");
    }
    const Expr outer = mask_, outer_condition = condition_;
    Expr mask, condition_here;
    for (const Expr& part : lane) {
      const Expr here = widen(expression(part));
      mask = mask ? logical_and(mask, here) : here;
      condition_here = condition_here ? logical_and(condition_here, part) : part;
    }
    mask_ = outer ? logical_and(outer, mask) : mask;
    condition_ = outer ? logical_and(outer_condition, condition_here) : condition_here;
    Stmt result = statement(n.then_body);
    if (n.else_body) {
      const Expr inverse = logical_not(mask);
      mask_ = outer ? logical_and(outer, inverse) : inverse;
      const Expr fails = logical_not(condition_here);
      condition_ = outer ? logical_and(outer_condition, fails) : fails;
      result = seq({result, statement(n.else_body)});
    }
    mask_ = outer;
    condition_ = outer_condition;
    Expr condition;
    for (const Expr& part : scalar) {
      const Expr here = expression(part);
      condition = condition ? logical_and(condition, here) : here;
    }
    return condition ? Stmt(If{condition, result, {}}) : result;
  }

  void split_condition(const Expr& e, std::vector<Expr>& scalar, std::vector<Expr>& lane) {
    const auto* n = e.as<Binary>();
    if (n && n->op == BinaryOp::kAnd) {
      split_condition(n->a, scalar, lane);
      split_condition(n->b, scalar, lane);
    } else {
      (is_vector(expression(e)) ? lane : scalar).push_back(e);
    }
  }

  Stmt loop(const For& n) {
    For copy = n;
    copy.min = expression(n.min);
    copy.extent = expression(n.extent);
    if (is_vector(copy.min) || is_vector(copy.extent)) {
      refuse(loop_var_, str_cat("holds loop ", var(n.var).name, ", whose range depends on it"));
    }
    copy.body = statement(n.body);
    return copy;
  }

  Stmt bind(const Bind& n) {
    const Expr value = expression(n.value);
    if (!is_vector(value)) return Bind{n.var, value};
    const Expr fresh = make_var(var(n.var).name, dtype_of(value));
    vars_[n.var] = fresh;
    return Bind{fresh, value};
  }

  Expr expression(const Expr& e) {
    return match(
        e, [&](const Var&) { return variable(e); },
        [&](const Binary& n) { return arithmetic(e, n); },
        [&](const Load& n) { return load(e, n); },
        [&](const Cast& n) {
          const Expr value = expression(n.value);
          return value.same_as(n.value) ? e
                                        : cast(n.dtype.with_lanes(dtype_of(value).lanes), value);
        },
        [&](const Not& n) { return logical_not(expression(n.a)); },
        [&](const Select& n) { return choose(n); },
        [&](const Let& n) {
          const Expr value = expression(n.value);
          const Expr fresh = make_var(var(n.var).name, dtype_of(value));
          vars_[n.var] = fresh;
          const Expr body = expression(n.body);
          return Expr(Let{fresh, value, body});
        },
        [&](const Call& n) { return call_of(e, n); },
        [&](const auto&) -> Expr {
          if (uses_var(e, loop_var_)) refuse(loop_var_, "is used where a scalar is needed");
          return e;
        });
  }

  Expr variable(const Expr& e) const {
    if (e.same_as(loop_var_)) return ramp_;
    const auto it = vars_.find(e);
    return it == vars_.end() ? e : it->second;
  }

  Expr arithmetic(const Expr& e, const Binary& n) {
    const Expr a = expression(n.a), b = expression(n.b);
    if (a.same_as(n.a) && b.same_as(n.b)) return e;
    const auto* ra = a.as<Ramp>();
    const auto* rb = b.as<Ramp>();
    const bool scalar_a = !is_vector(a), scalar_b = !is_vector(b);
    if (ra && scalar_b) {
      if (n.op == BinaryOp::kAdd) return Ramp{ra->base + b, ra->stride, ra->lanes};
      if (n.op == BinaryOp::kSub) return Ramp{ra->base - b, ra->stride, ra->lanes};
      if (n.op == BinaryOp::kMul) return Ramp{ra->base * b, ra->stride * b, ra->lanes};
    }
    if (rb && scalar_a) {
      if (n.op == BinaryOp::kAdd) return Ramp{a + rb->base, rb->stride, rb->lanes};
      if (n.op == BinaryOp::kMul) return Ramp{a * rb->base, a * rb->stride, rb->lanes};
    }
    if (ra && rb && n.op == BinaryOp::kAdd) {
      return Ramp{ra->base + rb->base, ra->stride + rb->stride, ra->lanes};
    }
    if (scalar_a && scalar_b) return binary(n.op, a, b);
    return binary(n.op, widen(a), widen(b));
  }

  Expr load(const Expr& e, const Load& n) {
    const Expr index = expression(n.indices[0]);
    if (!is_vector(index)) {
      return index.same_as(n.indices[0]) ? e : Expr(Load{n.buffer, {index}, n.predicate});
    }
    Expr predicate = n.predicate ? widen(expression(n.predicate)) : Expr();
    if (mask_) predicate = predicate ? logical_and(predicate, mask_) : mask_;
    return Load{n.buffer, {index}, predicate};
  }

  Expr choose(const Select& n) {
    const Expr condition = expression(n.condition);
    Expr a = expression(n.true_value), b = expression(n.false_value);
    if (is_vector(condition) || is_vector(a) || is_vector(b)) a = widen(a), b = widen(b);
    return Select{condition, a, b};
  }

  Expr call_of(const Expr& e, const Call& n) {
    if (n.op == Intrinsic::kIfThenElse) return lane_choice(n);
    Call copy = n;
    bool has_vector = false, is_same = true;
    for (Expr& arg : copy.args) {
      const Expr now = expression(arg);
      is_same = is_same && now.same_as(arg);
      has_vector = has_vector || is_vector(now);
      arg = now;
    }
    if (!has_vector) return is_same ? e : Expr(copy);
    if (intrinsic_info(n.op).effect != Effect::kPure || n.op == Intrinsic::kAddressOf ||
        n.op == Intrinsic::kCallPureExtern) {
      refuse(loop_var_,
             str_cat("holds T.", intrinsic_info(n.op).name, ", which has no vector form"));
    }
    for (Expr& arg : copy.args) {
      if (!arg.as<StringImm>()) arg = widen(arg);
    }
    copy.dtype = n.dtype.with_lanes(lanes_);
    return copy;
  }

  // A condition on the lane: what one side reads is read only in its lanes.
  Expr lane_choice(const Call& n) {
    const Expr condition = expression(n.args[0]);
    if (!is_vector(condition)) {
      Expr a = expression(n.args[1]), b = expression(n.args[2]);
      if (is_vector(a) || is_vector(b)) a = widen(a), b = widen(b);
      return if_then_else(condition, a, b);
    }
    const Expr outer = mask_;
    mask_ = outer ? logical_and(outer, condition) : condition;
    const Expr a = widen(expression(n.args[1]));
    const Expr inverse = logical_not(condition);
    mask_ = outer ? logical_and(outer, inverse) : inverse;
    const Expr b = widen(expression(n.args[2]));
    mask_ = outer;
    return Select{condition, a, b};
  }

  Expr loop_var_, base_;
  int lanes_;
  bool may_reduce_;
  Expr ramp_;
  Expr mask_;       // of the lanes on which the statement at hand runs; null when on all
  Expr condition_;  // the same as a condition on the loop variable
  VarMap vars_;
};

// The widest element that the loop touches with an index that depends on its variable.
int widest_element_bits(const Stmt& body, const Expr& v) {
  int bits = 0;
  const auto note = [&](const Buffer& buffer, const std::vector<Expr>& indices) {
    if (std::any_of(indices.begin(), indices.end(),
                    [&](const Expr& e) { return uses_var(e, v); })) {
      bits = std::max(bits, node(buffer).dtype.size_bytes() * 8);
    }
  };
  walk(body, {.expr =
                  [&](const Expr& e) {
                    if (const auto* n = e.as<Load>()) note(n->buffer, n->indices);
                    return true;
                  },
              .stmt =
                  [&](const Stmt& s) {
                    if (const auto* n = s.as<Store>()) note(n->buffer, n->indices);
                    return true;
                  }});
  return bits == 0 ? 32 : bits;
}

class VectorizePass {
 public:
  explicit VectorizePass(const Target& target) : target_(target) {}

  Stmt loop(const Stmt& s) const {
    const auto* n = s.as<For>();
    if (!n || n->kind != ForKind::kVectorized) return s;
    const auto extent = as_int(n->extent);
    if (!extent) refuse(n->var, "needs a constant number of iterations");
    const int lanes = target_.vector_lanes(widest_element_bits(n->body, n->var));
    const bool may_reduce = n->annotations.count("lane_reduce") != 0;
    const std::int64_t whole = *extent / lanes;
    std::vector<Stmt> parts;
    if (whole > 0) parts.push_back(vectors(*n, whole, lanes, may_reduce));
    std::int64_t done = whole * lanes;
    for (int part = lanes / 2; part >= 1; part /= 2) {
      if ((*extent - done) & part) {
        parts.push_back(lanes_at(*n, n->min + int_imm(dtype_of(n->var), done), part, may_reduce));
        done += part;
      }
    }
    return parts.empty() ? Stmt(Evaluate{i32(0)}) : seq(std::move(parts));
  }

 private:
  static Stmt lanes_at(const For& n, const Expr& base, int lanes, bool may_reduce) {
    const Stmt body = renew_definitions(n.body);
    if (lanes == 1) return substitute(body, {{n.var, base}});
    return LaneMaker(n.var, base, lanes, may_reduce).statement(body);
  }

  static Stmt vectors(const For& n, std::int64_t count, int lanes, bool may_reduce) {
    if (count == 1) return lanes_at(n, n.min, lanes, may_reduce);
    const DataType type = dtype_of(n.var);
    For loop;
    loop.var = make_var(var(n.var).name + "_v", type);
    loop.min = int_imm(type, 0);
    loop.extent = int_imm(type, count);
    loop.kind = count <= kMaxUnrolledVectors ? ForKind::kUnrolled : ForKind::kSerial;
    loop.body = lanes_at(n, n.min + loop.var * int_imm(type, lanes), lanes, may_reduce);
    return loop;
  }

  const Target& target_;
};

// Sums in canonical form, so that a Ramp's base and stride are plain.
Expr tidy_ramp(const Expr& e) { return e.as<Ramp>() ? canonical_index(e) : e; }

}  // namespace

PrimFunc vectorize(const PrimFunc& func, const Target& target) {
  const VectorizePass pass(target);
  const Stmt body = rewrite(func.body, {.stmt = [&](const Stmt& s) { return pass.loop(s); }});
  return with_body(func, rewrite(body, {.expr = tidy_ramp}));
}

}  // namespace tenon
