// Scalar expressions of the interpreter.
#include <cmath>
#include <cstring>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpreter/compiler.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/small_float.h"

namespace tenon::tir::interpreter {
namespace {

Scalar integer(std::int64_t v) {
  Scalar s;
  s.i = v;
  return s;
}

template <class T>
Scalar read_integer(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return integer(static_cast<std::int64_t>(value));
}

std::size_t slot_in(std::map<const void*, std::size_t>& slots, const void* key) {
  return slots.try_emplace(key, slots.size()).first->second;
}

}  // namespace

Scalar read_element(const std::byte* at, DataType type) {
  if (type.is_float()) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, at, static_cast<std::size_t>(type.size_bytes()));
    Scalar s;
    s.f = decode_float(type, bits);
    return s;
  }
  const bool is_signed = type.is_int();
  switch (type.size_bytes()) {
    case 1: {
      const Scalar raw = is_signed ? read_integer<std::int8_t>(at) : read_integer<std::uint8_t>(at);
      return integer(wrap(type, raw.i));
    }
    case 2:
      return is_signed ? read_integer<std::int16_t>(at) : read_integer<std::uint16_t>(at);
    case 4:
      return is_signed ? read_integer<std::int32_t>(at) : read_integer<std::uint32_t>(at);
    default:
      return read_integer<std::int64_t>(at);
  }
}

void write_element(std::byte* at, DataType type, Scalar value) {
  const std::uint64_t bits =
      type.is_float() ? encode_float(type, value.f) : static_cast<std::uint64_t>(value.i);
  std::memcpy(at, &bits, static_cast<std::size_t>(type.size_bytes()));
}

std::int64_t element_bytes(DataType dtype) {
  return static_cast<std::int64_t>(dtype.size_bytes()) * dtype.lanes;
}

std::vector<std::int64_t> compact_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

std::int64_t element_position(Frame& frame, std::size_t view, const std::string& name,
                              const std::vector<ScalarFn>& indices) {
  const View& v = frame.views[view];
  if (!v.is_bound) throw UserError("buffer " + name + " is used where it has no memory");
  std::int64_t position = v.offset;
  for (std::size_t d = 0; d < indices.size(); ++d) {
    const std::int64_t i = indices[d](frame).i;
    const View& now = frame.views[view];
    if (i < 0 || i >= now.shape[d]) {
      throw UserError(str_cat("index ", i, " of dimension ", d, " of buffer ", name,
                              " is outside [0, ", now.shape[d], ")"));
    }
    position += i * now.strides[d];
  }
  return position;
}

std::size_t Compiler::scalar_slot(const Expr& variable) { return slot_in(scalars_, variable.id()); }
std::size_t Compiler::storage_slot(const Expr& data) { return slot_in(storages_, data.id()); }
std::size_t Compiler::view_slot(const Buffer& buffer) { return slot_in(views_, buffer.id()); }

Frame Compiler::frame() const {
  Frame f;
  f.scalars.resize(scalars_.size());
  f.vectors.resize(vectors_.size());
  f.storages.resize(storages_.size());
  f.views.resize(views_.size());
  return f;
}

ScalarFn Compiler::scalar(const Expr& e) {
  return match(
      e, [&](const IntImm& n) -> ScalarFn { return [v = integer(n.value)](Frame&) { return v; }; },
      [&](const FloatImm& n) -> ScalarFn {
        Scalar v;
        v.f = round_to(n.dtype, n.value);
        return [v](Frame&) { return v; };
      },
      [&](const StringImm&) -> ScalarFn { return [](Frame&) { return Scalar{}; }; },
      [&](const Var&) -> ScalarFn {
        return [slot = scalar_slot(e)](Frame& f) { return f.scalars[slot]; };
      },
      [&](const Cast& n) -> ScalarFn {
        return [from = dtype_of(n.value), to = n.dtype, value = scalar(n.value)](Frame& f) {
          return apply_cast(from, to, value(f));
        };
      },
      [&](const Binary& n) { return binary(n); },
      [&](const Not& n) -> ScalarFn {
        return [a = scalar(n.a)](Frame& f) { return integer(a(f).i == 0); };
      },
      [&](const Select& n) -> ScalarFn {
        return [c = scalar(n.condition), a = scalar(n.true_value),
                b = scalar(n.false_value)](Frame& f) {
          const Scalar x = a(f), y = b(f);
          return c(f).i ? x : y;
        };
      },
      [&](const Load& n) { return load(n); },
      [&](const Let& n) -> ScalarFn {
        return [bind = bind_variable(n.var, n.value), body = scalar(n.body)](Frame& f) {
          bind(f);
          return body(f);
        };
      },
      [&](const Call& n) { return call(n, e); },
      [&](const auto&) -> ScalarFn {  // a vector node of one lane
        return [lanes = vector(e)](Frame& f) { return lanes(f).at(0); };
      });
}

ScalarFn Compiler::contraction(const Contraction& c, DataType type) {
  return [type, a = scalar(c.a), b = scalar(c.b), addend = scalar(c.addend)](Frame& f) {
    Scalar s;
    s.f = fused_multiply_add(type, a(f).f, b(f).f, addend(f).f);
    return s;
  };
}

ScalarFn Compiler::binary(const Binary& n) {
  if (const auto c = contraction_of(n)) return contraction(*c, n.dtype);
  ScalarFn a = scalar(n.a), b = scalar(n.b);
  if (n.op == BinaryOp::kAnd) {
    return [a, b](Frame& f) { return integer(a(f).i && b(f).i); };
  }
  if (n.op == BinaryOp::kOr) {
    return [a, b](Frame& f) { return integer(a(f).i || b(f).i); };
  }
  return [op = n.op, type = dtype_of(n.a), a, b](Frame& f) {
    const Scalar x = a(f);
    return apply_binary(op, type, x, b(f));
  };
}

ScalarFn Compiler::load(const Load& n) {
  const BufferNode& b = node(n.buffer);
  if (n.predicate || b.dtype.is_vector()) {
    return [lanes = vector_load(n)](Frame& f) { return lanes(f).at(0); };
  }
  std::vector<ScalarFn> indices;
  for (const Expr& i : n.indices) indices.push_back(scalar(i));
  return [view = view_slot(n.buffer), type = b.dtype, bytes = element_bytes(b.dtype), name = b.name,
          indices](Frame& f) {
    const std::int64_t position = element_position(f, view, name, indices);
    const Storage& storage = f.views[view].storage;
    if (position < 0 || (position + 1) * bytes > storage.size_bytes) {
      throw UserError("a read of buffer " + name + " lies outside its memory");
    }
    return read_element(storage.data + position * bytes, type);
  };
}

ScalarFn Compiler::function_call(const Call& n) {
  const std::string name = n.args[0].get<StringImm>().value;
  const PrimFunc* callee = module_ ? module_->find(name) : nullptr;
  if (!callee) throw UserError("function `" + name + "` is not known to the interpreter");
  std::vector<ScalarFn> values;
  std::vector<DataType> types;
  for (std::size_t i = 1; i < n.args.size(); ++i) {
    values.push_back(scalar(n.args[i]));
    types.push_back(dtype_of(n.args[i]));
    if (types.back().is_handle()) {
      throw UserError("the interpreter passes numbers, not pointers, to function `" + name + "`");
    }
  }
  return [callee, module = module_, values, types](Frame& f) {
    std::vector<Argument> arguments;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Scalar v = values[i](f);
      if (types[i].is_float()) {
        arguments.emplace_back(v.f);
      } else {
        arguments.emplace_back(v.i);
      }
    }
    return interpret(*callee, arguments, module).value_or(Scalar{});
  };
}

// ((x * y) rounded half up) >> q of fixed-point arithmetic: q_multiply_shift(x, y, q, s) is
// round(x * y * 2^(s - q)).
ScalarFn Compiler::multiply_shift(const Call& n) {
  return [x = scalar(n.args[0]), y = scalar(n.args[1]), q = scalar(n.args[2]),
          s = scalar(n.args[3]), type = n.dtype](Frame& f) {
    const std::int64_t shift = q(f).i - s(f).i;
    std::int64_t product = x(f).i * y(f).i;  // of two 32-bit values
    if (shift > 0) {
      product = (product + (std::int64_t{1} << (shift - 1))) >> shift;
    } else {
      product = static_cast<std::int64_t>(static_cast<std::uint64_t>(product) << -shift);
    }
    return integer(wrap(type, product));
  };
}

// A tree of halves: lane i is combined with lane i + n/2, then the same with n/2 lanes.
ScalarFn Compiler::lane_reduce(const Call& n) {
  BinaryOp op = BinaryOp::kAdd;
  if (n.op == Intrinsic::kLaneReduceMax) op = BinaryOp::kMax;
  if (n.op == Intrinsic::kLaneReduceMin) op = BinaryOp::kMin;
  return [op, type = n.dtype, value = vector(n.args[0])](Frame& f) {
    Lanes lanes = value(f);
    while (lanes.size() > 1) {
      const std::size_t half = lanes.size() / 2;
      if (lanes.size() % 2 != 0) throw UserError("a lane reduction needs a power of two of lanes");
      for (std::size_t i = 0; i < half; ++i) {
        lanes[i] = apply_binary(op, type, lanes[i], lanes[i + half]);
      }
      lanes.resize(half);
    }
    return lanes.at(0);
  };
}

ScalarFn Compiler::call(const Call& n, const Expr& e) {
  switch (n.op) {
    case Intrinsic::kIfThenElse:
      return [c = scalar(n.args[0]), a = scalar(n.args[1]), b = scalar(n.args[2])](Frame& f) {
        return c(f).i ? a(f) : b(f);
      };
    case Intrinsic::kFma:
      return contraction({n.args[0], n.args[1], n.args[2], true}, n.dtype);
    case Intrinsic::kVscale:
      return [](Frame&) { return integer(1); };
    case Intrinsic::kCallFunction:
      return function_call(n);
    case Intrinsic::kQMultiplyShift:
      return multiply_shift(n);
    case Intrinsic::kLaneReduceAdd:
    case Intrinsic::kLaneReduceMax:
    case Intrinsic::kLaneReduceMin:
      return lane_reduce(n);
    case Intrinsic::kReinterpret:
    case Intrinsic::kCallPureExtern:
    case Intrinsic::kCallLlvmPureIntrin:
      return [lanes = vector_call(n)](Frame& f) { return lanes(f).at(0); };
    default:
      break;
  }
  if (!is_elementwise(n.op) || n.args.empty()) {
    throw UserError("the interpreter cannot run " + print(e));
  }
  const DataType type = dtype_of(n.args[0]);
  const bool is_unary = n.args.size() == 1;
  // The second operand of ldexp is an integer; apply_intrinsic takes it as a float.
  const bool converts = !is_unary && type.is_float() && !dtype_of(n.args[1]).is_float();
  return [op = n.op, type, converts, second = is_unary ? kInt32 : dtype_of(n.args[1]),
          a = scalar(n.args[0]), b = is_unary ? ScalarFn{} : scalar(n.args[1])](Frame& f) {
    const Scalar x = a(f);
    Scalar y = b ? b(f) : Scalar{};
    if (converts) y = apply_cast(second, kFloat64, y);
    const auto value = apply_intrinsic(op, type, x, y);
    if (!value) {
      throw UserError(
          str_cat("T.", intrinsic_info(op).name, " is not defined on ", to_string(type)));
    }
    return *value;
  };
}

}  // namespace tenon::tir::interpreter
