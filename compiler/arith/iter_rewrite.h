// How detect_iter_map reads index expressions: a rewriter from expressions to sums of splits, with
// the iterators fused so far, the constraints of the predicate, and the padding that splits need.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compiler/arith/iter_map.h"

namespace tenon {

bool same_mark(const IterMark& a, const IterMark& b, Analyzer& analyzer);
bool same_split(const IterSplit& a, const IterSplit& b, bool with_scale, Analyzer& analyzer);
bool same_sum(const IterSum& a, const IterSum& b, Analyzer& analyzer);
bool can_prove_divisible(const tir::Expr& a, const tir::Expr& b, Analyzer& analyzer);

// iter is in [low, high) (null: no limit on that side).
struct IterConstraint {
  tir::Expr iter, low, high;
};
// Takes the conjuncts of `predicate` apart. Single iterators are narrowed in `iters`; others are
// constraints, smallest first. False when a conjunct cannot be read so.
bool read_constraints(const tir::Expr& predicate, RangeMap& iters,
                      std::vector<IterConstraint>& constraints, Analyzer& analyzer);

class IterRewriter {
 public:
  IterRewriter(const RangeMap& iters, bool simplify_trivial, Analyzer& analyzer);

  // The sum as one fused iterator plus a base. Sets error() and gives an empty sum on failure.
  IterSum rewrite(const tir::Expr& index);
  // The sum as it stands, not fused.
  IterSum rewrite_sum(const tir::Expr& index);
  void add_constraint(const IterConstraint& constraint);
  bool constraints_are_nested() const;

  // First pass: splits that do not divide are noted; second pass: their iterators are padded.
  void set_collecting(bool collecting) { collecting_ = collecting; }
  void set_padding_allowed(bool allowed) { padding_allowed_ = allowed; }
  void set_overlap_allowed(bool allowed) { overlap_allowed_ = allowed; }
  bool has_overlap() const { return has_overlap_; }
  bool requires_padding() const { return !padded_.empty(); }
  tir::Expr padding_predicate() const { return padding_predicate_; }

  bool check_mapping(const std::vector<IterSum>& indices, IterMapLevel level);
  const std::string& error() const { return error_; }

 private:
  struct Fused {
    IterSum flattened, structured;
    IterMark mark;
    tir::Expr offset;
  };
  struct Padded {
    IterSplit split;
    std::vector<tir::Expr> divisors;
    bool is_made = false;
    tir::Expr left;
    IterSplit padded;
  };

  IterSum fail(const std::string& why);
  IterSum visit(const tir::Expr& e);
  IterSum visit_binary(const tir::Binary& node, const tir::Expr& e);
  IterSum multiply(IterSum sum, const tir::Expr& factor);
  void add_to(IterSum& sum, const IterSum& other, int sign);
  std::optional<IterSum> fuse(const IterSum& sum);
  IterSum remember(const IterSum& flattened, const IterSum& structured, const tir::Expr& extent,
                   const tir::Expr& scale, const tir::Expr& base);
  int find_scale(const IterSum& sum, const std::vector<bool>& used, const tir::Expr& scale,
                 const IterSplit* match) const;
  int find_base(const IterSum& sum) const;
  int find_overlapping(const IterSum& sum, const std::vector<bool>& used, const tir::Expr& reach);
  IterSum fuse_with_offset(IterSum sum);
  bool as_single(IterSum& sum);
  IterSum floor_div(IterSum lhs, tir::Expr divisor);
  IterSum floor_mod(IterSum lhs, tir::Expr divisor);
  std::pair<IterSplit, tir::Expr> pad(const IterSplit& split, const tir::Expr& base,
                                      tir::Expr divisor);
  Padded& padded_of(const IterSplit& split);
  void note_padding(const IterSplit& split, const tir::Expr& left, const tir::Expr& new_extent,
                    const tir::Expr& divisor);
  const Fused* find_fused(const IterSum& flattened) const;
  bool uses_iter(const tir::Expr& e) const;

  tir::Expr num(std::int64_t value) const { return tir::int_imm(dtype_, value); }
  tir::Expr simple(const tir::Expr& e) const { return analyzer_.simplify(e); }
  bool is_zero(const tir::Expr& e) const { return tir::is_int(e, 0); }
  bool is_one(const tir::Expr& e) const { return tir::is_int(e, 1); }

  Analyzer& analyzer_;
  DataType dtype_ = kInt32;
  std::map<tir::Expr, IterSum, IdLess> vars_;
  std::vector<IterMark> inputs_;
  std::vector<Fused> fused_;
  std::vector<IterSum> constrained_;  // flattened forms
  std::vector<Padded> padded_;
  bool collecting_ = false, padding_allowed_ = false;
  bool overlap_allowed_ = false, has_overlap_ = false;
  tir::Expr padding_predicate_;
  std::string error_;
};

// The splits of one mark from innermost to outermost, when they cover it as the level asks.
std::optional<std::vector<IterSplit>> order_splits(const IterMark& mark,
                                                   std::vector<IterSplit> splits,
                                                   IterMapLevel level, Analyzer& analyzer);

// Every mark below some sums, with all the splits taken of it, each mark once.
struct MarkUse {
  IterMark mark;
  std::vector<IterSplit> splits;
};
std::vector<MarkUse> collect_marks(const std::vector<IterSum>& sums, Analyzer& analyzer);

}  // namespace tenon
