// TensorIR expressions: what a loop body computes. Values of scalar or vector type, buffers and
// regions. Nodes are immutable; a Var or a Buffer is identified by its handle.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "compiler/ir/dtype.h"
#include "compiler/ir/kit.h"
#include "compiler/tir/intrinsic.h"

namespace tenon::tir {

struct IntImm;
struct FloatImm;
struct StringImm;
struct Var;
struct Cast;
struct Binary;
struct Not;
struct Select;
struct Load;
struct Ramp;
struct Broadcast;
struct Shuffle;
struct Let;
struct Call;
struct BufferNode;

struct ExprFamily {
  using Nodes = TypeList<IntImm, FloatImm, StringImm, Var, Cast, Binary, Not, Select, Load, Ramp,
                         Broadcast, Shuffle, Let, Call>;
};
struct BufferFamily {
  using Nodes = TypeList<BufferNode>;
};
using Expr = Handle<ExprFamily>;
using Buffer = Handle<BufferFamily>;

// div and mod round towards zero; floor_div and floor_mod towards minus infinity. div on floats is
// the true quotient. Comparisons and `and`, `or` give bool.
enum class BinaryOp : std::uint8_t {
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
  kGt,
  kGe,
  kAnd,
  kOr,
};

// A value of an annotation or attribute. Integers of the script's plain form are int64_t; typed
// constants and symbolic values are Exprs.
struct AttrValue {
  using List = std::vector<AttrValue>;
  using Map = std::map<std::string, AttrValue>;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Expr, List, Map> value;
  static constexpr auto fields() { return std::tuple{use("value", &AttrValue::value)}; }
};
using AttrMap = std::map<std::string, AttrValue>;

struct IntImm {
  DataType dtype;
  std::int64_t value;  // uint64 constants keep their bits
  static constexpr auto fields() {
    return std::tuple{use("dtype", &IntImm::dtype), use("value", &IntImm::value)};
  }
};
struct FloatImm {
  DataType dtype;
  double value;
  static constexpr auto fields() {
    return std::tuple{use("dtype", &FloatImm::dtype), use("value", &FloatImm::value)};
  }
};
struct StringImm {
  std::string value;
  static constexpr auto fields() { return std::tuple{use("value", &StringImm::value)}; }
};
// A pointer variable has dtype handle and says what it points to (void when unknown) and where.
struct Var {
  std::string name;
  DataType dtype;
  DataType pointee = kVoidType;
  std::string scope;
  static constexpr auto fields() {
    return std::tuple{info("name", &Var::name), use("dtype", &Var::dtype),
                      use("pointee", &Var::pointee), use("scope", &Var::scope)};
  }
};
struct Cast {
  DataType dtype;
  Expr value;
  static constexpr auto fields() {
    return std::tuple{use("dtype", &Cast::dtype), use("value", &Cast::value)};
  }
};
// Both sides have equal types; `dtype` is the result's. Made by binary(), which checks.
struct Binary {
  BinaryOp op;
  Expr a, b;
  DataType dtype;
  static constexpr auto fields() {
    return std::tuple{use("op", &Binary::op), use("a", &Binary::a), use("b", &Binary::b),
                      use("dtype", &Binary::dtype)};
  }
};
struct Not {
  Expr a;
  static constexpr auto fields() { return std::tuple{use("a", &Not::a)}; }
};
// Both values are computed; T.if_then_else, an intrinsic call, computes one.
struct Select {
  Expr condition, true_value, false_value;
  static constexpr auto fields() {
    return std::tuple{use("condition", &Select::condition), use("true", &Select::true_value),
                      use("false", &Select::false_value)};
  }
};
// One index a dimension; the last may be a vector (Ramp), which makes the result a vector.
struct Load {
  Buffer buffer;
  std::vector<Expr> indices;
  Expr predicate;  // null, or a bool vector: false lanes are not read
  static constexpr auto fields() {
    return std::tuple{use("buffer", &Load::buffer), use("indices", &Load::indices),
                      use("predicate", &Load::predicate)};
  }
};
// base, base + stride, ... ; `lanes` is an IntImm, or an expression of T.vscale().
struct Ramp {
  Expr base, stride, lanes;
  static constexpr auto fields() {
    return std::tuple{use("base", &Ramp::base), use("stride", &Ramp::stride),
                      use("lanes", &Ramp::lanes)};
  }
};
struct Broadcast {
  Expr value, lanes;
  static constexpr auto fields() {
    return std::tuple{use("value", &Broadcast::value), use("lanes", &Broadcast::lanes)};
  }
};
// Lane i is element indices[i] of the concatenation of `vectors`.
struct Shuffle {
  std::vector<Expr> vectors, indices;
  static constexpr auto fields() {
    return std::tuple{use("vectors", &Shuffle::vectors), use("indices", &Shuffle::indices)};
  }
};
struct Let {
  Expr var, value, body;
  static constexpr auto fields() {
    return std::tuple{def("var", &Let::var), use("value", &Let::value), use("body", &Let::body)};
  }
};
// A call of an intrinsic of the list in intrinsic.h. Strings among the arguments are StringImm;
// buffers are passed as their data Var or as an address_of a Load.
struct Call {
  Intrinsic op;
  DataType dtype;
  std::vector<Expr> args;
  AttrMap attrs;  // keyword arguments of the few intrinsics that have them
  static constexpr auto fields() {
    return std::tuple{use("op", &Call::op), use("dtype", &Call::dtype), use("args", &Call::args),
                      use("attrs", &Call::attrs)};
  }
};

// A typed region of memory, row-major unless `strides` says otherwise (elements, one a dimension).
// Identity is the handle; buffers with the same `data` variable alias.
struct BufferNode {
  std::string name;
  Expr data;  // a Var of handle type; never null
  DataType dtype;
  std::vector<Expr> shape;
  std::vector<Expr> strides;  // empty: compact
  Expr elem_offset;           // null: 0
  std::string scope = "global";
  int data_alignment = 64;  // bytes
  int offset_factor = 1;    // elements
  static constexpr auto fields() {
    return std::tuple{info("name", &BufferNode::name),
                      def("data", &BufferNode::data),
                      use("dtype", &BufferNode::dtype),
                      use("shape", &BufferNode::shape),
                      use("strides", &BufferNode::strides),
                      use("elem_offset", &BufferNode::elem_offset),
                      use("scope", &BufferNode::scope),
                      use("data_alignment", &BufferNode::data_alignment),
                      use("offset_factor", &BufferNode::offset_factor)};
  }
};

// [min, min + extent)
struct Range {
  Expr min, extent;
  static constexpr auto fields() {
    return std::tuple{use("min", &Range::min), use("extent", &Range::extent)};
  }
};
struct BufferRegion {
  Buffer buffer;
  std::vector<Range> region;
  static constexpr auto fields() {
    return std::tuple{use("buffer", &BufferRegion::buffer), use("region", &BufferRegion::region)};
  }
};

// --- makers. They check types (CHECK) and fold nothing but constants of equal type.
Expr int_imm(DataType dtype, std::int64_t value);
inline Expr i32(std::int64_t value) { return int_imm(kInt32, value); }
inline Expr i64(std::int64_t value) { return int_imm(kInt64, value); }
Expr bool_imm(bool value);
Expr float_imm(DataType dtype, double value);
Expr string_imm(std::string value);
Expr make_var(std::string name, DataType dtype);
Expr make_pointer(std::string name, DataType pointee, std::string scope);
// A constant of any numeric dtype, a Broadcast for a vector type.
Expr constant(DataType dtype, double value);
// Checks that the types agree (a scalar integer constant is converted to the other side's type;
// int32 against int64 is widened); folds integer constants. Never simplifies otherwise.
Expr binary(BinaryOp op, Expr a, Expr b);
Expr cast(DataType dtype, Expr value);  // the value itself when it has the type already
Expr logical_not(Expr a);
Expr select(Expr condition, Expr true_value, Expr false_value);
Expr if_then_else(Expr condition, Expr true_value, Expr false_value);
Expr load(Buffer buffer, std::vector<Expr> indices, Expr predicate = {});
Expr ramp(Expr base, Expr stride, int lanes);
Expr broadcast(Expr value, int lanes);
Expr call(Intrinsic op, DataType dtype, std::vector<Expr> args, AttrMap attrs = {});

inline Expr operator+(Expr a, Expr b) { return binary(BinaryOp::kAdd, a, b); }
inline Expr operator-(Expr a, Expr b) { return binary(BinaryOp::kSub, a, b); }
inline Expr operator*(Expr a, Expr b) { return binary(BinaryOp::kMul, a, b); }
inline Expr floor_div(Expr a, Expr b) { return binary(BinaryOp::kFloorDiv, a, b); }
inline Expr floor_mod(Expr a, Expr b) { return binary(BinaryOp::kFloorMod, a, b); }
inline Expr min(Expr a, Expr b) { return binary(BinaryOp::kMin, a, b); }
inline Expr max(Expr a, Expr b) { return binary(BinaryOp::kMax, a, b); }
inline Expr less(Expr a, Expr b) { return binary(BinaryOp::kLt, a, b); }
inline Expr less_equal(Expr a, Expr b) { return binary(BinaryOp::kLe, a, b); }
inline Expr equal(Expr a, Expr b) { return binary(BinaryOp::kEq, a, b); }
inline Expr logical_and(Expr a, Expr b) { return binary(BinaryOp::kAnd, a, b); }

DataType dtype_of(const Expr& e);
// The value of an IntImm (of any integer type or bool), else nothing.
std::optional<std::int64_t> as_int(const Expr& e);
bool is_int(const Expr& e, std::int64_t value);
const Var& var(const Expr& e);  // needs a Var
const BufferNode& node(const Buffer& b);

struct BufferArgs {
  std::string name;
  DataType dtype = kFloat32;
  std::vector<Expr> shape;
  std::string scope = "global";
};
// A fresh buffer with a fresh data variable, compact.
Buffer make_buffer(BufferArgs args);

}  // namespace tenon::tir
