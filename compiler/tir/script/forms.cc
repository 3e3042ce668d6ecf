#include "compiler/tir/script/forms.h"

#include <array>
#include <cmath>

#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

constexpr std::array<std::string_view, 17> kWords = {
    "Add", "Sub", "Mul", "Div", "Mod", "FloorDiv", "FloorMod", "Min", "Max",
    "EQ",  "NE",  "LT",  "LE",  "GT",  "GE",       "And",      "Or"};

bool is_constant(const Expr& e) { return e.as<IntImm>() || e.as<FloatImm>(); }

bool equals(const Expr& e, double value) {
  if (const auto* n = e.as<IntImm>()) return static_cast<double>(n->value) == value;
  if (const auto* n = e.as<FloatImm>()) return n->value == value && !std::signbit(n->value);
  return false;
}

double float_value(const Expr& e) { return e.get<FloatImm>().value; }

Expr fold_floats(BinaryOp op, const Expr& a, const Expr& b) {
  const double x = float_value(a), y = float_value(b);
  const DataType type = dtype_of(a);
  if (type.bits != 32 && type.bits != 64) return {};
  const auto value = [&](double v) {
    return float_imm(type, type.bits == 32 ? static_cast<double>(static_cast<float>(v)) : v);
  };
  switch (op) {
    case BinaryOp::kAdd:
      return value(x + y);
    case BinaryOp::kSub:
      return value(x - y);
    case BinaryOp::kMul:
      return value(x * y);
    case BinaryOp::kDiv:
      return y == 0 ? Expr{} : value(x / y);
    case BinaryOp::kMin:
      return value(x < y ? x : y);
    case BinaryOp::kMax:
      return value(x > y ? x : y);
    case BinaryOp::kEq:
      return bool_imm(x == y);
    case BinaryOp::kNe:
      return bool_imm(x != y);
    case BinaryOp::kLt:
      return bool_imm(x < y);
    case BinaryOp::kLe:
      return bool_imm(x <= y);
    case BinaryOp::kGt:
      return bool_imm(x > y);
    case BinaryOp::kGe:
      return bool_imm(x >= y);
    default:
      return {};
  }
}

// One side is neutral or absorbing.
Expr fold_one_side(BinaryOp op, const Expr& a, const Expr& b) {
  switch (op) {
    case BinaryOp::kAdd:
      return equals(a, 0) ? b : equals(b, 0) ? a : Expr{};
    case BinaryOp::kSub:
      return equals(b, 0) ? a : Expr{};
    case BinaryOp::kMul:
      if (equals(a, 1)) return b;
      if (equals(b, 1)) return a;
      return equals(a, 0) ? a : equals(b, 0) ? b : Expr{};
    case BinaryOp::kDiv:
    case BinaryOp::kFloorDiv:
      return equals(a, 0) ? a : equals(b, 1) ? a : Expr{};
    case BinaryOp::kMod:
    case BinaryOp::kFloorMod:
      if (equals(a, 0)) return a;
      return equals(b, 1) ? constant(dtype_of(a), 0) : Expr{};
    case BinaryOp::kAnd:
      return equals(a, 1) ? b : equals(b, 1) ? a : equals(a, 0) ? a : equals(b, 0) ? b : Expr{};
    case BinaryOp::kOr:
      return equals(a, 0) ? b : equals(b, 0) ? a : equals(a, 1) ? a : equals(b, 1) ? b : Expr{};
    default:
      return {};
  }
}

}  // namespace

Expr fold_operator(BinaryOp op, const Expr& a, const Expr& b) {
  if (!is_constant(a) && !is_constant(b)) return {};
  if (dtype_of(a) != dtype_of(b)) return {};
  if (a.as<FloatImm>() && b.as<FloatImm>()) return fold_floats(op, a, b);
  if (a.as<IntImm>() && b.as<IntImm>()) {
    Expr folded = binary(op, a, b);
    return folded.as<IntImm>() ? folded : Expr{};
  }
  return fold_one_side(op, a, b);
}

Expr script_operator(BinaryOp op, const Expr& a, const Expr& b) {
  Expr made = binary(op, a, b);
  const auto* n = made.as<Binary>();
  if (!n) return made;
  Expr folded = fold_operator(op, n->a, n->b);
  return folded ? folded : made;
}

Expr raw_binary(BinaryOp op, Expr a, Expr b) {
  DataType dtype = dtype_of(a);
  CHECK(dtype == dtype_of(b)) << "operands have types " << to_string(dtype) << " and "
                              << to_string(dtype_of(b));
  if (op >= BinaryOp::kEq) {
    dtype.code = TypeCode::kBool;
    dtype.bits = 8;
  }
  return Binary{op, std::move(a), std::move(b), dtype};
}

std::string_view operator_word(BinaryOp op) { return kWords[static_cast<std::size_t>(op)]; }

bool names_dtype(Intrinsic op) {
  switch (op) {
    case Intrinsic::kReinterpret:
    case Intrinsic::kMaskedLoad:
    case Intrinsic::kVectorLow:
    case Intrinsic::kVectorHigh:
    case Intrinsic::kVectorCombine:
    case Intrinsic::kGetActiveLaneMask:
    case Intrinsic::kCallExtern:
    case Intrinsic::kCallPureExtern:
    case Intrinsic::kCallLlvmIntrin:
    case Intrinsic::kCallLlvmPureIntrin:
    case Intrinsic::kTypeAnnotation:
      return true;
    default:
      return false;
  }
}

bool is_scalar_definition(const Stmt& alloc, const Stmt& next) {
  const auto* a = alloc.as<AllocBuffer>();
  const auto* s = next ? next.as<Store>() : nullptr;
  if (!a || !s || !a->annotations.empty() || !a->buffer.same_as(s->buffer)) return false;
  const BufferNode& n = node(a->buffer);
  if (n.scope != "local" || n.shape.size() != 1 || !is_int(n.shape[0], 1)) return false;
  if (!n.strides.empty() || n.elem_offset || n.data_alignment != 64) return false;
  if (s->predicate || s->indices.size() != 1 || !is_int(s->indices[0], 0)) return false;
  return dtype_of(s->indices[0]) == dtype_of(n.shape[0]) && dtype_of(n.shape[0]) == kInt32 &&
         dtype_of(s->value) == n.dtype;
}

}  // namespace tenon::tir
