// Relax, the graph IR: typed tensors with symbolic shapes, dataflow blocks, control flow, and calls
// of TensorIR functions, side by side in one module. Nodes are immutable.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/ir/kit.h"
#include "compiler/tir/stmt.h"

namespace tenon::relax {

using Dim = tir::Expr;  // an int64 expression over symbolic variables
using Shape = std::vector<Dim>;

// --- types -------------------------------------------------------------------------------------
struct TensorType;
struct ShapeType;
struct PrimType;
struct TupleType;
struct FuncType;
struct AnyType;
struct TypeFamily {
  using Nodes = TypeList<TensorType, ShapeType, PrimType, TupleType, FuncType, AnyType>;
};
using Type = Handle<TypeFamily>;

// What is known of a tensor: shape (else rank, -1 when unknown too), element type, and the device
// it lies on as scripts name it ("cuda:0:global"; empty when none is named).
struct TensorType {
  std::optional<Shape> shape;
  int rank = -1;
  std::optional<DataType> dtype;
  std::string vdevice = {};
  static constexpr auto fields() {
    return std::tuple{use("shape", &TensorType::shape), use("rank", &TensorType::rank),
                      use("dtype", &TensorType::dtype), use("vdevice", &TensorType::vdevice)};
  }
};
struct ShapeType {
  std::optional<Shape> values;
  int rank = -1;
  static constexpr auto fields() {
    return std::tuple{use("values", &ShapeType::values), use("rank", &ShapeType::rank)};
  }
};
// A scalar. In the type of a variable, `value` is the symbol that expressions use for it; null
// elsewhere.
struct PrimType {
  DataType dtype;
  tir::Expr value;  // may be null
  static constexpr auto fields() {
    return std::tuple{use("dtype", &PrimType::dtype), use("value", &PrimType::value)};
  }
};
struct TupleType {
  std::vector<Type> fields_;
  static constexpr auto fields() { return std::tuple{use("fields", &TupleType::fields_)}; }
};
// Without `params`, a function of which nothing is known; then `result` is null.
struct FuncType {
  std::optional<std::vector<Type>> params;
  Type result;
  bool is_pure = true;
  static constexpr auto fields() {
    return std::tuple{use("params", &FuncType::params), use("result", &FuncType::result),
                      use("is_pure", &FuncType::is_pure)};
  }
};
struct AnyType {
  static constexpr auto fields() { return std::tuple{}; }
};

// --- values ------------------------------------------------------------------------------------
// The bytes of a constant: compact row-major, 64-byte aligned, never changed after creation.
// `bytes` may view memory that `owner` keeps alive (a mapped model file).
struct TensorData {
  DataType dtype;
  std::vector<std::int64_t> shape;
  const std::byte* bytes = nullptr;
  std::size_t size_bytes = 0;
  std::shared_ptr<const void> owner;
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(bytes);
  }
  std::int64_t num_elements() const;
};
using TensorRef = std::shared_ptr<const TensorData>;
// A tensor of its own zeroed memory and the pointer to fill it through.
std::pair<TensorRef, std::byte*> make_tensor(DataType dtype, std::vector<std::int64_t> shape);

struct OpInfo;  // compiler/relax/op.h: one operator, from the list in compiler/relax/ops.cc

struct Var;
struct Constant;
struct ShapeExpr;
struct PrimValue;
struct StringImm;
struct DataTypeImm;
struct GlobalVar;
struct ExternFunc;
struct OpaqueOp;
struct Tuple;
struct TupleGetItem;
struct Call;
struct If;
struct SeqExpr;
struct Function;
struct ExprFamily {
  using Nodes = TypeList<Var, Constant, ShapeExpr, PrimValue, StringImm, DataTypeImm, GlobalVar,
                         ExternFunc, OpaqueOp, Tuple, TupleGetItem, Call, If, SeqExpr, Function>;
};
using Expr = Handle<ExprFamily>;

// Identity is the handle. A dataflow variable is visible in its dataflow block only.
struct Var {
  std::string name;
  Type type;
  bool is_dataflow = false;
  static constexpr auto fields() {
    return std::tuple{info("name", &Var::name), use("type", &Var::type),
                      use("is_dataflow", &Var::is_dataflow)};
  }
};
struct Constant {
  TensorRef data;
  std::string name;  // of the model's file, for messages; may be empty
  static constexpr auto fields() {
    return std::tuple{use("data", &Constant::data), info("name", &Constant::name)};
  }
};
struct ShapeExpr {
  Shape values;
  static constexpr auto fields() { return std::tuple{use("values", &ShapeExpr::values)}; }
};
struct PrimValue {
  tir::Expr value;
  static constexpr auto fields() { return std::tuple{use("value", &PrimValue::value)}; }
};
struct StringImm {
  std::string value;
  static constexpr auto fields() { return std::tuple{use("value", &StringImm::value)}; }
};
struct DataTypeImm {
  DataType value;
  static constexpr auto fields() { return std::tuple{use("value", &DataTypeImm::value)}; }
};
struct GlobalVar {
  std::string name;
  static constexpr auto fields() { return std::tuple{use("name", &GlobalVar::name)}; }
};
struct ExternFunc {
  std::string name;
  static constexpr auto fields() { return std::tuple{use("name", &ExternFunc::name)}; }
};
// An operator of scripts that the list in compiler/relax/ops.cc has not, or not in this form: kept
// by its name after "R.", typed by annotations, and refused where something must be computed.
struct OpaqueOp {
  std::string name;
  static constexpr auto fields() { return std::tuple{use("name", &OpaqueOp::name)}; }
};
struct Tuple {
  std::vector<Expr> values;
  static constexpr auto fields() { return std::tuple{use("values", &Tuple::values)}; }
};
struct TupleGetItem {
  Expr tuple;
  int index = 0;
  static constexpr auto fields() {
    return std::tuple{use("tuple", &TupleGetItem::tuple), use("index", &TupleGetItem::index)};
  }
};
// Exactly one of `op` (a graph operator) and `callee` (GlobalVar, ExternFunc, OpaqueOp or a
// function value) is set. R.call_tir is the operator kCallTir with args = (GlobalVar, Tuple of
// tensors [, ShapeExpr of symbolic scalars]) and type_args = the result's type.
struct Call {
  const OpInfo* op = nullptr;
  Expr callee;
  std::vector<Expr> args;
  tir::AttrMap attrs;
  std::vector<Type> type_args;
  static constexpr auto fields() {
    return std::tuple{use("op", &Call::op), use("callee", &Call::callee), use("args", &Call::args),
                      use("attrs", &Call::attrs), use("type_args", &Call::type_args)};
  }
};

// var = value; with `cast_type`, R.match_cast: checks at run time and defines the type's new
// symbols.
struct Binding {
  Expr var, value;
  Type cast_type;  // null unless match_cast
  static constexpr auto fields() {
    return std::tuple{use("value", &Binding::value), use("cast_type", &Binding::cast_type),
                      def("var", &Binding::var)};
  }
};
struct BindingBlock {
  bool is_dataflow = false;
  std::vector<Binding> bindings;
  static constexpr auto fields() {
    return std::tuple{use("is_dataflow", &BindingBlock::is_dataflow),
                      use("bindings", &BindingBlock::bindings)};
  }
};
struct SeqExpr {
  std::vector<BindingBlock> blocks;
  Expr body;  // a leaf: Var, Constant, Tuple of leaves ...
  static constexpr auto fields() {
    return std::tuple{use("blocks", &SeqExpr::blocks), use("body", &SeqExpr::body)};
  }
};
struct If {
  Expr condition;
  Expr then_branch, else_branch;  // SeqExpr each
  static constexpr auto fields() {
    return std::tuple{use("condition", &If::condition), use("then", &If::then_branch),
                      use("else", &If::else_branch)};
  }
};
struct Function {
  std::vector<Expr> params;  // Vars
  Expr body;                 // a SeqExpr
  Type result;
  bool is_pure = true;
  bool is_private = false;
  tir::AttrMap attrs;
  static constexpr auto fields() {
    return std::tuple{def("params", &Function::params),         use("body", &Function::body),
                      use("result", &Function::result),         use("is_pure", &Function::is_pure),
                      use("is_private", &Function::is_private), use("attrs", &Function::attrs)};
  }
};

// Facts about a symbolic dimension of the module's inputs.
struct SymbolInfo {
  tir::Expr var;
  std::int64_t min = 1;
  std::optional<std::int64_t> max;
  std::int64_t divisor = 1;
};

struct Module {
  std::vector<std::pair<std::string, std::variant<Expr, tir::PrimFunc>>> functions;
  tir::AttrMap attrs;
  tir::AttrMap global_infos;
  std::vector<SymbolInfo> symbols;

  const Function* find_function(const std::string& name) const;
  const tir::PrimFunc* find_prim_func(const std::string& name) const;
  // Adds the function under `hint`, or hint1, hint2 ... when taken; gives the name used.
  std::string add(const std::string& hint, std::variant<Expr, tir::PrimFunc> func);
  void replace(const std::string& name, std::variant<Expr, tir::PrimFunc> func);
};

// --- makers and looks --------------------------------------------------------------------------
Type tensor_type(Shape shape, DataType dtype);
Type tensor_type(const std::vector<std::int64_t>& shape, DataType dtype);
Expr make_var(std::string name, Type type, bool is_dataflow = false);
Expr constant(TensorRef data, std::string name = "");
Expr scalar_constant(DataType dtype, double value);
const Var& var(const Expr& e);
// The type of a leaf: Var, Constant, ShapeExpr, PrimValue, Tuple of leaves, GlobalVar (AnyType).
Type type_of(const Expr& leaf);
// Needs a tensor of known shape and dtype; CHECKs otherwise.
const Shape& shape_of(const Expr& leaf);
const Shape& shape_of(const Type& type);
DataType dtype_of(const Expr& leaf);
DataType dtype_of(const Type& type);
std::optional<std::vector<std::int64_t>> static_shape(const Shape& shape);

}  // namespace tenon::relax
