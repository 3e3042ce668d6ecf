#include "compiler/tir/script/regions.h"

#include <algorithm>
#include <map>
#include <optional>

#include "compiler/tir/script/forms.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

// constant + sum of coefficient * atom; atoms are variables and whatever is not linear.
struct Linear {
  std::vector<std::pair<Expr, std::int64_t>> terms;
  std::int64_t constant = 0;

  void add(const Expr& atom, std::int64_t coefficient) {
    for (auto& [known, c] : terms) {
      if (!structural_equal(known, atom)) continue;
      c += coefficient;
      return;
    }
    terms.emplace_back(atom, coefficient);
  }
  void add(const Linear& other, std::int64_t factor) {
    constant += other.constant * factor;
    for (const auto& [atom, c] : other.terms) add(atom, c * factor);
  }
  void clean() {
    std::erase_if(terms, [](const auto& t) { return t.second == 0; });
  }
};

Linear linear(const Expr& e) {
  Linear result;
  if (const auto value = as_int(e)) {
    result.constant = *value;
    return result;
  }
  const auto* n = e.as<Binary>();
  if (n && (n->op == BinaryOp::kAdd || n->op == BinaryOp::kSub)) {
    result = linear(n->a);
    result.add(linear(n->b), n->op == BinaryOp::kAdd ? 1 : -1);
  } else if (n && n->op == BinaryOp::kMul && (as_int(n->a) || as_int(n->b))) {
    const bool left = as_int(n->a).has_value();
    result.add(linear(left ? n->b : n->a), *as_int(left ? n->a : n->b));
  } else {
    result.add(e, 1);
  }
  result.clean();
  return result;
}

Expr expression(const Linear& form, DataType type) {
  Expr sum;
  for (const auto& [atom, c] : form.terms) {
    Expr term = c == 1 || c == -1 ? atom : atom * int_imm(type, c < 0 ? -c : c);
    if (!sum) {
      sum = c < 0 ? int_imm(type, 0) - term : term;
    } else {
      sum = c < 0 ? sum - term : sum + term;
    }
  }
  if (!sum) return int_imm(type, form.constant);
  if (form.constant == 0) return sum;
  return form.constant < 0 ? sum - int_imm(type, -form.constant)
                           : sum + int_imm(type, form.constant);
}

// Both ends included. `exact` is the index itself when it is one point.
struct Interval {
  Linear low, high;
  Expr exact;
};

struct LoopRange {
  Linear low, high;
};
using LoopRanges = std::map<Expr, LoopRange, IdLess>;

bool depends(const Expr& e, const LoopRanges& loops) {
  for (const auto& [loop, range] : loops) {
    if (uses_var(e, loop)) return true;
  }
  return false;
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

std::optional<Interval> interval_of(const Expr& e, const LoopRanges& loops);

// x // c and x % c over loops: constant bounds only.
std::optional<Interval> quotient_interval(const Expr& e, const LoopRanges& loops) {
  const auto* n = e.as<Binary>();
  const auto divisor = n ? as_int(n->b) : std::nullopt;
  if (!divisor || *divisor <= 0) return std::nullopt;
  Interval result;
  if (n->op == BinaryOp::kFloorMod) {
    result.high.constant = *divisor - 1;
    return result;
  }
  if (n->op != BinaryOp::kFloorDiv) return std::nullopt;
  const auto inner = interval_of(n->a, loops);
  if (!inner || !inner->low.terms.empty() || !inner->high.terms.empty()) return std::nullopt;
  result.low.constant = floor_quotient(inner->low.constant, *divisor);
  result.high.constant = floor_quotient(inner->high.constant, *divisor);
  return result;
}

std::optional<Interval> interval_of(const Expr& e, const LoopRanges& loops) {
  Interval result;
  if (!depends(e, loops)) {
    result.low = result.high = linear(e);
    result.exact = e;
    return result;
  }
  const Linear form = linear(e);
  result.low.constant = result.high.constant = form.constant;
  for (const auto& [atom, c] : form.terms) {
    const auto loop = loops.find(atom);
    if (loop != loops.end()) {
      result.low.add(c > 0 ? loop->second.low : loop->second.high, c);
      result.high.add(c > 0 ? loop->second.high : loop->second.low, c);
    } else if (!depends(atom, loops)) {
      result.low.add(atom, c);
      result.high.add(atom, c);
    } else {
      const auto part = quotient_interval(atom, loops);
      if (!part) return std::nullopt;
      result.low.add(c > 0 ? part->low : part->high, c);
      result.high.add(c > 0 ? part->high : part->low, c);
    }
  }
  result.low.clean();
  result.high.clean();
  return result;
}

// a - b when it is a constant.
std::optional<std::int64_t> constant_difference(const Linear& a, const Linear& b) {
  Linear d = a;
  d.add(b, -1);
  d.clean();
  if (!d.terms.empty()) return std::nullopt;
  return d.constant;
}

std::optional<Interval> unite(const Interval& a, const Interval& b) {
  const auto low = constant_difference(a.low, b.low);
  const auto high = constant_difference(a.high, b.high);
  if (!low || !high) return std::nullopt;
  if (*low == 0 && *high == 0) return a;
  Interval result{*low <= 0 ? a.low : b.low, *high >= 0 ? a.high : b.high, {}};
  return result;
}

class Detector {
 public:
  explicit Detector(const Block& block) : block_(block) {
    for (const Buffer& b : block.alloc_buffers) hidden_.push_back(b);
  }

  AccessRegions run() {
    if (block_.init) visit(block_.init);
    visit(block_.body);
    AccessRegions result;
    for (const Access& a : writes_) result.writes.push_back(region(a));
    for (const Access& a : reads_) {
      if (block_.init && find(writes_, a.buffer)) continue;
      result.reads.push_back(region(a));
    }
    return result;
  }

 private:
  using Dims = std::vector<std::optional<Interval>>;  // nothing: the whole dimension
  struct Access {
    Buffer buffer;
    Dims dims;
  };

  static Access* find(std::vector<Access>& list, const Buffer& buffer) {
    for (Access& a : list) {
      if (a.buffer.same_as(buffer)) return &a;
    }
    return nullptr;
  }

  void visit(const Stmt& s) {
    if (!s) return;
    if (const auto* loop = s.as<For>()) return visit_loop(*loop);
    if (const auto* inner = s.as<Block>()) return visit_block(*inner);
    if (const auto* n = s.as<Store>()) touch(writes_, n->buffer, points(n->indices));
    if (const auto* n = s.as<AllocBuffer>()) hidden_.push_back(n->buffer);
    visit_children(s, Overloaded{[&](const Stmt& x) { visit(x); }, [&](const Expr& x) { visit(x); },
                                 [](const Buffer&) {}});
  }

  void visit(const Expr& e) {
    if (!e) return;
    walk(e, {.expr = [&](const Expr& x) {
           const auto* n = x.as<Load>();
           if (!n) return true;
           for (const Expr& index : n->indices) visit(index);  // what an index loads comes first
           visit(n->predicate);
           touch(reads_, n->buffer, points(n->indices));
           return false;
         }});
  }

  void visit_loop(const For& n) {
    visit(n.min);
    visit(n.extent);
    const auto low = interval_of(n.min, loops_);
    const auto high = interval_of(n.min + n.extent, loops_);
    LoopRange range;
    if (low && high) {
      range = {low->low, high->high};
      range.high.constant -= 1;
      loops_.emplace(n.var, std::move(range));
    }
    visit(n.body);
    loops_.erase(n.var);
  }

  // A nested block counts with its declared regions, its iter vars replaced by their bindings.
  void visit_block(const Block& n) {
    VarMap bindings;
    for (const IterVar& iter : n.iter_vars) bindings[iter.var] = iter.binding;
    for (const IterVar& iter : n.iter_vars) visit(iter.binding);
    visit(n.predicate);
    for (const BufferRegion& r : n.reads) touch(reads_, r.buffer, ranges(r, bindings));
    for (const BufferRegion& r : n.writes) touch(writes_, r.buffer, ranges(r, bindings));
  }

  Dims points(const std::vector<Expr>& indices) {
    Dims dims;
    for (const Expr& e : indices) {
      const auto* ramp = e.as<Ramp>();
      const auto lanes = ramp ? as_int(ramp->lanes) : std::nullopt;
      const auto stride = ramp ? as_int(ramp->stride) : std::nullopt;
      if (!ramp) {
        dims.push_back(dtype_of(e).is_vector() ? std::nullopt : interval_of(e, loops_));
      } else if (lanes && stride && *stride > 0) {
        auto interval = interval_of(ramp->base, loops_);
        if (interval) interval->high.constant += (*lanes - 1) * *stride;
        if (interval) interval->exact = {};
        dims.push_back(std::move(interval));
      } else {
        dims.push_back(std::nullopt);
      }
    }
    return dims;
  }

  Dims ranges(const BufferRegion& r, const VarMap& bindings) {
    Dims dims;
    for (const Range& range : r.region) {
      const Expr min = substitute(range.min, bindings);
      const auto low = interval_of(min, loops_);
      const auto high = interval_of(min + substitute(range.extent, bindings), loops_);
      if (!low || !high) {
        dims.push_back(std::nullopt);
        continue;
      }
      Interval interval{low->low, high->high, is_int(range.extent, 1) ? low->exact : Expr{}};
      interval.high.constant -= 1;
      dims.push_back(std::move(interval));
    }
    return dims;
  }

  void touch(std::vector<Access>& list, const Buffer& buffer, Dims dims) {
    for (const Buffer& hidden : hidden_) {
      if (hidden.same_as(buffer)) return;
    }
    for (const MatchBuffer& m : block_.match_buffers) {
      if (m.buffer.same_as(buffer)) return touch(list, m.source.buffer, ranges(m.source, {}));
    }
    Access* known = find(list, buffer);
    if (!known) {
      list.push_back({buffer, std::move(dims)});
      return;
    }
    for (std::size_t i = 0; i < known->dims.size(); ++i) {
      auto& dim = known->dims[i];
      dim = dim && dims[i] ? unite(*dim, *dims[i]) : std::nullopt;
    }
  }

  BufferRegion region(const Access& access) const {
    BufferRegion result{access.buffer, {}};
    const BufferNode& n = node(access.buffer);
    for (std::size_t i = 0; i < n.shape.size(); ++i) {
      const DataType type = dtype_of(n.shape[i]);
      const auto& dim = access.dims[i];
      if (!dim) {
        result.region.push_back({int_imm(type, 0), n.shape[i]});
      } else if (dim->exact) {
        result.region.push_back({dim->exact, int_imm(dtype_of(dim->exact), 1)});
      } else {
        Linear extent = dim->high;
        extent.add(dim->low, -1);
        extent.constant += 1;
        extent.clean();
        result.region.push_back({expression(dim->low, type), expression(extent, type)});
      }
    }
    return result;
  }

  const Block& block_;
  std::vector<Buffer> hidden_;
  LoopRanges loops_;
  std::vector<Access> reads_, writes_;
};

}  // namespace

Expr difference(const Expr& a, const Expr& b) {
  if (is_int(b, 0)) return a;
  const auto* sum = a.as<Binary>();
  if (sum && sum->op == BinaryOp::kAdd && structural_equal(sum->a, b)) return sum->b;
  Linear d = linear(a);
  d.add(linear(b), -1);
  d.clean();
  if (d.terms.empty()) return int_imm(dtype_of(a), d.constant);
  return expression(d, dtype_of(a));
}

AccessRegions access_regions(const Block& block) { return Detector(block).run(); }

}  // namespace tenon::tir
