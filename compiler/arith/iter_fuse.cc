// Fusing: a sum of splits whose scales are the products of the extents inside them is one iterator.
#include <algorithm>

#include "compiler/arith/iter_rewrite.h"
#include "compiler/support/error.h"

namespace tenon {

using tir::Expr;

const IterRewriter::Fused* IterRewriter::find_fused(const IterSum& flattened) const {
  for (const Fused& f : fused_) {
    if (same_sum(f.flattened, flattened, analyzer_)) return &f;
  }
  return nullptr;
}

// The split with the smallest scale; the last of equals; constant scales before symbolic ones.
int IterRewriter::find_base(const IterSum& sum) const {
  int found = -1;
  std::int64_t least = 0;
  for (std::size_t i = sum.args.size(); i-- > 0;) {
    auto scale = tir::as_int(sum.args[i].scale);
    if (!scale) continue;
    std::int64_t size = std::abs(*scale);
    // Of equal scales one of extent 1 comes first: it adds nothing to what lies above it.
    bool is_better = found < 0 || size < least ||
                     (size == least && is_one(sum.args[i].extent) &&
                      !is_one(sum.args[static_cast<std::size_t>(found)].extent));
    if (!is_better) continue;
    found = static_cast<int>(i);
    least = size;
  }
  return found >= 0 || sum.args.empty() ? found : static_cast<int>(sum.args.size()) - 1;
}

int IterRewriter::find_scale(const IterSum& sum, const std::vector<bool>& used, const Expr& scale,
                             const IterSplit* match) const {
  int found = -1;
  for (std::size_t i = sum.args.size(); i-- > 0;) {
    if (used[i]) continue;
    if (match && !same_split(sum.args[i], *match, false, analyzer_)) continue;
    if (!analyzer_.can_prove_equal(sum.args[i].scale, scale)) continue;
    if (is_one(sum.args[i].extent)) return static_cast<int>(i);
    if (found < 0) found = static_cast<int>(i);
  }
  return found;
}

// An iterator that steps by less than what is reached: y * 2 + r with r in [0, 3). The values are
// dense all the same, but reached more than once.
int IterRewriter::find_overlapping(const IterSum& sum, const std::vector<bool>& used,
                                   const Expr& reach) {
  auto limit = tir::as_int(reach);
  if (!overlap_allowed_ || !limit) return -1;
  int found = -1;
  std::int64_t least = 0;
  for (std::size_t i = sum.args.size(); i-- > 0;) {
    auto scale = tir::as_int(sum.args[i].scale);
    if (used[i] || !scale || *scale <= 0 || *scale >= *limit) continue;
    if (found >= 0 && *scale >= least) continue;
    found = static_cast<int>(i);
    least = *scale;
  }
  has_overlap_ |= found >= 0 && !is_one(sum.args[static_cast<std::size_t>(found)].extent);
  return found;
}

std::optional<IterSum> IterRewriter::fuse(const IterSum& sum) {
  std::size_t n = sum.args.size();
  std::vector<bool> used(n, false);
  std::vector<IterSplit> flat, grouped;  // innermost first
  int base_index = find_base(sum);
  Expr base_scale = sum.args[static_cast<std::size_t>(base_index)].scale;
  // How far the iterators so far reach, which is the scale of the next one.
  Expr expected = base_scale, extra = num(0);
  auto relative = [&](const Expr& scale) { return simple(tir::floor_div(scale, base_scale)); };
  for (std::size_t done = 0; done < n;) {
    int j = done == 0 ? base_index : find_scale(sum, used, expected, nullptr);
    if (j < 0) j = find_overlapping(sum, used, expected);
    if (j < 0) return std::nullopt;
    const IterSplit& split = sum.args[static_cast<std::size_t>(j)];
    // The longest constraint whose innermost part is this split tells how far the group reaches.
    const IterSum* constraint = nullptr;
    for (const IterSum& c : constrained_) {
      if (same_split(split, c.args.back(), false, analyzer_) &&
          (!constraint || constraint->args.size() < c.args.size())) {
        constraint = &c;
      }
    }
    if (!constraint) {
      used[static_cast<std::size_t>(j)] = true;
      IterSplit part = split;
      part.scale = relative(split.scale);
      flat.push_back(part);
      grouped.push_back(part);
      expected = done == 0 ? simple(expected * split.extent)
                           : simple(expected + (split.extent - num(1)) * split.scale);
      ++done;
      continue;
    }
    for (auto it = constraint->args.rbegin(); it != constraint->args.rend(); ++it) {
      int k = find_scale(sum, used, simple(it->scale * expected), &*it);
      if (k < 0) return std::nullopt;
      used[static_cast<std::size_t>(k)] = true;
      IterSplit part = sum.args[static_cast<std::size_t>(k)];
      part.scale = relative(part.scale);
      flat.push_back(part);
    }
    const Fused* f = find_fused(*constraint);
    CHECK(f) << "a constraint that was never fused";
    grouped.push_back({f->mark, num(1), f->mark.extent, relative(expected)});
    extra = simple(extra + f->offset * expected);
    expected = simple(expected * f->mark.extent);
    done += constraint->args.size();
  }
  std::reverse(flat.begin(), flat.end());
  std::reverse(grouped.begin(), grouped.end());
  Expr base = simple(sum.base + extra);
  return remember({flat, num(0)}, {grouped, num(0)}, relative(expected), base_scale, base);
}

// The fused iterator of these splits, the same one each time it is asked for.
IterSum IterRewriter::remember(const IterSum& flattened, const IterSum& structured,
                               const Expr& extent, const Expr& scale, const Expr& base) {
  if (const Fused* old = find_fused(flattened)) {
    return {{{old->mark, num(1), old->mark.extent, scale}}, base};
  }
  IterMark mark{{}, std::make_shared<IterSum>(structured), extent};
  fused_.push_back({flattened, structured, mark, num(0)});
  return {{{mark, num(1), extent, scale}}, base};
}

void IterRewriter::add_constraint(const IterConstraint& c) {
  IterSum sum = rewrite_sum(c.iter);
  if (!error_.empty() || sum.args.empty()) return;
  Expr low = c.low, high = c.high;
  if (low) low = simple(low - sum.base);
  if (high) high = simple(high - sum.base);
  sum.base = num(0);
  auto fused = fuse(sum);
  if (!fused || !is_one(fused->args[0].scale)) {
    fail("the predicate bounds what is not one fused iterator");
    return;
  }
  auto at = std::find_if(fused_.begin(), fused_.end(), [&](const Fused& f) {
    return f.mark.sum && f.mark.sum == fused->args[0].source.sum;
  });
  CHECK(at != fused_.end()) << "a fused iterator that is not remembered";
  Expr first = at->offset, last = simple(first + at->mark.extent);
  if (low) first = simple(tir::max(low, first));
  if (high) last = simple(tir::min(high, last));
  IterSum shifted = at->structured;
  shifted.base = simple(shifted.base - first);
  at->mark = {{}, std::make_shared<IterSum>(shifted), simple(last - first)};
  at->offset = first;
  constrained_.push_back(at->flattened);
}

// Two constraints are about different iterators, or one is about a part of the other.
bool IterRewriter::constraints_are_nested() const {
  auto contains = [&](const IterSum& sum, const IterSplit& split) {
    return std::any_of(sum.args.begin(), sum.args.end(),
                       [&](const IterSplit& x) { return same_split(x, split, false, analyzer_); });
  };
  for (std::size_t i = 0; i < constrained_.size(); ++i) {
    for (std::size_t j = i + 1; j < constrained_.size(); ++j) {
      const IterSum &a = constrained_[i], &b = constrained_[j];
      std::size_t shared = 0;
      for (const IterSplit& s : a.args) shared += contains(b, s);
      if (shared != 0 && shared != std::min(a.args.size(), b.args.size())) return false;
    }
  }
  return true;
}

}  // namespace tenon
