// Integer reasoning about TensorIR expressions: simplification, proofs, constant bounds and
// congruences, under what is known about variables and under scoped conditions.
//
// Everything here is sound for int32, int64 and bool scalars as long as no intermediate value
// leaves its type (overflow is undefined in indices). Other types are left alone but for exact
// identities. An answer "not proved" means nothing.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "compiler/tir/expr.h"

namespace tenon {

class ArithCore;

// All values lie in [min, max]; kNegInf and kPosInf mean that nothing is known on that side.
struct ConstIntBound {
  static constexpr std::int64_t kNegInf = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kPosInf = std::numeric_limits<std::int64_t>::max();
  std::int64_t min = kNegInf;
  std::int64_t max = kPosInf;
  friend bool operator==(const ConstIntBound&, const ConstIntBound&) = default;
  bool is_finite() const { return min != kNegInf && max != kPosInf; }
  bool is_point() const { return min == max; }
};

// All values are coeff * k + base for some integer k; 0 <= base < coeff, or coeff == 0 and the
// value is the constant base. {1, 0} says nothing.
struct ModularSet {
  std::int64_t coeff = 1;
  std::int64_t base = 0;
  friend bool operator==(const ModularSet&, const ModularSet&) = default;
};

// Cheap to construct. Remembers what it has worked out, so one analyzer for many related questions
// is fastest. Not for sharing between threads. A variable is bound at most once to a given fact:
// binding it again to something else replaces what was known (CHECK: not inside a Constraint).
class Analyzer {
 public:
  Analyzer();
  ~Analyzer();
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  // var is in [range.min, range.min + range.extent). The limits may be symbolic.
  void bind(const tir::Expr& var, const tir::Range& range);
  // var is in [min, max], both inclusive.
  void bind(const tir::Expr& var, std::int64_t min, std::int64_t max);
  // var is another name of `value`: simplify() replaces it.
  void bind(const tir::Expr& var, const tir::Expr& value);
  // Forgets everything that mentions the variable (a loop is left). Not inside a Constraint.
  void unbind(const tir::Expr& var);
  // `condition` holds from now on (symbolic dimensions: n >= 1).
  void assume(const tir::Expr& condition);

  // While it lives, `condition` is taken to hold. Must end in reverse order of beginning.
  class Constraint {
   public:
    Constraint(Analyzer& analyzer, const tir::Expr& condition);
    ~Constraint();
    Constraint(const Constraint&) = delete;
    Constraint& operator=(const Constraint&) = delete;

   private:
    Analyzer& analyzer_;
  };

  // An equal expression, usually smaller: sums in a canonical order with div and mod of splits
  // and fusions cancelled, constants folded, decided comparisons and selects gone. Floating-point
  // arithmetic keeps its value to the last bit: only x * 1, x / 1, x - 0, equal arms of a select,
  // decided selects and constants of one float32 or float64 operation are folded. Indices inside
  // loads and arguments inside calls are simplified too. Gives back `e` itself when nothing
  // changes.
  tir::Expr simplify(const tir::Expr& e);
  // As simplify, and also 0 * x -> 0, x + 0 -> x, 0 - x * c -> x * -c for floats: wrong for NaN,
  // infinities and the sign of zero, so only for code that was made from such products (transforms
  // by constant matrices).
  tir::Expr simplify_float_zero(const tir::Expr& e);

  // Whether the condition holds on all values that the variables may take.
  bool can_prove(const tir::Expr& condition);
  bool can_prove_equal(const tir::Expr& a, const tir::Expr& b);
  bool can_prove_less(const tir::Expr& a, const tir::Expr& b);
  bool can_prove_less_equal(const tir::Expr& a, const tir::Expr& b);
  bool can_prove_greater(const tir::Expr& a, const tir::Expr& b);
  bool can_prove_greater_equal(const tir::Expr& a, const tir::Expr& b);

  ConstIntBound const_int_bound(const tir::Expr& e);
  ModularSet modular_set(const tir::Expr& e);

  // For the other files of compiler/arith.
  ArithCore& core() { return *core_; }

 private:
  std::unique_ptr<ArithCore> core_;
};

}  // namespace tenon
