#include "compiler/arith/int_set.h"

#include <set>

#include "compiler/arith/core.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::Expr;

namespace {

// Evaluates terms to intervals; kNoTerm is an absent limit.
struct Interval {
  TermId min = kNoTerm, max = kNoTerm;
  bool is_point() const { return min == max && min != kNoTerm; }
};

class IntervalEvaluator {
 public:
  IntervalEvaluator(ArithCore& core, const DomainMap& domains) : core_(core) {
    for (const auto& [var, set] : domains) {
      if (set.empty) continue;
      Interval i;
      if (set.min) i.min = core.simplify(core.pool.read(set.min));
      if (set.max) i.max = core.simplify(core.pool.read(set.max));
      domains_[core.pool.read(var)] = i;
    }
  }

  Interval eval(TermId t) {
    if (!is_relaxed(t)) return {t, t};
    auto at = memo_.find(t);
    if (at != memo_.end()) return at->second;
    return memo_[t] = compute(t);
  }

 private:
  bool is_relaxed(TermId t) {
    const Term& term = core_.pool[t];
    if (term.op == TermOp::kVar) return domains_.count(t) != 0;
    if (term.op == TermOp::kOpaque) {
      bool found = false;
      for (const Expr& v : tir::vars_of(term.expr)) {
        found |= domains_.count(core_.pool.read(v)) != 0;
      }
      return found;
    }
    for (TermId a : term.args) {
      if (is_relaxed(a)) return true;
    }
    return false;
  }
  // Whether t >= 0 (<= 0) always.
  bool is_nonnegative(TermId t) { return t != kNoTerm && core_.prove_nonnegative(core_.linear(t)); }
  bool is_nonpositive(TermId t) { return t != kNoTerm && core_.prove_nonpositive(core_.linear(t)); }

  Interval var(TermId t) {
    Interval i = domains_.at(t);
    if (!open_.insert(t).second) return {};  // domains that name each other
    // The limits may name other relaxed variables.
    if (i.min != kNoTerm) i.min = eval(i.min).min;
    if (i.max != kNoTerm) i.max = eval(i.max).max;
    open_.erase(t);
    return i;
  }
  Interval scaled(Interval i, TermId factor) {
    auto times = [&](TermId x) { return x == kNoTerm ? x : core_.mul(x, factor); };
    if (is_nonnegative(factor)) return {times(i.min), times(i.max)};
    if (is_nonpositive(factor)) return {times(i.max), times(i.min)};
    if (i.min == kNoTerm || i.max == kNoTerm) return {};
    // The sign of the factor decides at run time.
    TermId low = times(i.min), high = times(i.max);
    TermId zero = core_.pool.constant(core_.pool[factor].dtype, 0);
    TermId is_upright = core_.compare(TermOp::kLe, zero, factor);
    return {core_.select(TermOp::kSelect, is_upright, low, high),
            core_.select(TermOp::kSelect, is_upright, high, low)};
  }
  static TermId add(ArithCore& core, TermId a, TermId b) {
    return a == kNoTerm || b == kNoTerm ? kNoTerm : core.add(a, b);
  }
  Interval sum(const Term& t) {
    TermId base = core_.pool.constant(t.dtype, t.value);
    Interval all{base, base};
    for (std::size_t i = 0; i < t.args.size(); ++i) {
      Interval part = scaled(eval(t.args[i]), core_.pool.constant(t.dtype, t.coefs[i]));
      all = {add(core_, all.min, part.min), add(core_, all.max, part.max)};
    }
    return all;
  }
  Interval product(const Term& t) {
    Interval all = eval(t.args[0]);
    for (std::size_t i = 1; i < t.args.size(); ++i) all = times(all, eval(t.args[i]));
    return all;
  }
  Interval times(Interval a, Interval b) {
    if (b.is_point()) return scaled(a, b.min);
    if (a.is_point()) return scaled(b, a.min);
    if (is_nonnegative(a.min) && is_nonnegative(b.min)) {
      TermId max = a.max == kNoTerm || b.max == kNoTerm ? kNoTerm : core_.mul(a.max, b.max);
      return {core_.mul(a.min, b.min), max};
    }
    if (a.min == kNoTerm || a.max == kNoTerm || b.min == kNoTerm || b.max == kNoTerm) return {};
    TermId corners[] = {core_.mul(a.min, b.min), core_.mul(a.min, b.max), core_.mul(a.max, b.min),
                        core_.mul(a.max, b.max)};
    Interval all{corners[0], corners[0]};
    for (TermId c : corners) {
      all.min = core_.min_max(TermOp::kMin, all.min, c);
      all.max = core_.min_max(TermOp::kMax, all.max, c);
    }
    return all;
  }
  // floor and trunc division both grow with the dividend.
  Interval divided(const Term& t) {
    Interval a = eval(t.args[0]), b = eval(t.args[1]);
    if (!b.is_point()) return {};
    bool is_floor = t.op == TermOp::kFloorDiv;
    auto div = [&](TermId x) {
      if (x == kNoTerm) return x;
      return is_floor ? core_.floor_div(x, b.min) : core_.trunc_div(x, b.min);
    };
    if (is_nonnegative(b.min)) return {div(a.min), div(a.max)};
    if (is_nonpositive(b.min)) return {div(a.max), div(a.min)};
    return {};
  }
  Interval remainder(const Term& t) {
    Interval a = eval(t.args[0]), b = eval(t.args[1]);
    if (!b.is_point() || !is_nonnegative(b.min)) return {};
    TermId zero = core_.pool.constant(t.dtype, 0), one = core_.pool.constant(t.dtype, 1);
    TermId most = core_.sub(b.min, one);
    if (t.op == TermOp::kMod && !is_nonnegative(a.min)) {
      TermId least = core_.sub(zero, most);
      return {least, is_nonpositive(a.max) ? zero : most};
    }
    if (a.min != kNoTerm && a.max != kNoTerm) {
      TermId low = core_.floor_div(a.min, b.min), high = core_.floor_div(a.max, b.min);
      if (low == high) return {core_.floor_mod(a.min, b.min), core_.floor_mod(a.max, b.min)};
    }
    return {zero, most};
  }
  Interval min_max(const Term& t) {
    Interval a = eval(t.args[0]), b = eval(t.args[1]);
    bool is_min = t.op == TermOp::kMin;
    // An absent limit decides where it would be taken, and else leaves the other's.
    auto pick = [&](TermId x, TermId y, bool absent_decides) {
      if (x != kNoTerm && y != kNoTerm) return core_.min_max(t.op, x, y);
      return absent_decides ? kNoTerm : x == kNoTerm ? y : x;
    };
    return {pick(a.min, b.min, is_min), pick(a.max, b.max, !is_min)};
  }
  Interval choice(const Term& t) {
    Interval a = eval(t.args[1]), b = eval(t.args[2]);
    auto join = [&](TermOp op, TermId x, TermId y) {
      return x == kNoTerm || y == kNoTerm ? kNoTerm : core_.min_max(op, x, y);
    };
    return {join(TermOp::kMin, a.min, b.min), join(TermOp::kMax, a.max, b.max)};
  }
  Interval compute(TermId id) {
    const Term& t = core_.pool[id];
    if (t.op == TermOp::kVar) return var(id);
    if (!is_index_type(t.dtype)) return {};
    switch (t.op) {
      case TermOp::kSum:
        return sum(t);
      case TermOp::kProduct:
        return product(t);
      case TermOp::kFloorDiv:
      case TermOp::kDiv:
        return divided(t);
      case TermOp::kFloorMod:
      case TermOp::kMod:
        return remainder(t);
      case TermOp::kMin:
      case TermOp::kMax:
        return min_max(t);
      case TermOp::kSelect:
      case TermOp::kIfThenElse:
        return choice(t);
      case TermOp::kCast: {
        if (!is_index_type(core_.pool[t.args[0]].dtype) || t.dtype != kInt64) return {};
        Interval a = eval(t.args[0]);
        auto cast = [&](TermId x) { return x == kNoTerm ? x : core_.cast(t.dtype, x); };
        return {cast(a.min), cast(a.max)};
      }
      default:
        return {};
    }
  }

  ArithCore& core_;
  std::unordered_map<TermId, Interval> domains_, memo_;
  std::set<TermId> open_;
};

TermId read(ArithCore& core, const Expr& e) {
  return e ? core.simplify(core.pool.read(e)) : kNoTerm;
}
std::vector<std::pair<TermId, ConstIntBound>> constant_limits(ArithCore& core,
                                                              const DomainMap& domains) {
  std::vector<std::pair<TermId, ConstIntBound>> out;
  for (const auto& [var, set] : domains) {
    if (set.empty) continue;
    auto min = set.min ? tir::as_int(set.min) : std::nullopt;
    auto max = set.max ? tir::as_int(set.max) : std::nullopt;
    if (!min && !max) continue;
    out.push_back({core.pool.read(var), {min.value_or(kNegInf), max.value_or(kPosInf)}});
  }
  return out;
}

Expr write(ArithCore& core, TermId t) { return t == kNoTerm ? Expr{} : core.pool.expr(t); }

}  // namespace

IntSet IntSet::from_range(const tir::Range& range, Analyzer& analyzer) {
  Expr one = tir::int_imm(tir::dtype_of(range.extent), 1);
  return interval(analyzer.simplify(range.min), analyzer.simplify(range.min + range.extent - one));
}

bool IntSet::can_prove_point(Analyzer& analyzer) const {
  return is_bounded() && analyzer.can_prove_equal(min, max);
}

tir::Range IntSet::to_range(Analyzer& analyzer) const {
  CHECK(is_bounded()) << "a set without limits is no range";
  Expr one = tir::int_imm(tir::dtype_of(max), 1);
  return {min, analyzer.simplify(max - min + one)};
}

DomainMap domains_of(const RangeMap& ranges, Analyzer& analyzer) {
  DomainMap out;
  for (const auto& [var, range] : ranges) out[var] = IntSet::from_range(range, analyzer);
  return out;
}

IntSet eval_int_set(const Expr& e, const DomainMap& domains, Analyzer& analyzer) {
  ArithCore& core = analyzer.core();
  // Constant limits of the domains hold while the expression is simplified, not for its limits.
  core.push_bounds(constant_limits(core, domains));
  TermId simple = read(core, e);
  core.pop();
  Interval i = IntervalEvaluator(core, domains).eval(simple);
  IntSet set;
  set.min = write(core, i.min);
  set.max = i.max == i.min ? set.min : write(core, i.max);
  return set;
}

IntSet union_of(const std::vector<IntSet>& sets, Analyzer& analyzer) {
  ArithCore& core = analyzer.core();
  IntSet all = IntSet::nothing();
  for (const IntSet& s : sets) {
    if (s.empty) continue;
    if (all.empty) {
      all = s;
      continue;
    }
    auto join = [&](TermOp op, const Expr& x, const Expr& y) {
      if (!x || !y) return Expr{};
      return core.pool.expr(core.min_max(op, read(core, x), read(core, y)));
    };
    all = IntSet::interval(join(TermOp::kMin, all.min, s.min), join(TermOp::kMax, all.max, s.max));
  }
  return all;
}

IntSet intersection_of(const std::vector<IntSet>& sets, Analyzer& analyzer) {
  ArithCore& core = analyzer.core();
  IntSet all = IntSet::everything();
  for (const IntSet& s : sets) {
    if (s.empty) return s;
    auto meet = [&](TermOp op, const Expr& x, const Expr& y) {
      if (!x || !y) return x ? x : y;
      return core.pool.expr(core.min_max(op, read(core, x), read(core, y)));
    };
    all = IntSet::interval(meet(TermOp::kMax, all.min, s.min), meet(TermOp::kMin, all.max, s.max));
  }
  if (all.is_bounded() && analyzer.can_prove_less(all.max, all.min)) return IntSet::nothing();
  return all;
}

bool can_prove_includes(const IntSet& outer, const IntSet& inner, Analyzer& analyzer) {
  if (inner.empty) return true;
  if (outer.empty) return false;
  bool low = !outer.min || (inner.min && analyzer.can_prove_less_equal(outer.min, inner.min));
  bool high = !outer.max || (inner.max && analyzer.can_prove_greater_equal(outer.max, inner.max));
  return low && high;
}

}  // namespace tenon
