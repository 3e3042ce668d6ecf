#include "tests/conformance/oracle_sexpr.h"

#include <array>
#include <cctype>
#include <utility>

#include "compiler/arith/integer.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::BinaryOp;
using tir::Expr;
using tir::Intrinsic;

namespace {

constexpr std::array<std::pair<const char*, BinaryOp>, 17> kBinaries = {{
    {"+", BinaryOp::kAdd},
    {"-", BinaryOp::kSub},
    {"*", BinaryOp::kMul},
    {"//", BinaryOp::kFloorDiv},
    {"%", BinaryOp::kFloorMod},
    {"tdiv", BinaryOp::kDiv},
    {"tmod", BinaryOp::kMod},
    {"min", BinaryOp::kMin},
    {"max", BinaryOp::kMax},
    {"==", BinaryOp::kEq},
    {"!=", BinaryOp::kNe},
    {"<", BinaryOp::kLt},
    {"<=", BinaryOp::kLe},
    {">", BinaryOp::kGt},
    {">=", BinaryOp::kGe},
    {"and", BinaryOp::kAnd},
    {"or", BinaryOp::kOr},
}};

constexpr std::array<std::pair<const char*, Intrinsic>, 3> kCalls = {{
    {"shift_left", Intrinsic::kShiftLeft},
    {"shift_right", Intrinsic::kShiftRight},
    {"bitwise_and", Intrinsic::kBitwiseAnd},
}};

class Reader {
 public:
  Reader(std::string_view text, const NamedVars& vars, DataType dtype)
      : text_(text), vars_(vars), dtype_(dtype) {}

  Expr read() {
    Expr e = one();
    if (!word().empty()) throw UserError(str_cat("more than one expression: ", text_));
    return e;
  }

 private:
  std::string word() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ == text_.size()) return "";
    std::size_t begin = at_;
    if (text_[at_] == '(' || text_[at_] == ')') return std::string(1, text_[at_++]);
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '(' && text_[at_] != ')') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  void close() {
    if (word() != ")") throw UserError(str_cat("expected `)`: ", text_));
  }
  Expr leaf(const std::string& w) {
    if (w == "true" || w == "false") return tir::bool_imm(w == "true");
    if (auto at = vars_.find(w); at != vars_.end()) return at->second;
    if (auto value = parse_int(w)) return tir::int_imm(dtype_, *value);
    throw UserError(str_cat("unknown word `", w, "`: ", text_));
  }
  // Makers fold constants; the cases ask for the expression as it stands.
  static Expr raw(BinaryOp op, const Expr& a, const Expr& b) {
    bool is_bool = op >= BinaryOp::kEq;
    return tir::Binary{op, a, b, is_bool ? kBoolType : tir::dtype_of(a)};
  }
  Expr one() {
    std::string w = word();
    if (w != "(") return leaf(w);
    std::string op = word();
    if (op == "not") return closed(tir::Not{one()});
    if (op == "cast") {
      DataType to = parse_dtype(word());
      return closed(tir::Cast{to, one()});
    }
    Expr a = one(), b = one();
    for (auto [name, code] : kBinaries) {
      if (op == name) return closed(raw(code, a, b));
    }
    for (auto [name, code] : kCalls) {
      if (op == name) return closed(tir::call(code, tir::dtype_of(a), {a, b}));
    }
    Expr c = one();
    if (op == "select") return closed(tir::Select{a, b, c});
    if (op == "if_then_else") {
      return closed(tir::call(Intrinsic::kIfThenElse, tir::dtype_of(b), {a, b, c}));
    }
    throw UserError(str_cat("unknown operator `", op, "`: ", text_));
  }
  Expr closed(Expr e) {
    close();
    return e;
  }

  std::string_view text_;
  const NamedVars& vars_;
  DataType dtype_;
  std::size_t at_ = 0;
};

std::string name_of(const Expr& e) {
  if (const auto* b = e.as<tir::Binary>()) {
    for (auto [name, code] : kBinaries) {
      if (b->op == code) return name;
    }
  }
  if (const auto* c = e.as<tir::Call>()) return std::string(tir::intrinsic_info(c->op).name);
  if (e.as<tir::Not>()) return "not";
  if (e.as<tir::Select>()) return "select";
  if (const auto* c = e.as<tir::Cast>()) return "cast " + to_string(c->dtype);
  throw UserError("an expression outside the grammar");
}

std::optional<std::int64_t> apply(BinaryOp op, std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  bool is_division = op == BinaryOp::kDiv || op == BinaryOp::kMod || op == BinaryOp::kFloorDiv ||
                     op == BinaryOp::kFloorMod;
  if (is_division && (b == 0 || (b == -1 && a == INT64_MIN))) return std::nullopt;
  switch (op) {
    case BinaryOp::kAdd:
      return __builtin_add_overflow(a, b, &r) ? std::nullopt : std::optional(r);
    case BinaryOp::kSub:
      return __builtin_sub_overflow(a, b, &r) ? std::nullopt : std::optional(r);
    case BinaryOp::kMul:
      return __builtin_mul_overflow(a, b, &r) ? std::nullopt : std::optional(r);
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMod:
      return a % b;
    case BinaryOp::kFloorDiv:
      return floor_div_int(a, b);
    case BinaryOp::kFloorMod:
      return floor_mod_int(a, b);
    case BinaryOp::kMin:
      return std::min(a, b);
    case BinaryOp::kMax:
      return std::max(a, b);
    case BinaryOp::kEq:
      return a == b;
    case BinaryOp::kNe:
      return a != b;
    case BinaryOp::kLt:
      return a < b;
    case BinaryOp::kLe:
      return a <= b;
    case BinaryOp::kGt:
      return a > b;
    case BinaryOp::kGe:
      return a >= b;
    case BinaryOp::kAnd:
      return a && b;
    case BinaryOp::kOr:
      return a || b;
  }
  return std::nullopt;
}

std::optional<std::int64_t> apply_call(const tir::Call& c, const Point& point) {
  auto a = evaluate(c.args[0], point);
  if (!a) return std::nullopt;
  if (c.op == Intrinsic::kIfThenElse) return evaluate(c.args[*a ? 1 : 2], point);
  auto b = evaluate(c.args[1], point);
  if (!b) return std::nullopt;
  if (c.op == Intrinsic::kBitwiseAnd) return *a & *b;
  if (*b < 0 || *b > 62) return std::nullopt;
  if (c.op == Intrinsic::kShiftRight) return *a >> *b;
  return apply(BinaryOp::kMul, *a, std::int64_t{1} << *b);
}

}  // namespace

Expr read_sexpr(std::string_view text, const NamedVars& vars, DataType dtype) {
  return Reader(text, vars, dtype).read();
}

std::string write_sexpr(const Expr& e) {
  if (const auto* v = e.as<tir::Var>()) return v->name;
  if (const auto* i = e.as<tir::IntImm>()) {
    if (i->dtype == kBoolType) return i->value ? "true" : "false";
    return std::to_string(i->value);
  }
  std::string out = "(" + name_of(e);
  tir::map_expr_children(e, {.expr =
                                 [&](const Expr& x) {
                                   out += " " + write_sexpr(x);
                                   return x;
                                 },
                             .stmt = {},
                             .buffer = {}});
  return out + ")";
}

int count_nodes(const Expr& e) {
  int count = 0;
  bool in_word = false;
  for (char c : write_sexpr(e)) {
    count += c == '(';
    bool is_word = c != '(' && c != ')' && c != ' ';
    count += is_word && !in_word;
    in_word = is_word;
  }
  return count;
}

std::optional<std::int64_t> evaluate(const Expr& e, const Point& point) {
  if (e.as<tir::Var>()) return point.at(e);
  if (auto value = tir::as_int(e)) return value;
  std::optional<std::int64_t> r;
  if (const auto* b = e.as<tir::Binary>()) {
    auto x = evaluate(b->a, point), y = evaluate(b->b, point);
    if (!x || !y) return std::nullopt;
    r = apply(b->op, *x, *y);
  } else if (const auto* n = e.as<tir::Not>()) {
    r = evaluate(n->a, point);
    if (r) r = !*r;
  } else if (const auto* s = e.as<tir::Select>()) {
    auto c = evaluate(s->condition, point);
    if (!c) return std::nullopt;
    r = evaluate(*c ? s->true_value : s->false_value, point);
  } else if (const auto* cast = e.as<tir::Cast>()) {
    r = evaluate(cast->value, point);
  } else if (const auto* c = e.as<tir::Call>()) {
    r = apply_call(*c, point);
  }
  if (r && tir::dtype_of(e) == kInt32 && (*r < INT32_MIN || *r > INT32_MAX)) return std::nullopt;
  return r;
}

}  // namespace tenon
