// Sums and products. A sum keeps its terms sorted with the coefficients added up; divisions and
// remainders of one dividend are joined: x // 4 * 4 + x % 4 -> x, x - x // 4 * 4 -> x % 4.
#include <algorithm>

#include "compiler/arith/core.h"

namespace tenon {
namespace {

// (x % upper) // lower; upper 0 means no remainder is taken.
struct Split {
  TermId x;
  std::int64_t lower, upper;
};

bool is_const_op(const TermPool& pool, TermId id, TermOp op) {
  const Term& t = pool[id];
  return t.op == op && pool.is_const(t.args[1]) && pool[t.args[1]].value > 0;
}

Split split_of(const TermPool& pool, TermId id) {
  const Term& t = pool[id];
  if (is_const_op(pool, id, TermOp::kFloorDiv)) return {t.args[0], pool[t.args[1]].value, 0};
  if (is_const_op(pool, id, TermOp::kFloorMod)) {
    std::int64_t m = pool[t.args[1]].value, upper;
    if (is_const_op(pool, t.args[0], TermOp::kFloorDiv)) {
      const Term& div = pool[t.args[0]];
      std::int64_t l = pool[div.args[1]].value;
      if (!__builtin_mul_overflow(l, m, &upper)) return {div.args[0], l, upper};
    }
    return {t.args[0], 1, m};
  }
  return {id, 1, 0};
}

}  // namespace

Linear ArithCore::linear(TermId id) const {
  const Term& t = pool[id];
  Linear l;
  if (t.op == TermOp::kConst) {
    l.base = t.value;
  } else if (t.op == TermOp::kSum) {
    l.base = t.value;
    l.terms.reserve(t.args.size());
    for (std::size_t i = 0; i < t.args.size(); ++i) l.terms.push_back({t.args[i], t.coefs[i]});
    l.next_rank = static_cast<int>(t.args.size());
    for (int i = 0; i < l.next_rank; ++i) {
      l.terms[static_cast<std::size_t>(t.order[static_cast<std::size_t>(i)])].rank = i;
    }
  } else {
    l.terms.push_back({id, 1});
    l.next_rank = 1;
  }
  return l;
}

TermId ArithCore::finish(Linear sum, DataType dtype) {
  while (!sum.overflow && sum.terms.size() > 1 && join_once(sum)) {
  }
  if (!fits(sum, dtype)) return kNoTerm;
  TermId t = pool.sum(sum, dtype);
  Linear wide = expand(sum);
  if (wide.terms != sum.terms) {
    while (!wide.overflow && wide.terms.size() > 1 && join_once(wide)) {
    }
    if (fits(wide, dtype)) {
      TermId other = pool.sum(wide, dtype);
      if (pool[other].size < pool[t].size) t = other;
    }
  }
  TermId short_form = factored(wide, dtype);
  return short_form != kNoTerm && pool[short_form].size < pool[t].size ? short_form : t;
}

// The shortest of the sums with one factor taken out of several terms: x * y + y * 2 ->
// (x + 2) * y.
TermId ArithCore::factored(const Linear& sum, DataType dtype) {
  auto factors_of = [&](TermId id) {
    return pool[id].op == TermOp::kProduct ? std::vector<TermId>(pool[id].args)
                                           : std::vector<TermId>{id};
  };
  TermId best = kNoTerm;
  std::vector<TermId> tried;
  for (const LinearTerm& t : sum.terms) {
    if (pool[t.atom].op != TermOp::kProduct) continue;
    for (TermId f : factors_of(t.atom)) {
      if (std::find(tried.begin(), tried.end(), f) != tried.end()) continue;
      tried.push_back(f);
      Linear inner, rest;
      rest.base = sum.base;
      for (const LinearTerm& part : sum.terms) {
        std::vector<TermId> factors = factors_of(part.atom);
        auto at = std::find(factors.begin(), factors.end(), f);
        if (at == factors.end()) {
          rest.add(part.atom, part.coef);
          continue;
        }
        factors.erase(at);
        if (factors.empty())
          inner.add_base(part.coef);
        else
          inner.add(pool.product(factors, dtype), part.coef);
      }
      if (inner.terms.size() + (inner.base != 0) < 2 || !fits(inner, dtype)) continue;
      TermId by_inner = factored(inner, dtype);
      rest.add(product_of(by_inner == kNoTerm ? pool.sum(inner, dtype) : by_inner, f), 1);
      if (!fits(rest, dtype)) continue;
      TermId whole = pool.sum(rest, dtype);
      if (best == kNoTerm || pool[whole].size < pool[best].size) best = whole;
    }
  }
  return best;
}

bool ArithCore::join_once(Linear& sum) {
  auto is_joinable = [&](TermId id) {
    TermOp op = pool[id].op;
    return op == TermOp::kFloorDiv || op == TermOp::kFloorMod || op == TermOp::kDiv ||
           op == TermOp::kMod || op == TermOp::kMin || op == TermOp::kMax;
  };
  for (std::size_t i = 0; i < sum.terms.size(); ++i) {
    if (!is_joinable(sum.terms[i].atom)) continue;
    for (std::size_t j = 0; j < sum.terms.size(); ++j) {
      if (i != j && join_pair(sum, i, j)) return true;
    }
    if (join_with_sum(sum, sum.terms[i])) return true;
  }
  return false;
}

// a: a division or remainder in the sum; b: another term.
bool ArithCore::join_pair(Linear& sum, std::size_t i, std::size_t j) {
  const LinearTerm a = sum.terms[i], b = sum.terms[j];
  const Term &ta = pool[a.atom], &tb = pool[b.atom];
  DataType dtype = ta.dtype;
  auto replace = [&](TermId by, std::int64_t coef) {
    sum.add(a.atom, -a.coef);
    sum.add(b.atom, -b.coef);
    sum.add(linear(by), coef);
    return true;
  };
  if (a.coef == b.coef && ta.op == TermOp::kMin && tb.op == TermOp::kMax && ta.args == tb.args) {
    sum.add(a.atom, -a.coef);
    sum.add(b.atom, -b.coef);
    sum.add(linear(pool[a.atom].args[0]), a.coef);
    sum.add(linear(pool[a.atom].args[1]), a.coef);
    return true;
  }
  // tdiv(x, c) * c + tmod(x, c) -> x
  if (ta.op == TermOp::kDiv && tb.op == TermOp::kMod && ta.args == tb.args &&
      pool.is_const(ta.args[1]) && mul_int(pool[ta.args[1]].value, b.coef) == a.coef) {
    return replace(ta.args[0], b.coef);
  }
  // x % n + x // n * n -> x for any n
  if (ta.op == TermOp::kFloorMod && !pool.is_const(ta.args[1]) && a.coef == b.coef &&
      tb.op == TermOp::kProduct && tb.args.size() == 2) {
    TermId quotient = pool.make(TermOp::kFloorDiv, dtype, pool[a.atom].args);
    TermId product = pool.product({quotient, pool[a.atom].args[1]}, dtype);
    if (product == b.atom) return replace(pool[a.atom].args[0], a.coef);
    return false;
  }
  Split sa = split_of(pool, a.atom), sb = split_of(pool, b.atom);
  auto split_term = [&](TermId x, std::int64_t lower, std::int64_t upper) {
    TermId t = x;
    if (lower != 1) t = floor_div(t, pool.constant(dtype, lower));
    return upper ? floor_mod(t, pool.constant(dtype, upper / lower)) : t;
  };
  if (sb.upper != 0 && sb.upper == sa.lower && sa.lower % sb.lower == 0 &&
      mul_int(a.coef, sb.lower) == mul_int(b.coef, sa.lower)) {
    bool is_same = sa.x == sb.x;
    if (!is_same) {
      Linear gap = linear(sa.x);
      gap.add(linear(sb.x), -1);
      is_same = !gap.overflow && gap.gcd() % sb.upper == 0 && gap.base % sb.upper == 0;
    }
    if (is_same) return replace(split_term(sa.x, sb.lower, sa.upper), b.coef);
  }
  if (sa.x == sb.x && sa.upper == sb.upper && sa.lower > sb.lower && sa.lower % sb.lower == 0 &&
      a.coef == -mul_int(b.coef, sa.lower / sb.lower)) {
    return replace(split_term(sa.x, sb.lower, sa.lower), b.coef);
  }
  return false;
}

// x // c * c + r -> x where r is what x % c has become: the remainder may look unlike x.
bool ArithCore::join_with_rest(Linear& sum, LinearTerm t, std::int64_t c) {
  TermId dividend = pool[t.atom].args[0];
  std::int64_t coef = t.coef / c;
  Linear rest = linear(floor_mod(dividend, pool[t.atom].args[1]));
  if (rest.terms.size() >= sum.terms.size()) return false;
  for (const LinearTerm& part : rest.terms) {
    const LinearTerm* found = sum.find(part.atom);
    if (!found || found->coef != mul_int(part.coef, coef)) return false;
  }
  sum.add(t.atom, -t.coef);
  sum.add(rest, -coef);
  sum.add(linear(dividend), coef);
  return true;
}

// x - x // c * c -> x % c and x - x % c -> x // c * c where x is a sum, so that its parts stand in
// the sum one by one.
bool ArithCore::join_with_sum(Linear& sum, LinearTerm t) {
  const Term& atom = pool[t.atom];
  if (atom.args.size() != 2 || !pool.is_const(atom.args[1])) return false;
  std::int64_t c = pool[atom.args[1]].value;
  bool is_div = atom.op == TermOp::kFloorDiv || atom.op == TermOp::kDiv;
  bool is_mod = atom.op == TermOp::kFloorMod || atom.op == TermOp::kMod;
  if (c <= 1 || (!is_div && !is_mod) || (is_div && t.coef % c != 0)) return false;
  if (atom.op == TermOp::kFloorDiv && join_with_rest(sum, t, c)) return true;
  std::int64_t coef = is_div ? -t.coef / c : -t.coef;
  Linear x = linear(atom.args[0]);
  if (x.terms.size() >= sum.terms.size() || (is_mod && x.terms.size() == 1)) return false;
  for (const LinearTerm& part : x.terms) {
    const LinearTerm* found = sum.find(part.atom);
    if (!found || found->coef != mul_int(part.coef, coef)) return false;
  }
  bool is_floor = atom.op == TermOp::kFloorDiv || atom.op == TermOp::kFloorMod;
  TermId by;
  DataType dtype = atom.dtype;
  TermId dividend = atom.args[0], divisor = atom.args[1];
  if (is_div) {
    by = is_floor ? floor_mod(dividend, divisor) : trunc_mod(dividend, divisor);
  } else {
    by = is_floor ? floor_div(dividend, divisor) : trunc_div(dividend, divisor);
    by = mul(by, pool.constant(dtype, c));
  }
  sum.add(t.atom, -t.coef);
  sum.add(x, -coef);
  sum.add(linear(by), coef);
  return true;
}

TermId ArithCore::resum(TermId id) {
  DataType dtype = pool[id].dtype;
  Linear old = linear(id), sum;
  sum.base = old.base;
  std::sort(old.terms.begin(), old.terms.end(),
            [](const LinearTerm& a, const LinearTerm& b) { return a.rank < b.rank; });
  for (const LinearTerm& t : old.terms) sum.add(linear(simplify(t.atom)), t.coef);
  TermId r = finish(sum, dtype);
  return r != kNoTerm ? r : id;
}

TermId ArithCore::reproduct(const Term& t) {
  std::vector<TermId> factors;
  for (int i : t.order) factors.push_back(t.args[static_cast<std::size_t>(i)]);
  TermId r = simplify(factors[0]);
  for (std::size_t i = 1; i < factors.size(); ++i) r = mul(r, simplify(factors[i]));
  return r;
}

TermId ArithCore::add(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear sum = linear(a);
  sum.add(linear(b), 1);
  TermId r = finish(std::move(sum), dtype);
  return r != kNoTerm ? r : pool.make(TermOp::kAdd, dtype, {a, b});
}

TermId ArithCore::sub(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear sum = linear(a);
  sum.add(linear(b), -1);
  TermId r = finish(std::move(sum), dtype);
  return r != kNoTerm ? r : pool.make(TermOp::kSub, dtype, {a, b});
}

// coef * product of factors: common numbers are taken out, the factors of both sides collected.
// Overflow is set when a number leaves int64.
Linear ArithCore::product_of(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  Linear la = linear(a), lb = linear(b), product;
  std::int64_t coef = 1;
  std::vector<TermId> factors;
  for (Linear* l : {&la, &lb}) {
    std::int64_t g = gcd_int(l->gcd(), l->base);
    if (l->terms.size() == 1 && l->base == 0 && l->terms[0].coef < 0) g = -g;
    if (g == 0 || __builtin_mul_overflow(coef, g, &coef)) {
      product.overflow = true;
      return product;
    }
    l->base /= g;
    for (LinearTerm& t : l->terms) t.coef /= g;
    TermId part = pool.sum(*l, dtype);
    const Term& t = pool[part];
    if (t.op == TermOp::kProduct) {
      for (int i : t.order) factors.push_back(t.args[static_cast<std::size_t>(i)]);
    } else if (!pool.is_const(part, 1)) {
      factors.push_back(part);
    }
  }
  product = linear(settle(pool.product(std::move(factors), dtype)));
  product.scale(coef);
  return product;
}

TermId ArithCore::mul(TermId a, TermId b) {
  DataType dtype = pool[a].dtype;
  if (pool.is_const(a)) std::swap(a, b);
  Linear product;
  if (pool.is_const(b)) {
    product = linear(a);
    product.scale(pool[b].value);
  } else {
    product = product_of(a, b);
  }
  TermId r = finish(std::move(product), dtype);
  return r != kNoTerm ? r : pool.make(TermOp::kMul, dtype, {a, b});
}

}  // namespace tenon
