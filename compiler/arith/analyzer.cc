#include "compiler/arith/analyzer.h"

#include "compiler/arith/core.h"
#include "compiler/support/error.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;

Analyzer::Analyzer() : core_(std::make_unique<ArithCore>()) {}
Analyzer::~Analyzer() = default;

void Analyzer::bind(const Expr& var, const tir::Range& range) {
  TermId v = core_->pool.read(var);
  DataType dtype = tir::dtype_of(var);
  auto as_dtype = [&](const Expr& e) { return tir::cast(dtype, e); };
  Expr least = simplify(as_dtype(range.min)), extent = simplify(as_dtype(range.extent));
  auto min = tir::as_int(least), count = tir::as_int(extent);
  // The same loop met again says nothing new.
  if (min && count && core_->is_bound_to(v, {*min, add_int(*min, *count - 1)})) return;
  core_->unbind(v);
  if (count && *count == 1 && !min) {
    bind(var, least);
    return;
  }
  if (min) {
    std::int64_t max = count ? add_int(*min, *count - 1) : ConstIntBound::kPosInf;
    if (max >= *min) core_->bind_bound(v, {*min, max});
  } else {
    core_->assume_of(v, core_->pool.read(tir::less_equal(least, var)));
  }
  if (!min || !count) core_->assume_of(v, core_->pool.read(tir::less(var, least + extent)));
}

void Analyzer::unbind(const Expr& var) { core_->unbind(core_->pool.read(var)); }

void Analyzer::bind(const Expr& var, std::int64_t min, std::int64_t max) {
  CHECK(min <= max) << "a variable with no value: [" << min << ", " << max << "]";
  TermId v = core_->pool.read(var);
  core_->unbind(v);
  core_->bind_bound(v, {min, max});
}

void Analyzer::bind(const Expr& var, const Expr& value) {
  TermId v = core_->pool.read(var);
  core_->unbind(v);
  core_->bind_value(v, core_->pool.read(value));
}

void Analyzer::assume(const Expr& condition) { core_->assume(core_->pool.read(condition)); }

Analyzer::Constraint::Constraint(Analyzer& analyzer, const Expr& condition) : analyzer_(analyzer) {
  analyzer_.core_->push(analyzer_.core_->pool.read(condition));
}
Analyzer::Constraint::~Constraint() { analyzer_.core_->pop(); }

Expr Analyzer::simplify(const Expr& e) { return core_->simplify_expr(e); }

Expr Analyzer::simplify_float_zero(const Expr& e) { return core_->simplify_with_float_zero(e); }

bool Analyzer::can_prove(const Expr& condition) {
  return core_->prove(core_->pool.read(condition));
}

namespace {

bool prove_binary(ArithCore& core, BinaryOp op, const Expr& a, const Expr& b) {
  // Two constants fold at once.
  if (a.as<tir::IntImm>() && b.as<tir::IntImm>()) return tir::is_int(tir::binary(op, a, b), 1);
  return core.prove(core.pool.read(tir::binary(op, a, b)));
}

}  // namespace

bool Analyzer::can_prove_equal(const Expr& a, const Expr& b) {
  if (a.same_as(b)) return true;
  auto x = tir::as_int(a), y = tir::as_int(b);
  return x && y ? *x == *y : prove_binary(*core_, BinaryOp::kEq, a, b);
}
bool Analyzer::can_prove_less(const Expr& a, const Expr& b) {
  return prove_binary(*core_, BinaryOp::kLt, a, b);
}
bool Analyzer::can_prove_less_equal(const Expr& a, const Expr& b) {
  return prove_binary(*core_, BinaryOp::kLe, a, b);
}
bool Analyzer::can_prove_greater(const Expr& a, const Expr& b) {
  return prove_binary(*core_, BinaryOp::kGt, a, b);
}
bool Analyzer::can_prove_greater_equal(const Expr& a, const Expr& b) {
  return prove_binary(*core_, BinaryOp::kGe, a, b);
}

ConstIntBound Analyzer::const_int_bound(const Expr& e) {
  TermId t = core_->pool.read(e);
  ConstIntBound raw = core_->bound(t);
  ConstIntBound simple = core_->bound(core_->simplify(t));
  ConstIntBound both = intersect(raw, simple);
  return both.min <= both.max ? both : raw;
}

ModularSet Analyzer::modular_set(const Expr& e) {
  TermId t = core_->pool.read(e);
  ModularSet raw = core_->modular(t), simple = core_->modular(core_->simplify(t));
  if (raw.coeff == 0 || simple.coeff == 0) return raw.coeff == 0 ? raw : simple;
  return simple.coeff >= raw.coeff ? simple : raw;
}

}  // namespace tenon
