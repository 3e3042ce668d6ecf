// The inner form of expressions: interned terms. Equal terms have equal numbers, so comparing,
// looking up and remembering facts cost nothing. Sums and products are flat and sorted.
#pragma once
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "compiler/tir/expr.h"

namespace tenon {

using TermId = std::uint32_t;
inline constexpr TermId kNoTerm = 0xffffffffu;

// kSum: value + sum of coefs[i] * args[i]. kProduct: args multiplied, at least two. kAdd, kSub and
// kMul are what is read from expressions; simplification makes sums and products of them, unless a
// coefficient would leave the type. Greater-than is read as less-than with sides exchanged.
enum class TermOp : std::uint8_t {
  kConst,
  kVar,
  kOpaque,
  kSum,
  kProduct,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kFloorDiv,
  kFloorMod,
  kMin,
  kMax,
  kEq,
  kNe,
  kLt,
  kLe,
  kAnd,
  kOr,
  kNot,
  kSelect,
  kIfThenElse,
  kCast,
  kShiftLeft,
  kShiftRight,
  kBitwiseAnd,
};

struct Term {
  TermOp op = TermOp::kConst;
  DataType dtype;
  // No division by a term that may be zero, no load and no call inside: evaluating it is harmless
  // wherever it stands.
  bool is_total = true;
  int size = 1;            // words and parentheses of its S-expression
  std::int64_t value = 0;  // kConst, kSum
  std::vector<TermId> args;
  std::vector<std::int64_t> coefs;  // kSum
  // kSum, kProduct, kMin, kMax: the args as they were first written, as positions in `args`.
  std::vector<int> order;
  tir::Expr expr;  // the leaf; for others filled when asked for
};

// `rank` is the place among the terms as they were written, for printing only.
struct LinearTerm {
  TermId atom;
  std::int64_t coef;
  int rank = 0;
  friend bool operator==(const LinearTerm& a, const LinearTerm& b) {
    return a.atom == b.atom && a.coef == b.coef;
  }
};

// base + sum of coef * atom, sorted by atom, no zero coefficient.
struct Linear {
  std::int64_t base = 0;
  std::vector<LinearTerm> terms;
  bool overflow = false;  // a coefficient left int64: the rest is worthless
  int next_rank = 0;

  void add_base(std::int64_t value);
  void add(TermId atom, std::int64_t coef);
  void add(const Linear& other, std::int64_t scale);
  void scale(std::int64_t factor);
  bool is_const() const { return terms.empty(); }
  // Greatest common divisor of the coefficients; 0 when there are none.
  std::int64_t gcd() const;
  const LinearTerm* find(TermId atom) const;
};

class TermPool {
 public:
  const Term& operator[](TermId id) const { return terms_[id]; }
  std::size_t size() const { return terms_.size(); }

  TermId constant(DataType dtype, std::int64_t value);
  TermId boolean(bool value) { return constant(kBoolType, value); }
  TermId make(TermOp op, DataType dtype, std::vector<TermId> args);
  // kMin or kMax of two, the same term in either order.
  TermId make_commutative(TermOp op, DataType dtype, TermId a, TermId b);
  // Needs every number to fit the type, see fits().
  TermId sum(const Linear& linear, DataType dtype);
  TermId product(std::vector<TermId> factors, DataType dtype);
  TermId leaf(const tir::Expr& e);

  // The term that says the same as `e`, node by node; what is no scalar int32, int64 or bool is a
  // leaf.
  TermId read(const tir::Expr& e);
  tir::Expr expr(TermId id);
  // From now on expr(id) gives `e`, which must say the same.
  void set_expr(TermId id, const tir::Expr& e) { terms_[id].expr = e; }

  bool is_const(TermId id) const { return terms_[id].op == TermOp::kConst; }
  bool is_const(TermId id, std::int64_t value) const {
    return is_const(id) && terms_[id].value == value;
  }

 private:
  TermId intern(Term&& term, std::uint64_t hash);
  TermId read_binary(const tir::Binary& node);
  TermId read_call(const tir::Expr& e, const tir::Call& node);
  TermId read_new(const tir::Expr& e);
  void measure(Term& term) const;
  int sum_size(const Term& term) const;
  tir::Expr sum_expr(const Term& term);
  tir::Expr build_expr(const Term& term);
  void grow();

  std::deque<Term> terms_;
  std::vector<std::uint64_t> hashes_;
  std::vector<TermId> buckets_;
  std::unordered_map<const void*, TermId> vars_;
  // Keeps the expressions alive, so that their addresses stay theirs.
  std::unordered_map<const void*, std::pair<tir::Expr, TermId>> read_;
};

// int32, int64: the types whose arithmetic is reasoned about.
bool is_index_type(DataType dtype);
// Whether the value is one of the type.
bool fits(std::int64_t value, DataType dtype);
bool fits(const Linear& linear, DataType dtype);
tir::BinaryOp binary_op(TermOp op);

}  // namespace tenon
