#include "compiler/arith/iter_rewrite.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;

bool can_prove_divisible(const Expr& a, const Expr& b, Analyzer& analyzer) {
  auto x = tir::as_int(a), y = tir::as_int(b);
  if (y && *y == 0) return false;
  if (x && *x == 0) return true;
  if (x && y) return *x % *y == 0;
  return tir::is_int(analyzer.simplify(tir::floor_mod(a, b)), 0);
}

namespace {

bool same_expr(const Expr& a, const Expr& b, Analyzer& analyzer) {
  if (a.same_as(b)) return true;
  auto x = tir::as_int(a), y = tir::as_int(b);
  if (x && y) return *x == *y;
  return analyzer.can_prove_equal(a, b);
}

}  // namespace

bool same_mark(const IterMark& a, const IterMark& b, Analyzer& analyzer) {
  if (!same_expr(a.extent, b.extent, analyzer)) return false;
  if (a.source && b.source) return tir::structural_equal(a.source, b.source);
  if (!a.sum || !b.sum) return false;
  return a.sum == b.sum || same_sum(*a.sum, *b.sum, analyzer);
}

bool same_split(const IterSplit& a, const IterSplit& b, bool with_scale, Analyzer& analyzer) {
  return same_expr(a.lower_factor, b.lower_factor, analyzer) &&
         same_expr(a.extent, b.extent, analyzer) &&
         (!with_scale || same_expr(a.scale, b.scale, analyzer)) &&
         same_mark(a.source, b.source, analyzer);
}

bool same_sum(const IterSum& a, const IterSum& b, Analyzer& analyzer) {
  if (a.args.size() != b.args.size() || !same_expr(a.base, b.base, analyzer)) return false;
  for (std::size_t i = 0; i < a.args.size(); ++i) {
    if (!same_split(a.args[i], b.args[i], true, analyzer)) return false;
  }
  return true;
}

IterRewriter::IterRewriter(const RangeMap& iters, bool simplify_trivial, Analyzer& analyzer)
    : analyzer_(analyzer) {
  if (!iters.empty()) dtype_ = tir::dtype_of(iters.begin()->first);
  padding_predicate_ = tir::bool_imm(false);
  for (const auto& [var, range] : iters) {
    Expr min = simple(range.min), extent = simple(range.extent);
    DataType dtype = tir::dtype_of(var);
    if (simplify_trivial && is_one(extent)) {
      vars_[var] = {{}, min};
      continue;
    }
    IterMark mark{is_zero(min) ? var : simple(var - min), nullptr, extent};
    Expr one = tir::int_imm(dtype, 1);
    vars_[var] = {{{mark, one, extent, one}}, min};
    inputs_.push_back(mark);
  }
}

IterSum IterRewriter::fail(const std::string& why) {
  if (error_.empty()) error_ = why;
  return {{}, num(0)};
}

bool IterRewriter::uses_iter(const Expr& e) const {
  for (const Expr& v : tir::vars_of(e)) {
    if (vars_.count(v)) return true;
  }
  return false;
}

IterSum IterRewriter::visit(const Expr& e) {
  if (e.as<tir::IntImm>()) return {{}, e};
  if (e.as<tir::Var>()) {
    auto at = vars_.find(e);
    return at == vars_.end() ? IterSum{{}, simple(e)} : at->second;
  }
  if (const auto* b = e.as<tir::Binary>()) return visit_binary(*b, e);
  if (!uses_iter(e)) return {{}, simple(e)};
  return fail("an index is no sum, product, quotient or remainder of iterators");
}

IterSum IterRewriter::visit_binary(const tir::Binary& node, const Expr& e) {
  bool is_sum = node.op == BinaryOp::kAdd || node.op == BinaryOp::kSub;
  bool is_div = node.op == BinaryOp::kFloorDiv, is_mod = node.op == BinaryOp::kFloorMod;
  if (!is_sum && !is_div && !is_mod && node.op != BinaryOp::kMul) {
    if (!uses_iter(e)) return {{}, simple(e)};
    return fail("an operator that is not affine in an index");
  }
  IterSum a = visit(node.a), b = visit(node.b);
  if (!error_.empty()) return a;
  if (is_sum) {
    add_to(a, b, node.op == BinaryOp::kAdd ? 1 : -1);
    return a;
  }
  if (a.args.empty() && b.args.empty()) return {{}, simple(tir::binary(node.op, a.base, b.base))};
  if (node.op == BinaryOp::kMul) {
    if (!a.args.empty() && !b.args.empty()) return fail("a product of two iterators");
    return b.args.empty() ? multiply(std::move(a), b.base) : multiply(std::move(b), a.base);
  }
  if (!b.args.empty()) return fail("a divisor that is an iterator");
  return is_div ? floor_div(std::move(a), b.base) : floor_mod(std::move(a), b.base);
}

IterSum IterRewriter::multiply(IterSum sum, const Expr& factor) {
  sum.base = simple(sum.base * factor);
  if (is_zero(simple(factor))) sum.args.clear();
  for (IterSplit& s : sum.args) s.scale = simple(s.scale * factor);
  return sum;
}

void IterRewriter::add_to(IterSum& sum, const IterSum& other, int sign) {
  sum.base = simple(sign > 0 ? sum.base + other.base : sum.base - other.base);
  for (IterSplit s : other.args) {
    if (sign < 0) s.scale = simple(num(0) - s.scale);
    auto at = std::find_if(sum.args.begin(), sum.args.end(),
                           [&](const IterSplit& x) { return same_split(x, s, false, analyzer_); });
    if (at == sum.args.end()) {
      sum.args.push_back(s);
      continue;
    }
    at->scale = simple(at->scale + s.scale);
    if (is_zero(at->scale)) sum.args.erase(at);
  }
}

IterSum IterRewriter::rewrite_sum(const Expr& index) {
  dtype_ = tir::dtype_of(index);
  return visit(index);
}

IterSum IterRewriter::rewrite(const Expr& index) {
  IterSum sum = rewrite_sum(index);
  return error_.empty() ? fuse_with_offset(std::move(sum)) : sum;
}

IterSum IterRewriter::fuse_with_offset(IterSum sum) {
  if (sum.args.empty()) return sum;
  Expr base = sum.base;
  sum.base = num(0);
  auto fused = fuse(sum);
  if (!fused) return fail("iterators of an index do not lie one inside the other");
  fused->base = simple(fused->base + base);
  return *fused;
}

// One split and a base: a dividend.
bool IterRewriter::as_single(IterSum& sum) {
  if (sum.args.size() == 1) return true;
  Expr base = sum.base;
  sum.base = num(0);
  auto fused = fuse(sum);
  if (!fused) {
    fail("a dividend whose iterators do not lie one inside the other");
    return false;
  }
  sum = *fused;
  sum.base = simple(sum.base + base);
  return true;
}

// ((source // lower % extent) * scale + base) // divisor
IterSum IterRewriter::floor_div(IterSum lhs, Expr divisor) {
  if (!as_single(lhs)) return lhs;
  IterSplit split = lhs.args[0];
  Expr base = lhs.base;
  if (is_one(divisor)) return lhs;
  if (!is_one(split.scale)) {
    bool scale_by = can_prove_divisible(split.scale, divisor, analyzer_);
    if (scale_by && can_prove_divisible(base, divisor, analyzer_)) {
      split.scale = simple(tir::floor_div(split.scale, divisor));
      return {{split}, simple(tir::floor_div(base, divisor))};
    }
    if (!can_prove_divisible(divisor, split.scale, analyzer_) ||
        !can_prove_divisible(base, split.scale, analyzer_)) {
      return fail("a quotient whose divisor and scale do not divide one another");
    }
    base = simple(tir::floor_div(base, split.scale));
    divisor = simple(tir::floor_div(divisor, split.scale));
    split.scale = num(1);
    if (is_one(divisor)) return {{split}, base};
  }
  auto [padded, left] = pad(split, base, divisor);
  IterSplit out;
  if (can_prove_divisible(padded.extent, divisor, analyzer_)) {
    out = {padded.source, simple(padded.lower_factor * divisor),
           simple(tir::floor_div(padded.extent, divisor)), num(1)};
  } else {
    Expr count = simple(tir::floor_div(padded.extent + divisor - num(1), divisor));
    bool is_whole = is_one(padded.lower_factor) &&
                    analyzer_.can_prove_equal(padded.extent, padded.source.extent);
    IterMark mark = padded.source;
    if (!is_whole) {
      mark = {{}, std::make_shared<IterSum>(IterSum{{padded}, num(0)}), padded.extent};
    }
    out = {mark, divisor, count, num(1)};
  }
  return {{out}, simple(tir::floor_div(base - left, divisor))};
}

IterSum IterRewriter::floor_mod(IterSum lhs, Expr divisor) {
  if (!as_single(lhs)) return lhs;
  IterSplit split = lhs.args[0];
  Expr base = lhs.base, scale = num(1);
  if (is_one(divisor)) return {{}, num(0)};
  if (!is_one(split.scale)) {
    if (can_prove_divisible(split.scale, divisor, analyzer_)) {
      return {{}, simple(tir::floor_mod(base, divisor))};
    }
    if (!can_prove_divisible(divisor, split.scale, analyzer_) ||
        !can_prove_divisible(base, split.scale, analyzer_)) {
      return fail("a remainder whose divisor and scale do not divide one another");
    }
    base = simple(tir::floor_div(base, split.scale));
    divisor = simple(tir::floor_div(divisor, split.scale));
    scale = split.scale;
    split.scale = num(1);
  }
  auto [padded, left] = pad(split, base, divisor);
  bool rest_is_whole = can_prove_divisible(simple(base - left), divisor, analyzer_);
  if (!rest_is_whole) return fail("a remainder of a shifted iterator");
  if (can_prove_divisible(padded.extent, divisor, analyzer_)) {
    return {{{padded.source, padded.lower_factor, divisor, scale}}, num(0)};
  }
  IterMark mark{{}, std::make_shared<IterSum>(IterSum{{padded}, num(0)}), padded.extent};
  return {{{mark, num(1), divisor, scale}}, num(0)};
}

}  // namespace tenon
