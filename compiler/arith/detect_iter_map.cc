#include <algorithm>

#include "compiler/arith/iter_map.h"
#include "compiler/arith/iter_rewrite.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;

namespace {

int size_of(const Expr& e) {
  int size = 0;
  tir::walk(e, {.expr = [&](const Expr&) { return ++size > 0; }, .stmt = {}, .buffer = {}});
  return size;
}

class ConstraintReader {
 public:
  ConstraintReader(RangeMap& iters, std::vector<IterConstraint>& out, Analyzer& analyzer)
      : iters_(iters), out_(out), analyzer_(analyzer) {}

  bool read(const Expr& e) {
    if (auto value = tir::as_int(e)) return *value != 0;
    if (const auto* c = e.as<tir::Call>(); c && c->op == tir::Intrinsic::kLikely) {
      return read(c->args[0]);
    }
    const auto* b = e.as<tir::Binary>();
    if (!b) return false;
    if (b->op == BinaryOp::kAnd) return read(b->a) && read(b->b);
    switch (b->op) {
      case BinaryOp::kLt:
        return order(b->a, b->b, 0);
      case BinaryOp::kLe:
        return order(b->a, b->b, 1);
      case BinaryOp::kGt:
        return order(b->b, b->a, 0);
      case BinaryOp::kGe:
        return order(b->b, b->a, 1);
      case BinaryOp::kEq:
        return order(b->a, b->b, 1) && order(b->b, b->a, 1);
      default:
        return false;
    }
  }

 private:
  bool uses_iter(const Expr& e) const {
    for (const Expr& v : tir::vars_of(e)) {
      if (iters_.count(v)) return true;
    }
    return false;
  }
  // a < b + slack
  bool order(Expr a, Expr b, int slack) {
    if (uses_iter(a) && uses_iter(b)) {
      a = analyzer_.simplify(a - b);
      b = tir::int_imm(tir::dtype_of(a), 0);
    }
    Expr one = tir::int_imm(tir::dtype_of(a), 1), zero = tir::int_imm(tir::dtype_of(a), 0);
    Expr s = slack ? one : zero;
    if (uses_iter(a)) return limit(a, {}, analyzer_.simplify(b + s));
    if (uses_iter(b)) return limit(b, analyzer_.simplify(a + one - s), {});
    return true;  // about other variables: nothing to narrow
  }
  bool limit(const Expr& iter, const Expr& low, const Expr& high) {
    if (!iter.as<tir::Var>()) {
      // Iterators with a base: low <= x + c < high.
      out_.push_back({iter, low, high});
      return true;
    }
    tir::Range& range = iters_[iter];
    Expr first = range.min, last = analyzer_.simplify(range.min + range.extent);
    if (low) first = analyzer_.simplify(tir::max(first, low));
    if (high) last = analyzer_.simplify(tir::min(last, high));
    range = {first, analyzer_.simplify(last - first)};
    return !analyzer_.can_prove_less_equal(last, first);
  }

  RangeMap& iters_;
  std::vector<IterConstraint>& out_;
  Analyzer& analyzer_;
};

IterMapResult failure(const std::string& why) {
  IterMapResult r;
  r.error = why.empty() ? "no map" : why;
  return r;
}

bool ranges_name_iterators(const RangeMap& iters) {
  for (const auto& [var, range] : iters) {
    for (const Expr& limit : {range.min, range.extent}) {
      for (const Expr& v : tir::vars_of(limit)) {
        if (iters.count(v)) return true;
      }
    }
  }
  return false;
}

}  // namespace

bool read_constraints(const Expr& predicate, RangeMap& iters,
                      std::vector<IterConstraint>& constraints, Analyzer& analyzer) {
  if (predicate && !ConstraintReader(iters, constraints, analyzer).read(predicate)) return false;
  std::stable_sort(constraints.begin(), constraints.end(),
                   [](const IterConstraint& a, const IterConstraint& b) {
                     return size_of(a.iter) < size_of(b.iter);
                   });
  return true;
}

IterMapResult detect_iter_map(const std::vector<Expr>& indices, const RangeMap& iters,
                              const Expr& predicate, Analyzer& analyzer,
                              const IterMapOptions& options) {
  RangeMap narrowed = iters;
  std::vector<IterConstraint> constraints;
  if (!read_constraints(predicate, narrowed, constraints, analyzer)) {
    return failure("the predicate is no conjunction of bounds on iterators");
  }
  if (ranges_name_iterators(narrowed)) return failure("iterators with limits of one another");
  IterRewriter rewriter(narrowed, options.simplify_trivial, analyzer);
  bool may_pad = options.level != IterMapLevel::kBijective;
  rewriter.set_padding_allowed(may_pad);
  rewriter.set_overlap_allowed(may_pad);
  for (const IterConstraint& c : constraints) {
    rewriter.add_constraint(c);
    if (!rewriter.error().empty()) return failure(rewriter.error());
  }
  if (!rewriter.constraints_are_nested()) return failure("constraints that overlap");
  IterMapResult result;
  auto rewrite_all = [&] {
    result.indices.clear();
    for (const Expr& index : indices) {
      result.indices.push_back(rewriter.rewrite(index));
      if (!rewriter.error().empty()) return false;
    }
    return true;
  };
  rewriter.set_collecting(may_pad);
  if (!rewrite_all()) return failure(rewriter.error());
  rewriter.set_collecting(false);
  if (rewriter.requires_padding() && !rewrite_all()) return failure(rewriter.error());
  if (!rewriter.check_mapping(result.indices, options.level)) return failure(rewriter.error());
  result.has_overlap = rewriter.has_overlap();
  result.padding_predicate = rewriter.padding_predicate();
  return result;
}

std::optional<IterSum> normalize_to_iter_sum(const Expr& index, const RangeMap& iters,
                                             Analyzer& analyzer) {
  IterRewriter rewriter(iters, true, analyzer);
  rewriter.set_padding_allowed(true);
  IterSum sum = rewriter.rewrite_sum(analyzer.simplify(index));
  if (!rewriter.error().empty()) return std::nullopt;
  std::stable_sort(sum.args.begin(), sum.args.end(), [](const IterSplit& a, const IterSplit& b) {
    auto x = tir::as_int(a.scale), y = tir::as_int(b.scale);
    if (!x || !y) return !x && y;
    return std::abs(*x) > std::abs(*y);
  });
  return sum;
}

}  // namespace tenon
