// Padding of splits that do not divide, and the final check: every iterator is covered by the
// splits taken of it.
#include <algorithm>

#include "compiler/arith/iter_rewrite.h"

namespace tenon {

using tir::Expr;

IterRewriter::Padded& IterRewriter::padded_of(const IterSplit& split) {
  for (Padded& p : padded_) {
    if (same_split(p.split, split, true, analyzer_)) return p;
  }
  padded_.push_back({split, {}, false, {}, {}});
  return padded_.back();
}

// (split + base) divided by divisor: how the iterator must be padded on the left, and the padded
// one, so that blocks of the divisor begin and end at its ends.
std::pair<IterSplit, Expr> IterRewriter::pad(const IterSplit& split, const Expr& base,
                                             Expr divisor) {
  if (!padding_allowed_) {
    // Without padding the shift must be a multiple of the divisor.
    return {split, simple(tir::floor_mod(base, divisor))};
  }
  auto known = std::find_if(padded_.begin(), padded_.end(), [&](const Padded& p) {
    return same_split(p.split, split, true, analyzer_);
  });
  if (!collecting_ && known != padded_.end()) {
    for (const Expr& other : known->divisors) {
      if (can_prove_divisible(other, divisor, analyzer_)) {
        divisor = other;
      } else if (!can_prove_divisible(divisor, other, analyzer_)) {
        fail("an iterator is divided by numbers that do not divide one another");
        return {split, num(0)};
      }
    }
  }
  Expr left = simple(tir::floor_mod(base, divisor));
  Expr right_edge = simple(left + split.extent);
  Expr right = can_prove_divisible(right_edge, divisor, analyzer_)
                   ? num(0)
                   : simple(tir::floor_mod(num(0) - right_edge, divisor));
  bool is_needed = !is_zero(left) || !is_zero(right);
  if (collecting_) {
    if (is_needed) padded_of(split).divisors.push_back(divisor);
    return {split, left};
  }
  if (!is_needed && (known == padded_.end() || !known->is_made)) return {split, left};
  Padded& p = padded_of(split);
  if (p.is_made) {
    if (!analyzer_.can_prove_equal(p.left, left)) fail("an iterator is padded in two ways");
    return {p.padded, left};
  }
  Expr extent = simple(right_edge + right);
  IterMark mark{{}, std::make_shared<IterSum>(IterSum{{split}, left}), extent};
  p.is_made = true;
  p.left = left;
  p.padded = {mark, num(1), extent, num(1)};
  note_padding(split, left, extent, divisor);
  return {p.padded, left};
}

// Says where a padded iterator is beyond its ends, block by block of the divisor: so written it
// simplifies well in terms of the quotient and the remainder.
void IterRewriter::note_padding(const IterSplit& split, const Expr& left, const Expr& new_extent,
                                const Expr& divisor) {
  Expr position = simple(normalize_iter_map_to_expr(split) + left);
  Expr block = tir::floor_div(position, divisor), rest = tir::floor_mod(position, divisor);
  auto add = [&](const Expr& condition) {
    padding_predicate_ = tir::is_int(padding_predicate_, 0)
                             ? condition
                             : tir::binary(tir::BinaryOp::kOr, padding_predicate_, condition);
  };
  if (!is_zero(left)) {
    add(tir::logical_and(tir::equal(block, num(0)), tir::less(rest, left)));
  }
  Expr right_edge = simple(left + split.extent);
  if (!analyzer_.can_prove_equal(right_edge, new_extent)) {
    Expr last = simple(tir::floor_div(right_edge, divisor));
    Expr used = simple(tir::floor_mod(right_edge, divisor));
    add(tir::logical_and(tir::equal(block, last), tir::less_equal(used, rest)));
  }
}

namespace {

class Collector {
 public:
  explicit Collector(Analyzer& analyzer) : analyzer_(analyzer) {}
  void sum(const IterSum& s) {
    for (const IterSplit& split : s.args) add(split);
  }
  std::vector<MarkUse> uses;

 private:
  void add(const IterSplit& split) {
    for (MarkUse& u : uses) {
      if (same_mark(u.mark, split.source, analyzer_)) {
        u.splits.push_back(split);
        return;
      }
    }
    uses.push_back({split.source, {split}});
    if (split.source.sum) sum(*split.source.sum);
  }
  Analyzer& analyzer_;
};

}  // namespace

std::vector<MarkUse> collect_marks(const std::vector<IterSum>& sums, Analyzer& analyzer) {
  Collector collector(analyzer);
  for (const IterSum& s : sums) collector.sum(s);
  return collector.uses;
}

std::optional<std::vector<IterSplit>> order_splits(const IterMark& mark,
                                                   std::vector<IterSplit> splits,
                                                   IterMapLevel level, Analyzer& analyzer) {
  std::vector<IterSplit> out;
  Expr expected = tir::int_imm(tir::dtype_of(mark.extent), 1);
  while (!splits.empty()) {
    auto at = std::find_if(splits.begin(), splits.end(), [&](const IterSplit& s) {
      return analyzer.can_prove_equal(s.lower_factor, expected);
    });
    if (at == splits.end()) {
      // Some inner positions are not used: right unless each must be told from the others.
      if (level == IterMapLevel::kBijective) return std::nullopt;
      at = std::find_if(splits.begin(), splits.end(), [&](const IterSplit& s) {
        return can_prove_divisible(s.lower_factor, expected, analyzer);
      });
      if (at == splits.end()) return std::nullopt;
      for (auto it = splits.begin(); it != splits.end(); ++it) {
        auto a = tir::as_int(it->lower_factor), b = tir::as_int(at->lower_factor);
        bool is_nearer = a && b && *a < *b;
        if (is_nearer && can_prove_divisible(it->lower_factor, expected, analyzer)) at = it;
      }
    }
    out.push_back(*at);
    expected = analyzer.simplify(at->lower_factor * at->extent);
    splits.erase(at);
  }
  if (level == IterMapLevel::kNoCheck) return out;
  bool is_full = analyzer.can_prove_equal(expected, mark.extent);
  if (is_full) return out;
  if (level == IterMapLevel::kBijective) return std::nullopt;
  if (!can_prove_divisible(mark.extent, expected, analyzer)) return std::nullopt;
  return out;
}

namespace {

// Whether the values that `inside` of the positions [left, left + inside) take reach every
// combination of the splits, which are ordered from the innermost.
bool reaches_all(const std::vector<IterSplit>& splits, std::int64_t left, std::int64_t inside) {
  std::int64_t inner = 0, outer = 0;
  for (const IterSplit& s : splits) {
    auto lower = tir::as_int(s.lower_factor), extent = tir::as_int(s.extent);
    if (!lower || !extent) return false;
    if (inner == 0) inner = *lower;
    outer = *lower * *extent;
  }
  // Whole blocks of the innermost factor that are touched, among outer / inner different ones.
  std::int64_t first = left / inner, last = (left + inside - 1) / inner;
  return last - first + 1 >= outer / inner;
}

}  // namespace

bool IterRewriter::check_mapping(const std::vector<IterSum>& indices, IterMapLevel level) {
  std::vector<MarkUse> uses = collect_marks(indices, analyzer_);
  for (const MarkUse& u : uses) {
    auto ordered = order_splits(u.mark, u.splits, level, analyzer_);
    if (!ordered) {
      fail("an iterator is not covered by the splits taken of it");
      return false;
    }
    if (level == IterMapLevel::kNoCheck) continue;
    for (const Padded& p : padded_) {
      if (!p.is_made || !same_mark(p.padded.source, u.mark, analyzer_)) continue;
      auto left = tir::as_int(p.left), inside = tir::as_int(p.split.extent);
      if (!left || !inside || !reaches_all(*ordered, *left, *inside)) {
        fail("a padded iterator does not reach all its positions");
        return false;
      }
    }
  }
  if (level != IterMapLevel::kBijective) return true;
  for (const IterMark& input : inputs_) {
    bool is_used = std::any_of(uses.begin(), uses.end(), [&](const MarkUse& u) {
      return same_mark(u.mark, input, analyzer_);
    });
    if (!is_used && !is_one(input.extent)) {
      fail("an iterator is not used");
      return false;
    }
  }
  return true;
}

}  // namespace tenon
