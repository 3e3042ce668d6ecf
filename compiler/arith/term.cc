#include "compiler/arith/term.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;

bool is_index_type(DataType dtype) { return dtype == kInt32 || dtype == kInt64; }

bool fits(std::int64_t value, DataType dtype) {
  return dtype != kInt32 || (value >= INT32_MIN && value <= INT32_MAX);
}
bool fits(const Linear& linear, DataType dtype) {
  // The least value is left out: it cannot be negated, as printing a difference would.
  std::int64_t least = dtype == kInt32 ? INT32_MIN : INT64_MIN;
  auto good = [&](std::int64_t x) { return x != least && fits(x, dtype); };
  if (linear.overflow || !good(linear.base)) return false;
  return std::all_of(linear.terms.begin(), linear.terms.end(),
                     [&](const LinearTerm& t) { return good(t.coef); });
}

void Linear::add_base(std::int64_t value) {
  if (__builtin_add_overflow(base, value, &base)) overflow = true;
}
void Linear::add(TermId atom, std::int64_t coef) {
  if (coef == 0) return;
  auto at = std::lower_bound(terms.begin(), terms.end(), atom,
                             [](const LinearTerm& t, TermId id) { return t.atom < id; });
  if (at == terms.end() || at->atom != atom) {
    terms.insert(at, {atom, coef, next_rank++});
  } else if (__builtin_add_overflow(at->coef, coef, &at->coef)) {
    overflow = true;
  } else if (at->coef == 0) {
    terms.erase(at);
  }
}
void Linear::add(const Linear& other, std::int64_t factor) {
  std::int64_t product = 0;
  overflow |= other.overflow || __builtin_mul_overflow(other.base, factor, &product);
  add_base(product);
  auto add_term = [&](const LinearTerm& t) {
    overflow |= __builtin_mul_overflow(t.coef, factor, &product);
    add(t.atom, product);
  };
  if (other.terms.size() <= 1) {
    for (const LinearTerm& t : other.terms) add_term(t);
    return;
  }
  std::vector<LinearTerm> written = other.terms;
  std::sort(written.begin(), written.end(),
            [](const LinearTerm& a, const LinearTerm& b) { return a.rank < b.rank; });
  for (const LinearTerm& t : written) add_term(t);
}
void Linear::scale(std::int64_t factor) {
  if (factor == 0) terms.clear();
  overflow |= __builtin_mul_overflow(base, factor, &base);
  for (LinearTerm& t : terms) overflow |= __builtin_mul_overflow(t.coef, factor, &t.coef);
}
std::int64_t Linear::gcd() const {
  std::int64_t g = 0;
  for (const LinearTerm& t : terms) g = std::gcd(g, t.coef);
  return g;
}
const LinearTerm* Linear::find(TermId atom) const {
  for (const LinearTerm& t : terms) {
    if (t.atom == atom) return &t;
  }
  return nullptr;
}

BinaryOp binary_op(TermOp op) {
  switch (op) {
    case TermOp::kAdd:
      return BinaryOp::kAdd;
    case TermOp::kSub:
      return BinaryOp::kSub;
    case TermOp::kMul:
      return BinaryOp::kMul;
    case TermOp::kDiv:
      return BinaryOp::kDiv;
    case TermOp::kMod:
      return BinaryOp::kMod;
    case TermOp::kFloorDiv:
      return BinaryOp::kFloorDiv;
    case TermOp::kFloorMod:
      return BinaryOp::kFloorMod;
    case TermOp::kMin:
      return BinaryOp::kMin;
    case TermOp::kMax:
      return BinaryOp::kMax;
    case TermOp::kEq:
      return BinaryOp::kEq;
    case TermOp::kNe:
      return BinaryOp::kNe;
    case TermOp::kLt:
      return BinaryOp::kLt;
    case TermOp::kLe:
      return BinaryOp::kLe;
    case TermOp::kAnd:
      return BinaryOp::kAnd;
    case TermOp::kOr:
      return BinaryOp::kOr;
    default:
      break;
  }
  CHECK(false) << "term operator " << static_cast<int>(op) << " is no binary operator";
  return BinaryOp::kAdd;
}

namespace {

bool same(const Term& a, const Term& b) {
  if (a.op != b.op || a.dtype != b.dtype || a.value != b.value) return false;
  if (a.op == TermOp::kVar) return a.expr.same_as(b.expr);
  if (a.op == TermOp::kOpaque) {
    return a.expr.same_as(b.expr) || (a.value == 0 && tir::structural_equal(a.expr, b.expr));
  }
  return a.args == b.args && a.coefs == b.coefs;
}

std::uint64_t hash_of(const Term& t) {
  std::uint64_t h = static_cast<std::uint64_t>(t.op) * 977 + t.dtype.bits;
  h = hash_combine(h, static_cast<std::uint64_t>(t.value));
  for (TermId a : t.args) h = hash_combine(h, a);
  for (std::int64_t c : t.coefs) h = hash_combine(h, static_cast<std::uint64_t>(c));
  return h;
}

// Whether two evaluations may differ or have an effect: such a leaf equals only itself.
bool has_effect(const Expr& e) {
  bool found = false;
  tir::walk(e, {.expr =
                    [&](const Expr& x) {
                      if (const auto* c = x.as<tir::Call>()) {
                        found |= tir::intrinsic_info(c->op).effect == tir::Effect::kOpaque;
                      }
                      return !found;
                    },
                .stmt = {},
                .buffer = {}});
  return found;
}

}  // namespace

void TermPool::grow() {
  std::size_t n = std::max<std::size_t>(64, buckets_.size() * 2);
  buckets_.assign(n, kNoTerm);
  for (TermId id = 0; id < terms_.size(); ++id) {
    std::size_t at = hashes_[id] & (n - 1);
    while (buckets_[at] != kNoTerm) at = (at + 1) & (n - 1);
    buckets_[at] = id;
  }
}

TermId TermPool::intern(Term&& term, std::uint64_t hash) {
  if (terms_.size() * 2 >= buckets_.size()) grow();
  std::size_t mask = buckets_.size() - 1, at = hash & mask;
  for (; buckets_[at] != kNoTerm; at = (at + 1) & mask) {
    TermId id = buckets_[at];
    if (hashes_[id] == hash && same(terms_[id], term)) return id;
  }
  measure(term);
  TermId id = static_cast<TermId>(terms_.size());
  buckets_[at] = id;
  terms_.push_back(std::move(term));
  hashes_.push_back(hash);
  return id;
}

void TermPool::measure(Term& t) const {
  if (t.op == TermOp::kOpaque) t.is_total = false;
  for (TermId a : t.args) t.is_total &= terms_[a].is_total;
  bool divides = t.op == TermOp::kDiv || t.op == TermOp::kMod || t.op == TermOp::kFloorDiv ||
                 t.op == TermOp::kFloorMod;
  if (divides) t.is_total &= is_const(t.args[1]) && !is_const(t.args[1], 0);
  if (t.args.empty()) return;
  if (t.op == TermOp::kSum) {
    t.size = sum_size(t);
    return;
  }
  int size = 0;
  for (TermId a : t.args) size += terms_[a].size;
  if (t.op == TermOp::kProduct) {
    size += 2 * (static_cast<int>(t.args.size()) - 1);
  } else {
    size += t.op == TermOp::kCast ? 3 : 2;
  }
  t.size = size;
}

// Size of the sum as sum_expr writes it.
int TermPool::sum_size(const Term& t) const {
  int size = 0;
  bool has_lead = t.value != 0;  // a term that may stand first without a factor of -1
  for (std::size_t i = 0; i < t.args.size(); ++i) {
    std::int64_t c = t.coefs[i];
    size += terms_[t.args[i]].size + (c != 1 && c != -1 ? 3 : 0);
    has_lead |= c > 0 || c < -1;
  }
  int parts = static_cast<int>(t.args.size()) + (t.value != 0);
  return size + 2 * (parts - 1) + (t.value != 0) + (has_lead ? 0 : 3);
}

TermId TermPool::constant(DataType dtype, std::int64_t value) {
  Term t;
  t.op = TermOp::kConst;
  t.dtype = dtype;
  t.value = value;
  std::uint64_t h = hash_of(t);
  return intern(std::move(t), h);
}

TermId TermPool::make(TermOp op, DataType dtype, std::vector<TermId> args) {
  Term t;
  t.op = op;
  t.dtype = dtype;
  t.args = std::move(args);
  std::uint64_t h = hash_of(t);
  return intern(std::move(t), h);
}

TermId TermPool::sum(const Linear& linear, DataType dtype) {
  if (linear.terms.empty()) return constant(dtype, linear.base);
  if (linear.base == 0 && linear.terms.size() == 1 && linear.terms[0].coef == 1) {
    return linear.terms[0].atom;
  }
  Term t;
  t.op = TermOp::kSum;
  t.dtype = dtype;
  t.value = linear.base;
  std::size_t n = linear.terms.size();
  t.args.reserve(n);
  t.coefs.reserve(n);
  t.order.resize(n);
  std::iota(t.order.begin(), t.order.end(), 0);
  for (const LinearTerm& x : linear.terms) {
    t.args.push_back(x.atom);
    t.coefs.push_back(x.coef);
  }
  auto rank = [&](int i) { return linear.terms[static_cast<std::size_t>(i)].rank; };
  std::stable_sort(t.order.begin(), t.order.end(), [&](int a, int b) { return rank(a) < rank(b); });
  std::uint64_t h = hash_of(t);
  return intern(std::move(t), h);
}

TermId TermPool::product(std::vector<TermId> factors, DataType dtype) {
  if (factors.empty()) return constant(dtype, 1);
  if (factors.size() == 1) return factors[0];
  std::vector<int> positions(factors.size());
  std::iota(positions.begin(), positions.end(), 0);
  auto factor = [&](int i) { return factors[static_cast<std::size_t>(i)]; };
  std::stable_sort(positions.begin(), positions.end(),
                   [&](int a, int b) { return factor(a) < factor(b); });
  Term t;
  t.op = TermOp::kProduct;
  t.dtype = dtype;
  t.order.resize(factors.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    t.args.push_back(factor(positions[i]));
    t.order[static_cast<std::size_t>(positions[i])] = static_cast<int>(i);
  }
  std::uint64_t h = hash_of(t);
  return intern(std::move(t), h);
}

TermId TermPool::make_commutative(TermOp op, DataType dtype, TermId a, TermId b) {
  Term t;
  t.op = op;
  t.dtype = dtype;
  t.args = {std::min(a, b), std::max(a, b)};
  t.order = a <= b ? std::vector{0, 1} : std::vector{1, 0};
  std::uint64_t h = hash_of(t);
  return intern(std::move(t), h);
}

TermId TermPool::leaf(const Expr& e) {
  Term t;
  t.expr = e;
  t.dtype = tir::dtype_of(e);
  if (e.as<tir::Var>()) {
    auto [at, is_new] = vars_.try_emplace(e.id(), 0);
    if (!is_new) return at->second;
    t.op = TermOp::kVar;
    return at->second = intern(std::move(t), mix64(reinterpret_cast<std::uintptr_t>(e.id())));
  }
  t.op = TermOp::kOpaque;
  t.value = has_effect(e);
  std::uint64_t h =
      t.value ? mix64(reinterpret_cast<std::uintptr_t>(e.id())) : tir::structural_hash(e);
  return intern(std::move(t), h);
}

}  // namespace tenon
