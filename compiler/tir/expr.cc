#include "compiler/tir/expr.h"

#include <cmath>
#include <limits>
#include <optional>

#include "compiler/support/error.h"

namespace tenon::tir {
namespace {

bool is_comparison(BinaryOp op) { return op >= BinaryOp::kEq && op <= BinaryOp::kGe; }
bool is_logical(BinaryOp op) { return op == BinaryOp::kAnd || op == BinaryOp::kOr; }

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

// The folded value, or nothing when it overflows, divides by zero or is not an integer operation.
std::optional<std::int64_t> fold(BinaryOp op, std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  const bool divides = op == BinaryOp::kDiv || op == BinaryOp::kMod || op == BinaryOp::kFloorDiv ||
                       op == BinaryOp::kFloorMod;
  if (divides && (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min()))) return {};
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
      return floor_divide(a, b);
    case BinaryOp::kFloorMod:
      return a - floor_divide(a, b) * b;
    case BinaryOp::kMin:
      return a < b ? a : b;
    case BinaryOp::kMax:
      return a > b ? a : b;
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
  return {};
}

bool fits(DataType dtype, std::int64_t value) {
  if (dtype.bits >= 64 || dtype.is_bool()) return true;
  if (dtype.is_uint()) return value >= 0 && value < (std::int64_t{1} << dtype.bits);
  const std::int64_t half = std::int64_t{1} << (dtype.bits - 1);
  return value >= -half && value < half;
}

Expr fold_binary(BinaryOp op, const Expr& a, const Expr& b, DataType dtype) {
  const auto* x = a.as<IntImm>();
  const auto* y = b.as<IntImm>();
  if (!x || !y || (x->dtype.is_uint() && x->dtype.bits == 64)) return {};
  const auto value = fold(op, x->value, y->value);
  if (!value || !fits(dtype, *value)) return {};
  return int_imm(dtype, *value);
}

// Makes the two sides' types agree, or says by CHECK why they cannot.
void unify(Expr& a, Expr& b) {
  DataType x = dtype_of(a), y = dtype_of(b);
  if (x == y) return;
  if (x.lanes != y.lanes && !x.scalable && !y.scalable) {
    if (x.lanes == 1) a = broadcast(a, y.lanes);
    if (y.lanes == 1) b = broadcast(b, x.lanes);
    x = dtype_of(a), y = dtype_of(b);
    if (x == y) return;
  }
  const auto* ca = a.as<IntImm>();
  const auto* cb = b.as<IntImm>();
  if (cb && !y.is_bool() && (x.is_integer() || x.is_float())) {
    b = constant(x, static_cast<double>(cb->value));
  } else if (ca && !x.is_bool() && (y.is_integer() || y.is_float())) {
    a = constant(y, static_cast<double>(ca->value));
  } else if (x.is_int() && y.is_int()) {
    const DataType wide = x.bits > y.bits ? x : y;
    a = cast(wide, a);
    b = cast(wide, b);
  }
  CHECK(dtype_of(a) == dtype_of(b))
      << "operands have types " << to_string(x) << " and " << to_string(y);
}

int lanes_value(const Expr& lanes) {
  const auto value = as_int(lanes);
  return value ? static_cast<int>(*value) : 1;
}

// vscale-multiples have a Mul with T.vscale(); the type then is scalable.
DataType vector_of(DataType element, const Expr& lanes) {
  if (as_int(lanes)) return element.with_lanes(lanes_value(lanes));
  DataType type = element;
  type.scalable = true;
  if (const auto* mul = lanes.as<Binary>()) {
    const auto factor = as_int(mul->a) ? as_int(mul->a) : as_int(mul->b);
    if (factor) type.lanes = static_cast<std::uint16_t>(*factor);
  }
  return type;
}

DataType load_dtype(const Load& n) {
  DataType type = node(n.buffer).dtype;
  if (n.indices.empty()) return type;
  const DataType index = dtype_of(n.indices.back());
  if (!index.is_vector()) return type;
  type.lanes = static_cast<std::uint16_t>(type.lanes * index.lanes);
  type.scalable = index.scalable;
  return type;
}

}  // namespace

Expr int_imm(DataType dtype, std::int64_t value) {
  CHECK(dtype.is_integer() || dtype.is_bool()) << "integer constant of type " << to_string(dtype);
  return IntImm{dtype, value};
}

Expr bool_imm(bool value) { return IntImm{kBoolType, value}; }
Expr float_imm(DataType dtype, double value) { return FloatImm{dtype, value}; }
Expr string_imm(std::string value) { return StringImm{std::move(value)}; }

Expr make_var(std::string name, DataType dtype) {
  return Var{std::move(name), dtype, kVoidType, ""};
}

Expr make_pointer(std::string name, DataType pointee, std::string scope) {
  return Var{std::move(name), kHandleType, pointee, std::move(scope)};
}

Expr constant(DataType dtype, double value) {
  const DataType element = dtype.element();
  Expr scalar = element.is_float() ? float_imm(element, value)
                                   : int_imm(element, static_cast<std::int64_t>(value));
  return dtype.lanes > 1 ? broadcast(scalar, dtype.lanes) : scalar;
}

Expr binary(BinaryOp op, Expr a, Expr b) {
  unify(a, b);
  DataType dtype = dtype_of(a);
  if (is_comparison(op) || is_logical(op)) {
    dtype.code = TypeCode::kBool;
    dtype.bits = 8;
  }
  if (Expr folded = fold_binary(op, a, b, dtype)) return folded;
  return Binary{op, std::move(a), std::move(b), dtype};
}

Expr cast(DataType dtype, Expr value) {
  const DataType from = dtype_of(value);
  if (from == dtype) return value;
  if (const auto* n = value.as<IntImm>(); n && !dtype.is_vector()) {
    if (dtype.is_integer() && fits(dtype, n->value)) return int_imm(dtype, n->value);
    if (dtype.is_float()) return float_imm(dtype, static_cast<double>(n->value));
  }
  return Cast{dtype, std::move(value)};
}

Expr logical_not(Expr a) {
  if (const auto value = as_int(a)) return bool_imm(*value == 0);
  return Not{std::move(a)};
}

Expr select(Expr condition, Expr true_value, Expr false_value) {
  unify(true_value, false_value);
  return Select{std::move(condition), std::move(true_value), std::move(false_value)};
}

Expr if_then_else(Expr condition, Expr true_value, Expr false_value) {
  unify(true_value, false_value);
  const DataType dtype = dtype_of(true_value);
  return call(Intrinsic::kIfThenElse, dtype,
              {std::move(condition), std::move(true_value), std::move(false_value)});
}

Expr load(Buffer buffer, std::vector<Expr> indices, Expr predicate) {
  CHECK(indices.size() == node(buffer).shape.size())
      << "buffer " << node(buffer).name << " has " << node(buffer).shape.size()
      << " dimensions, the load has " << indices.size() << " indices";
  return Load{std::move(buffer), std::move(indices), std::move(predicate)};
}

Expr ramp(Expr base, Expr stride, int lanes) {
  unify(base, stride);
  return Ramp{std::move(base), std::move(stride), i32(lanes)};
}

Expr broadcast(Expr value, int lanes) { return Broadcast{std::move(value), i32(lanes)}; }

Expr call(Intrinsic op, DataType dtype, std::vector<Expr> args, AttrMap attrs) {
  const IntrinsicInfo& details = intrinsic_info(op);
  CHECK(details.num_args < 0 || details.num_args == static_cast<int>(args.size()))
      << "T." << details.name << " takes " << details.num_args << " arguments, got " << args.size();
  return Call{op, dtype, std::move(args), std::move(attrs)};
}

DataType dtype_of(const Expr& e) {
  CHECK(e) << "the type of a null expression was asked for";
  return match(
      e, [](const IntImm& n) { return n.dtype; }, [](const FloatImm& n) { return n.dtype; },
      [](const StringImm&) { return kHandleType; }, [](const Var& n) { return n.dtype; },
      [](const Cast& n) { return n.dtype; }, [](const Binary& n) { return n.dtype; },
      [](const Not& n) { return dtype_of(n.a); },
      [](const Select& n) { return dtype_of(n.true_value); },
      [](const Load& n) { return load_dtype(n); },
      [](const Ramp& n) { return vector_of(dtype_of(n.base), n.lanes); },
      [](const Broadcast& n) { return vector_of(dtype_of(n.value), n.lanes); },
      [](const Shuffle& n) {
        return dtype_of(n.vectors.front()).element().with_lanes(static_cast<int>(n.indices.size()));
      },
      [](const Let& n) { return dtype_of(n.body); }, [](const Call& n) { return n.dtype; });
}

std::optional<std::int64_t> as_int(const Expr& e) {
  if (const auto* n = e.as<IntImm>()) return n->value;
  return std::nullopt;
}

bool is_int(const Expr& e, std::int64_t value) {
  const auto* n = e.as<IntImm>();
  return n && n->value == value;
}

const Var& var(const Expr& e) {
  CHECK(e.as<Var>()) << "a variable is needed here";
  return e.get<Var>();
}

const BufferNode& node(const Buffer& b) {
  CHECK(b) << "a null buffer was used";
  return b.get<BufferNode>();
}

Buffer make_buffer(BufferArgs args) {
  BufferNode n;
  n.data = make_pointer(args.name, args.dtype, args.scope);
  n.name = std::move(args.name);
  n.dtype = args.dtype;
  n.shape = std::move(args.shape);
  n.scope = std::move(args.scope);
  return n;
}

}  // namespace tenon::tir
