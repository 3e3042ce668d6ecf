#include <algorithm>
#include <optional>

#include "compiler/arith/analyzer.h"
#include "compiler/arith/int_set.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/passes/tir/simplify.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

constexpr const char* kTails = "tails";
constexpr const char* kHint = "pragma_loop_partition_hint";

bool is_marked(const For& loop) {
  if (const auto it = loop.annotations.find(kTails); it != loop.annotations.end()) {
    const auto* word = std::get_if<std::string>(&it->second.value);
    if (!word || *word != "copies") {
      throw UserError(
          str_cat("loop ", var(loop.var).name, ": annotation tails must be \"copies\""));
    }
    return true;
  }
  const auto it = loop.annotations.find(kHint);
  if (it == loop.annotations.end()) return false;
  const AttrValue& value = it->second;
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value.value)) return *number != 0;
  const auto* e = std::get_if<Expr>(&value.value);
  return e && as_int(*e).value_or(0) != 0;
}

void add_conjuncts(const Expr& condition, std::vector<Expr>& list) {
  const auto* n = condition.as<Binary>();
  if (n && (n->op == BinaryOp::kAnd || n->op == BinaryOp::kOr)) {
    add_conjuncts(n->a, list);
    add_conjuncts(n->b, list);
  } else if (const auto* inverse = condition.as<Not>()) {
    add_conjuncts(inverse->a, list);
  } else if (const auto* called = condition.as<Call>();
             called && called->op == Intrinsic::kLikely) {
    add_conjuncts(called->args[0], list);
  } else {
    list.push_back(condition);
  }
}

// Every simple condition in the body that depends on the variable; loops inside are made known to
// the analyzer, so that their variables have bounds.
std::vector<Expr> conditions_on(const Stmt& body, const Expr& loop_var, Analyzer& analyzer) {
  std::vector<Expr> found;
  const auto add = [&](const Expr& condition) {
    std::vector<Expr> parts;
    add_conjuncts(condition, parts);
    for (const Expr& part : parts) {
      if (uses_var(part, loop_var)) found.push_back(part);
    }
  };
  walk(body, {.expr =
                  [&](const Expr& e) {
                    if (const auto* n = e.as<Select>()) add(n->condition);
                    const auto* called = e.as<Call>();
                    if (called && called->op == Intrinsic::kIfThenElse) add(called->args[0]);
                    return true;
                  },
              .stmt =
                  [&](const Stmt& s) {
                    if (const auto* n = s.as<If>()) add(n->condition);
                    if (const auto* n = s.as<For>()) {
                      analyzer.bind(n->var, Range{n->min, n->extent});
                    }
                    return true;
                  }});
  return found;
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}
std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

// Values of the loop variable, [begin, end), on which nothing about a condition is open.
struct Interval {
  std::int64_t begin, end;
};

// value = scale * v + rest.
struct Affine {
  std::int64_t scale;
  ConstIntBound rest;
};

std::optional<Affine> as_affine(const Expr& value, const Expr& v, Analyzer& analyzer) {
  const DataType type = dtype_of(v);
  const Expr here = value;
  const Expr next = substitute(value, {{v, v + int_imm(type, 1)}});
  const auto scale = as_int(analyzer.simplify(next - here));
  if (!scale || *scale == 0) return {};
  const Expr rest = analyzer.simplify(substitute(value, {{v, int_imm(type, 0)}}));
  const ConstIntBound bound = analyzer.const_int_bound(rest);
  if (uses_var(rest, v) || !bound.is_finite()) return {};
  return Affine{*scale, bound};
}

class Cutter {
 public:
  Cutter(const Expr& v, std::int64_t begin, std::int64_t end) : v_(v), lo_(begin), hi_(end) {}

  // value >= 0 holds everywhere, or nowhere, on a part of the loop: keep the longest such part.
  void inequality(const Affine& a) {
    const Interval always = where_at_least(a, a.rest.min);
    const Interval maybe = where_at_least(a, a.rest.max);
    // Outside `maybe` it never holds.
    if (always.begin < always.end &&
        always.end - always.begin >= size() - (maybe.end - maybe.begin)) {
      narrow(always);
    } else if (maybe.begin > begin()) {
      narrow({begin(), maybe.begin});
    } else {
      narrow({maybe.end, end()});
    }
  }

  // value == 0 at one place (a reduction's first or last step).
  void equality(const Affine& a) {
    if (!a.rest.is_point() || -a.rest.min % a.scale != 0) return;
    const std::int64_t at = -a.rest.min / a.scale;
    if (at < begin() || at >= end()) return;
    narrow(at - begin() < end() - at ? Interval{at + 1, end()} : Interval{begin(), at});
  }

  std::int64_t lo() const { return lo_; }
  std::int64_t hi() const { return hi_; }

 private:
  std::int64_t begin() const { return lo_; }
  std::int64_t end() const { return hi_; }
  std::int64_t size() const { return hi_ - lo_; }

  // Where scale * v + rest >= 0, inside the current interval.
  Interval where_at_least(const Affine& a, std::int64_t rest) const {
    Interval part{lo_, hi_};
    if (a.scale > 0) {
      part.begin = std::max(part.begin, ceil_div(-rest, a.scale));
    } else {
      part.end = std::min(part.end, floor_div(rest, -a.scale) + 1);
    }
    part.begin = std::min(part.begin, hi_);
    part.end = std::max(part.end, part.begin);
    return part;
  }
  void narrow(Interval part) {
    lo_ = std::max(lo_, part.begin);
    hi_ = std::max(lo_, std::min(hi_, part.end));
  }

  Expr v_;
  std::int64_t lo_, hi_;
};

// What is >= 0 when the comparison of integers holds (== 0 for an equation), or null.
Expr compared_value(const Expr& condition) {
  const auto* n = condition.as<Binary>();
  if (!n || !dtype_of(n->a).is_integer()) return {};
  const Expr one = int_imm(dtype_of(n->a), 1);
  switch (n->op) {
    case BinaryOp::kLt:
      return n->b - n->a - one;
    case BinaryOp::kLe:
      return n->b - n->a;
    case BinaryOp::kGt:
      return n->a - n->b - one;
    case BinaryOp::kGe:
    case BinaryOp::kEq:
    case BinaryOp::kNe:
      return n->a - n->b;
    default:
      return {};
  }
}

bool is_equation(const Expr& condition) {
  const auto* n = condition.as<Binary>();
  return n && (n->op == BinaryOp::kEq || n->op == BinaryOp::kNe);
}

void cut(Cutter& cutter, const Expr& condition, const Expr& v, Analyzer& analyzer) {
  const Expr value = compared_value(condition);
  const auto affine = value ? as_affine(value, v, analyzer) : std::nullopt;
  if (!affine) return;
  if (is_equation(condition)) {
    cutter.equality(*affine);
  } else {
    cutter.inequality(*affine);
  }
}

// Stores of a body with its unrolled loops expanded: a measure of what one copy costs to compile.
std::int64_t count_stores(const Stmt& s) {
  if (s.as<Store>()) return 1;
  std::int64_t count = 0;
  visit_children(s, [&](const Stmt& child) { count += child ? count_stores(child) : 0; });
  const auto* loop = s.as<For>();
  const bool is_unrolled = loop && loop->kind == ForKind::kUnrolled;
  return is_unrolled ? count * as_int(loop->extent).value_or(1) : count;
}

bool holds_marked_loop(const Stmt& s) {
  bool found = false;
  walk(s, {.expr = [](const Expr&) { return false; },
           .stmt =
               [&](const Stmt& x) {
                 const auto* n = x.as<For>();
                 found = found || (n && is_marked(*n));
                 return !found;
               }});
  return found;
}

// More than this many copies of a body of more than kLargeBody stores cost too much to compile: a
// Winograd transform in nine copies takes seconds.
constexpr std::int64_t kLargeBody = 128;
constexpr std::int64_t kMaxLargeCopies = 4;

class Partitioner {
 public:
  Stmt statement(const Stmt& s) {
    const auto* n = s.as<For>();
    if (n && is_marked(*n)) return marked(*n);
    if (n) analyzer_.bind(n->var, Range{n->min, n->extent});
    return map_stmt_children(s, {.stmt = [this](const Stmt& child) { return statement(child); }});
  }

 private:
  Stmt marked(const For& n) {
    const bool is_large = count_stores(n.body) > kLargeBody;
    const bool opens = versioned_.empty() && is_large && count_copies(n) > kMaxLargeCopies;
    if (!opens && (versioned_.empty() || !is_large)) return partition(n);
    For plain = unmarked(n);
    analyzer_.bind(n.var, Range{n.min, n.extent});
    versioned_.push_back(n.var);
    plain.body = holds_marked_loop(n.body) ? statement(n.body) : versions(n.body);
    versioned_.pop_back();
    return plain;
  }

  static For unmarked(For loop) {
    loop.annotations.erase(kTails);
    loop.annotations.erase(kHint);
    return loop;
  }

  // The part of the loop on which most conditions are decided; nothing for symbolic limits.
  std::optional<Interval> main_part(const For& n) {
    analyzer_.bind(n.var, Range{n.min, n.extent});
    const auto begin = as_int(n.min), extent = as_int(n.extent);
    if (!begin || !extent) return {};
    Cutter cutter(n.var, *begin, *begin + *extent);
    for (const Expr& condition : conditions_on(n.body, n.var, analyzer_)) {
      cut(cutter, condition, n.var, analyzer_);
    }
    return Interval{cutter.lo(), cutter.hi()};
  }

  // Copies of the innermost bodies when every marked loop is cut, at most.
  std::int64_t count_copies(const Stmt& s) {
    std::int64_t inner = 1;
    visit_children(s, [&](const Stmt& child) {
      if (child) inner = std::max(inner, count_copies(child));
    });
    const auto* n = s.as<For>();
    return n && is_marked(*n) ? inner * count_parts(*n) : inner;
  }

  std::int64_t count_parts(const For& n) {
    const auto part = main_part(n);
    if (!part || part->begin >= part->end) return 1;
    return 1 + (part->begin > *as_int(n.min)) + (part->end < *as_int(n.min) + *as_int(n.extent));
  }

  Stmt partition(const For& n) {
    const For plain = unmarked(n);
    const auto part = main_part(n);
    if (!part) return inside(plain);
    const std::int64_t begin = *as_int(n.min), end = begin + *as_int(n.extent);
    if (part->begin >= part->end || (part->begin == begin && part->end == end)) {
      return inside(plain);
    }
    std::vector<Stmt> copies;
    // What is left on either side is cut again: partly inside, then outside.
    copies.push_back(copy_of(n, begin, part->begin));
    copies.push_back(copy_of(plain, part->begin, part->end));
    copies.push_back(copy_of(n, part->end, end));
    return seq(std::move(copies));
  }

  Stmt inside(For loop) {
    loop.body = statement(loop.body);
    return loop;
  }

  // The loop over [begin, end) with a body of its own: fresh variables and buffers. Conditions that
  // are decided there are gone before loops inside are cut.
  Stmt copy_of(const For& n, std::int64_t begin, std::int64_t end) {
    if (begin >= end) return {};
    For loop = n;
    loop.min = int_imm(dtype_of(n.var), begin);
    loop.extent = int_imm(dtype_of(n.var), end - begin);
    const Stmt fresh = simplify(renew_definitions(loop), analyzer_);
    return fresh.as<Evaluate>() ? Stmt() : statement(fresh);
  }

  // Two versions of a large body instead of its copies: if (every condition on the loops around
  // holds in the whole body) the body without them, else the body as it is.
  Stmt versions(const Stmt& body) {
    std::vector<Expr> decided;
    Expr guard;
    for (const Expr& v : versioned_) {
      for (const Expr& condition : conditions_on(body, v, analyzer_)) {
        const Expr part = holds_throughout(condition, body);
        if (!part) continue;
        decided.push_back(condition);
        guard = guard ? with_part(guard, part) : part;
      }
    }
    if (!guard) return body;
    const Stmt main = rewrite(body, {.expr = [&](const Expr& e) {
                                const bool is_known =
                                    std::any_of(decided.begin(), decided.end(),
                                                [&](const Expr& c) { return c.same_as(e); });
                                return is_known ? bool_imm(true) : e;
                              }});
    return If{guard, simplify(renew_definitions(main), analyzer_), body};
  }

  // A condition on the loops around the body alone that decides `condition` in all of it, or null.
  Expr holds_throughout(const Expr& condition, const Stmt& body) {
    const Expr value = is_equation(condition) ? Expr() : compared_value(condition);
    if (!value) return {};
    DomainMap inner;
    walk(body, {.expr = [](const Expr&) { return false; },
                .stmt =
                    [&](const Stmt& s) {
                      const auto* n = s.as<For>();
                      if (n) inner[n->var] = IntSet::from_range({n->min, n->extent}, analyzer_);
                      return true;
                    }});
    const IntSet values = eval_int_set(analyzer_.simplify(value), inner, analyzer_);
    if (values.empty || !values.min) return {};
    const Expr lowest = analyzer_.simplify(values.min);
    for (const auto& [v, set] : inner) {
      if (uses_var(lowest, v)) return {};
    }
    return binary(BinaryOp::kGe, lowest, int_imm(dtype_of(lowest), 0));
  }

  static Expr with_part(const Expr& guard, const Expr& part) {
    const auto* n = guard.as<Binary>();
    if (structural_equal(guard, part)) return guard;
    if (n && n->op == BinaryOp::kAnd) {
      if (structural_equal(n->b, part)) return guard;
      return binary(BinaryOp::kAnd, with_part(n->a, part), n->b);
    }
    return binary(BinaryOp::kAnd, guard, part);
  }

  Analyzer analyzer_;
  std::vector<Expr> versioned_;  // variables of the marked loops around that are not cut
};

}  // namespace

PrimFunc partition_loops(const PrimFunc& func) {
  return with_body(func, Partitioner().statement(func.body));
}

}  // namespace tenon
