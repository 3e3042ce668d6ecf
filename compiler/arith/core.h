// The engine behind Analyzer, on terms. Each group of functions has a file of its own:
// core_facts (what is known), core_bound, core_modular, core_prove, simplify_sum, simplify_div,
// simplify_minmax, simplify_compare, simplify_logic, simplify_vector, rules.
#pragma once
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/arith/integer.h"
#include "compiler/arith/term.h"

namespace tenon {

class ArithCore {
 public:
  ArithCore();

  TermPool pool;

  // --- facts. push() and pop() bracket what holds only for a while.
  void push(TermId condition);
  void push_bounds(const std::vector<std::pair<TermId, ConstIntBound>>& bounds);
  void pop();
  void assume(TermId condition);
  // As assume, but nothing is concluded about other terms than the variable: what is said of a loop
  // variable is forgotten with it.
  void assume_of(TermId var, TermId condition);
  void bind_bound(TermId var, ConstIntBound bound);
  bool is_bound_to(TermId var, ConstIntBound bound) const;
  void bind_value(TermId var, TermId value);
  // Forgets what was bound to the variable.
  void unbind(TermId var);
  bool has_scopes() const { return !scopes_.empty(); }

  // --- questions.
  ConstIntBound bound(TermId t);
  ConstIntBound bound(const Linear& linear);
  ModularSet modular(TermId t);
  ModularSet modular(const Linear& linear);
  // Whether linear <= 0 (>= 0, != 0) always; proofs use the known facts.
  bool prove_nonpositive(const Linear& linear);
  bool prove_nonnegative(Linear linear);
  bool prove_nonzero(const Linear& linear);
  bool prove(TermId condition);
  // Sums inside products multiplied out: equal polynomials give equal sums.
  Linear expand(const Linear& linear);
  // a - b, multiplied out.
  Linear difference(TermId a, TermId b);

  // --- simplification.
  TermId simplify(TermId t);
  // Simplifies `t` where `condition` holds.
  TermId simplify_under(TermId condition, TermId t);
  // The same for what is simplified already; `t` itself when it is large or this is such a look.
  TermId look_again_under(TermId condition, TermId t);
  tir::Expr simplify_expr(const tir::Expr& e);
  tir::Expr simplify_with_float_zero(const tir::Expr& e);
  // A leaf that is no variable: loads, calls, floats and vectors (simplify_vector.cc).
  tir::Expr simplify_leaf(const tir::Expr& e);

  // --- building simplified terms from simplified terms.
  Linear linear(TermId t) const;
  // The sum as a term, divisions and remainders of one dividend joined; kNoTerm when a number
  // leaves the type.
  TermId finish(Linear linear, DataType dtype);
  TermId add(TermId a, TermId b);
  TermId sub(TermId a, TermId b);
  TermId mul(TermId a, TermId b);
  TermId floor_div(TermId a, TermId b);
  TermId floor_mod(TermId a, TermId b);
  TermId trunc_div(TermId a, TermId b);
  TermId trunc_mod(TermId a, TermId b);
  TermId min_max(TermOp op, TermId a, TermId b);
  TermId compare(TermOp op, TermId a, TermId b);
  // linear <= 0, == 0, != 0
  TermId compare_zero(TermOp op, Linear linear, DataType dtype);
  TermId logical_and(TermId a, TermId b);
  TermId logical_or(TermId a, TermId b);
  TermId logical_not(TermId a);
  TermId select(TermOp op, TermId c, TermId a, TermId b);
  TermId cast(DataType dtype, TermId a);
  // Applies any of the above; args are simplified.
  TermId apply(TermOp op, DataType dtype, const std::vector<TermId>& args);
  // The first rule of the table that matches the term, applied; kNoTerm when there is none.
  TermId apply_rules(TermId t);

 private:
  friend class RuleMatcher;
  struct Scope {
    std::size_t num_facts, num_undo;
    std::uint32_t epoch;
  };
  // What an entry was before a change, to be put back by pop().
  struct Undo {
    enum Kind : std::uint8_t { kBound, kModular, kTruth } kind;
    TermId term;
    bool had;
    ConstIntBound bound;
    ModularSet modular;
    bool truth;
  };
  template <class T>
  struct Memo {
    std::uint32_t epoch = 0;
    T value{};
  };

  // core_facts.cc
  bool mentions(TermId t, TermId var) const;
  void new_epoch();
  void add_condition(TermId condition);
  void add_literal(TermId condition, bool truth);
  void add_fact(const Linear& nonpositive);
  void add_fact_of_atom(TermId atom, std::int64_t coef, std::int64_t base);
  void add_equality(const Linear& zero);
  void tighten(TermId atom, ConstIntBound bound);
  void set_modular(TermId atom, ModularSet set);
  std::optional<bool> known_truth(TermId condition) const;

  // core_bound.cc, core_modular.cc
  ConstIntBound compute_bound(TermId t);
  ConstIntBound bound_from_facts(const Linear& linear, ConstIntBound known) const;
  ConstIntBound bound_of_mod(const Term& t);
  ModularSet compute_modular(TermId t);

  // core_prove.cc
  bool prove_with_facts(const Linear& linear, int depth, int& budget);
  std::optional<Linear> eliminate(const Linear& linear, const LinearTerm& term, const Linear& fact);
  void expand_into(Linear& out, const std::vector<TermId>& factors, std::int64_t coef,
                   DataType dtype, int& budget);

  // simplify_*.cc
  TermId simplify_new(TermId t);
  TermId settle(TermId t);
  TermId resum(TermId id);
  TermId reproduct(const Term& t);
  bool join_once(Linear& linear);
  bool join_pair(Linear& linear, std::size_t i, std::size_t j);
  bool join_with_sum(Linear& linear, LinearTerm term);
  bool join_with_rest(Linear& linear, LinearTerm term, std::int64_t divisor);
  TermId div_const(Linear linear, std::int64_t divisor, DataType dtype);
  TermId div_nested(const Linear& sum, std::int64_t divisor, DataType dtype);
  TermId div_split_coefs(Linear sum, Linear quotient, std::int64_t divisor, DataType dtype);
  TermId mod_const(Linear linear, std::int64_t divisor, DataType dtype);
  TermId div_symbol(TermId a, TermId b);
  TermId mod_symbol(TermId a, TermId b);
  std::optional<std::int64_t> stride_of_rest(const Linear& rest, std::int64_t stride);
  Linear take_multiples(Linear& sum, TermId divisor, DataType dtype);
  bool is_within(const Linear& sum, TermId divisor);
  TermId and_or(TermOp op, TermId a, TermId b);
  TermId min_max_pair(TermOp op, TermId a, TermId b);
  TermId with_common_part(TermOp op, TermId a, TermId b);
  TermId compare_index(TermOp op, TermId a, TermId b);
  bool tighten_by_stride(TermOp op, Linear& linear);
  std::optional<Linear> without_division(TermOp& op, const Linear& linear);
  TermId compare_parts(TermOp op, const Linear& linear, DataType dtype);
  Linear product_of(TermId a, TermId b);
  TermId factored(const Linear& linear, DataType dtype);
  TermId build_comparison(TermOp op, const Linear& linear, DataType dtype);
  std::optional<bool> decide(TermOp op, const Linear& linear);
  TermId simplify_branching(const Term& t);
  TermId simplify_and_or(const Term& t);
  tir::Expr simplify_vector(const tir::Binary& node);
  tir::Expr divide_ramp(const tir::Ramp& ramp, int lanes, const tir::Expr& divisor, bool is_div);
  tir::Expr simplify_let(const tir::Expr& e, const tir::Let& let);
  tir::Expr simplify_guarded(const tir::Expr& e, const tir::Call& call);
  std::vector<TermId> flatten(TermOp op, TermId t) const;

  std::vector<Linear> facts_;  // each is <= 0
  std::unordered_map<TermId, ConstIntBound> bounds_;
  std::unordered_map<TermId, ModularSet> modulars_;
  std::unordered_map<TermId, bool> truths_;
  std::unordered_map<TermId, TermId> values_;
  std::vector<Undo> undo_;
  std::vector<Scope> scopes_;
  std::uint32_t epoch_ = 1, last_epoch_ = 1;
  std::vector<Memo<TermId>> simplified_;
  std::vector<Memo<ConstIntBound>> bound_memo_;
  std::vector<Memo<ModularSet>> modular_memo_;
  int depth_ = 0;
  TermId only_ = kNoTerm;
  bool fold_float_zero_ = false;
  // Inside a second look at what is simplified already: no third one, or chains of conditions
  // would take time exponential in their length.
  bool is_second_look_ = false;
};

}  // namespace tenon
