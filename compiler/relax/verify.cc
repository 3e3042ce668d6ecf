#include "compiler/relax/verify.h"

#include <algorithm>
#include <set>

#include "compiler/relax/op.h"
#include "compiler/relax/script/dialect.h"
#include "compiler/relax/script/printer.h"
#include "compiler/relax/script/symbol_lists.h"
#include "compiler/relax/type_relation.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

bool is_leaf(const Expr& e) {
  if (!e || e.as<Call>() || e.as<TupleGetItem>() || e.as<If>() || e.as<SeqExpr>() ||
      e.as<Function>() || e.as<OpaqueOp>()) {
    return false;
  }
  const auto* tuple = e.as<Tuple>();
  return !tuple || std::all_of(tuple->values.begin(), tuple->values.end(), is_leaf);
}

bool is_one_bool(const Type& type) {
  if (type.as<AnyType>()) return true;
  if (const auto* prim = type.as<PrimType>()) return prim->dtype.is_bool();
  const auto* tensor = type.as<TensorType>();
  return tensor && (!tensor->dtype || tensor->dtype->is_bool()) && tensor->rank <= 0;
}

// The operators of scripts that do something besides giving a value.
bool is_impure(std::string_view op) {
  static constexpr std::string_view kImpure[] = {
      "print",          "assert_op",     "memory.kill_tensor", "memory.kill_storage",
      "vm.kill_object", "invoke_closure"};
  return std::find(std::begin(kImpure), std::end(kImpure), op) != std::end(kImpure);
}

// A tensor type as a TensorIR buffer has it.
Type buffer_type(const tir::Param& param) {
  if (!param.buffer) return PrimType{tir::var(param.var).dtype, {}};
  const tir::BufferNode& n = tir::node(param.buffer);
  Shape shape = n.shape;
  for (Dim& dim : shape) {
    if (const auto extent = tir::as_int(dim)) dim = tir::i64(*extent);
  }
  return tensor_type(std::move(shape), n.dtype);
}

class FunctionVerifier {
 public:
  FunctionVerifier(const Module& module, std::string name)
      : module_(module), name_(std::move(name)) {}

  void function(const Function& f) {
    const bool outer_pure = std::exchange(needs_pure_, f.is_pure && !is_forced_pure(f));
    const bool outer_dataflow = std::exchange(in_dataflow_, false);
    for (const Expr& param : f.params) {
      if (!param || !param.as<Var>()) fault("a parameter is no variable");
      define(param);
      if (var(param).is_dataflow) fault("parameter " + text(param) + " is a dataflow variable");
      define_symbols(var(param).type);
    }
    for (const Expr& param : f.params) use_symbols(var(param).type, "parameter " + text(param));
    const auto* body = f.body ? f.body.as<SeqExpr>() : nullptr;
    if (!body) fault("the body is no sequence of binding blocks");
    sequence(*body);
    if (!f.result) fault("the function does not say the type of its result");
    use_symbols(f.result, "the result");
    agree(f.result, type_of(body->body), "the result");
    needs_pure_ = outer_pure;
    in_dataflow_ = outer_dataflow;
  }

 private:
  [[noreturn]] void fault(const std::string& message) const {
    throw UserError(name_ + ": " + message);
  }
  static std::string text(const Expr& e) { return print(e); }
  static bool is_forced_pure(const Function& f) {
    const auto it = f.attrs.find("relax.force_pure");
    if (it == f.attrs.end()) return false;
    const auto* flag = std::get_if<bool>(&it->second.value);
    const auto* number = std::get_if<std::int64_t>(&it->second.value);
    return (flag && *flag) || (number && *number != 0);
  }

  void agree(const Type& declared, const Type& found, const std::string& what) const {
    const std::string conflict = type_conflict(declared, found);
    if (!conflict.empty()) fault(what + " has another type than it says: " + conflict);
  }

  // --- names
  void define(const Expr& variable) {
    const Var& v = var(variable);
    if (!v.type) fault("variable " + v.name + " has no type");
    if (ended_.count(variable.id()) || !visible_.insert(variable.id()).second) {
      fault("variable " + v.name + " is defined twice");
    }
    if (const auto* prim = v.type.as<PrimType>(); prim && prim->value) define_symbols(v.type);
  }
  void use(const Expr& variable) const {
    if (visible_.count(variable.id())) return;
    const Var& v = var(variable);
    if (ended_.count(variable.id())) {
      fault((v.is_dataflow ? "dataflow variable " : "variable ") + v.name +
            " is used outside of the block that defines it");
    }
    fault("variable " + v.name + " is used, but nothing before defines it");
  }
  // Symbols that stand plain in the type.
  void define_symbols(const Type& type) {
    const auto define_plain = [&](const std::optional<Shape>& dims) {
      for (std::size_t i = 0; dims && i < dims->size(); ++i) {
        if ((*dims)[i].as<tir::Var>()) symbols_.insert((*dims)[i].id());
      }
    };
    if (const auto* n = type.as<TensorType>()) {
      define_plain(n->shape);
    } else if (const auto* shape = type.as<ShapeType>()) {
      define_plain(shape->values);
    } else if (const auto* prim = type.as<PrimType>()) {
      if (prim->value && prim->value.as<tir::Var>()) symbols_.insert(prim->value.id());
    } else if (const auto* tuple = type.as<TupleType>()) {
      for (const Type& field : tuple->fields_) define_symbols(field);
    }
  }
  void use_symbols(const std::vector<tir::Expr>& symbols, const std::string& what) const {
    for (const tir::Expr& symbol : symbols) {
      if (symbols_.count(symbol.id())) continue;
      fault("symbol " + tir::var(symbol).name + " in the type of " + what +
            " is used, but nothing before defines it");
    }
  }
  void use_symbols(const Type& type, const std::string& what) const {
    // A function type has symbols of its own.
    if (type && !type.as<FuncType>()) use_symbols(symbols_of(type), what);
  }

  // --- structure
  void sequence(const SeqExpr& seq) {
    for (const BindingBlock& b : seq.blocks) {
      if (b.is_dataflow && in_dataflow_) fault("a dataflow block stands inside another one");
      in_dataflow_ = b.is_dataflow;
      for (const Binding& n : b.bindings) binding(n);
      in_dataflow_ = false;
      for (const Binding& n : b.bindings) {
        if (!var(n.var).is_dataflow) continue;
        visible_.erase(n.var.id());
        ended_.insert(n.var.id());
      }
    }
    leaf(seq.body, "the value of a body");
  }

  void binding(const Binding& n) {
    if (!n.var || !n.var.as<Var>()) fault("a binding has no variable");
    const Var& v = var(n.var);
    if (v.is_dataflow && !in_dataflow_) {
      fault("dataflow variable " + v.name + " is bound outside of a dataflow block");
    }
    if (!n.value) fault("variable " + v.name + " has no value");
    if (const auto* func = n.value.as<Function>()) {
      define(n.var);
      local_function(*func);
      return agree(v.type, type_of(n.value), "variable " + v.name);
    }
    value(n.value, v);
    if (n.cast_type) {
      define_symbols(n.cast_type);
      use_symbols(n.cast_type, "the match_cast of " + v.name);
      agree(v.type, n.cast_type, "variable " + v.name);
    }
    define(n.var);
    use_symbols(v.type, "variable " + v.name);
  }

  // Names defined inside are not known outside.
  void local_function(const Function& f) {
    const std::set<const void*> visible = visible_, symbols = symbols_;
    function(f);
    visible_ = visible;
    symbols_ = symbols;
  }

  void leaf(const Expr& e, const std::string& what) const {
    if (!is_leaf(e)) fault(what + " is no leaf: bind it to a variable");
    if (e.as<Var>()) use(e);
    if (const auto* tuple = e.as<Tuple>()) {
      for (const Expr& field : tuple->values) leaf(field, what);
    }
    if (const auto* name = e.as<GlobalVar>()) known_function(name->name);
    if (e.as<ShapeExpr>()) use_symbols(type_of(e), what);
    if (const auto* scalar = e.as<PrimValue>()) {
      const auto vars = tir::vars_of(scalar->value);
      use_symbols(std::vector<tir::Expr>(vars.begin(), vars.end()), what);
    }
  }

  void value(const Expr& e, const Var& v) {
    if (const auto* n = e.as<Call>()) return call(*n, v);
    if (const auto* n = e.as<If>()) return branch(*n, v);
    if (const auto* n = e.as<TupleGetItem>()) return item(*n, v);
    if (e.as<SeqExpr>()) fault("variable " + v.name + " is bound to a sequence of blocks");
    leaf(e, "the value of " + v.name);
    agree(v.type, type_of(e), "variable " + v.name);
  }

  void item(const TupleGetItem& n, const Var& v) {
    leaf(n.tuple, "the tuple of " + v.name);
    const Type type = type_of(n.tuple);
    if (type.as<AnyType>()) return;
    const auto* tuple = type.as<TupleType>();
    if (!tuple) fault("variable " + v.name + " is a field of a value that is no tuple");
    if (n.index < 0 || n.index >= static_cast<int>(tuple->fields_.size())) {
      fault(str_cat("variable ", v.name, " is field ", n.index, " of a tuple of ",
                    tuple->fields_.size()));
    }
    agree(v.type, tuple->fields_[static_cast<std::size_t>(n.index)], "variable " + v.name);
  }

  void branch(const If& n, const Var& v) {
    if (in_dataflow_) fault("the branch of " + v.name + " stands in a dataflow block");
    leaf(n.condition, "the condition of " + v.name);
    const Type condition = type_of(n.condition);
    if (!is_one_bool(condition)) {
      fault("the condition of " + v.name + " is " + print(condition) + "; one bool is needed");
    }
    for (const Expr& side : {n.then_branch, n.else_branch}) {
      const auto* body = side ? side.as<SeqExpr>() : nullptr;
      if (!body) fault("a branch of " + v.name + " is no sequence of binding blocks");
      const std::set<const void*> visible = visible_, symbols = symbols_;
      sequence(*body);
      agree(v.type, type_of(body->body), "a branch of " + v.name);
      visible_ = visible;
      symbols_ = symbols;
    }
  }

  // --- calls
  const std::variant<Expr, tir::PrimFunc>& known_function(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& [key, entry] : module_.functions) {
      if (key == name) return entry;
      known.push_back(key);
    }
    const std::string hint = did_you_mean(name, known);
    fault("the module has no function " + name + (hint.empty() ? "" : "; " + hint));
  }

  void impure(const std::string& what) const {
    if (in_dataflow_) fault(what + " is not pure; a dataflow block holds only pure calls");
    if (needs_pure_) fault(what + " is not pure, but the function says that it is");
  }

  void call(const Call& n, const Var& v) {
    if ((n.op != nullptr) == static_cast<bool>(n.callee)) {
      fault("the call of " + v.name + " has not exactly one of operator and function");
    }
    for (std::size_t i = 0; i < n.args.size(); ++i) {
      leaf(n.args[i], str_cat("argument ", i, " of the call that defines ", v.name));
    }
    for (const Type& type : n.type_args) use_symbols(type, "the call that defines " + v.name);
    if (n.op) return operator_call(n, v);
    if (const auto* opaque = n.callee.as<OpaqueOp>()) {
      if (is_impure(opaque->name)) impure("R." + opaque->name);
    } else if (const auto* external = n.callee.as<ExternFunc>()) {
      impure("the external function " + external->name);
    } else {
      function_call(n, v);
    }
    if (n.type_args.size() == 1) agree(v.type, n.type_args[0], "variable " + v.name);
  }

  void operator_call(const Call& n, const Var& v) {
    const std::string op = "R." + std::string(n.op->name);
    if (n.op->num_args >= 0 && n.op->num_args != static_cast<int>(n.args.size())) {
      fault(str_cat(op, " takes ", n.op->num_args, " arguments, got ", n.args.size()));
    }
    if (n.op->name == "call_tir") return tensor_call(n, v);
    for (const Expr& arg : n.args) {
      if (!is_known(type_of(arg))) return;
    }
    agree(v.type, inferred(n, v), "variable " + v.name);
  }

  // Adds the variable to what the operator refuses.
  Type inferred(const Call& n, const Var& v) const {
    try {
      return infer_type(n);
    } catch (const UserError& error) {
      fault("variable " + v.name + ": " + error.what());
    }
  }

  static bool is_known(const Type& type) {
    if (const auto* tensor = type.as<TensorType>()) return tensor->shape && tensor->dtype;
    if (const auto* tuple = type.as<TupleType>()) {
      return std::all_of(tuple->fields_.begin(), tuple->fields_.end(), is_known);
    }
    return !type.as<AnyType>();
  }

  void tensor_call(const Call& n, const Var& v) {
    const Type result = inferred(n, v);
    const std::string& name = n.args[0].get<GlobalVar>().name;
    const auto* func = std::get_if<tir::PrimFunc>(&known_function(name));
    if (!func) fault("R.call_tir of " + name + ", which is no TensorIR function");
    std::vector<Type> types;
    for (const Expr& tensor : n.args[1].get<Tuple>().values) types.push_back(type_of(tensor));
    if (const auto* several = result.as<TupleType>()) {
      types.insert(types.end(), several->fields_.begin(), several->fields_.end());
    } else {
      types.push_back(result);
    }
    const std::size_t num_tensors = types.size();
    if (n.args.size() > 2) {
      const auto* scalars = n.args[2].as<ShapeExpr>();
      if (!scalars) fault("the scalars of the call of " + name + " are no shape");
      for (const tir::Expr& e : scalars->values) types.push_back(PrimType{tir::dtype_of(e), {}});
    }
    if (types.size() != func->params.size()) {
      fault(str_cat("the call of ", name, " that defines ", v.name, " passes ", num_tensors,
                    " tensors and ", types.size() - num_tensors, " scalars to ",
                    func->params.size(), " parameters"));
    }
    std::vector<Type> params;
    for (const tir::Param& param : func->params) params.push_back(buffer_type(param));
    match_arguments(name, params, types, v);
    agree(v.type, result, "variable " + v.name);
  }

  // The function's symbols stand for what the arguments have in their place.
  void match_arguments(const std::string& name, const std::vector<Type>& params,
                       const std::vector<Type>& types, const Var& v) const {
    for (std::size_t i = 0; i < params.size(); ++i) {
      const Type param = result_of_call({params, params[i], true}, types);
      const std::string conflict = type_conflict(param, types[i]);
      if (conflict.empty()) continue;
      fault(str_cat("argument ", i, " of the call of ", name, " that defines ", v.name,
                    " has another type than the parameter: ", conflict));
    }
  }

  void function_call(const Call& n, const Var& v) {
    const auto* global = n.callee.as<GlobalVar>();
    if (!global) leaf(n.callee, "the function that defines " + v.name);
    Type type = type_of(n.callee);
    std::string name = global ? global->name : text(n.callee);
    if (global) {
      const auto& entry = known_function(name);
      if (const auto* prim = std::get_if<tir::PrimFunc>(&entry)) {
        if (prim->params.size() != n.args.size()) {
          fault(str_cat(name, " takes ", prim->params.size(), " arguments, got ", n.args.size()));
        }
        return;
      }
      type = type_of(std::get<Expr>(entry));
    }
    if (type.as<AnyType>()) return;
    const auto* function = type.as<FuncType>();
    if (!function) fault(name + " is called, but is no function");
    if (!function->is_pure) impure("function " + name);
    if (!function->params) return;
    if (function->params->size() != n.args.size()) {
      fault(str_cat(name, " takes ", function->params->size(), " arguments, got ", n.args.size()));
    }
    std::vector<Type> types;
    for (const Expr& arg : n.args) types.push_back(type_of(arg));
    match_arguments(name, *function->params, types, v);
    agree(v.type, result_of_call(*function, types), "variable " + v.name);
  }

  const Module& module_;
  std::string name_;
  std::set<const void*> visible_, ended_, symbols_;
  bool in_dataflow_ = false;
  bool needs_pure_ = true;
};

}  // namespace

void verify(const Module& module) {
  std::set<std::string> names;
  for (const auto& [name, entry] : module.functions) {
    if (!names.insert(name).second) throw UserError("function " + name + " is defined twice");
  }
  for (const auto& [name, entry] : module.functions) {
    const auto* e = std::get_if<Expr>(&entry);
    if (!e) continue;
    const auto* func = *e ? e->as<Function>() : nullptr;
    if (!func) throw UserError(name + ": this entry of the module is no function");
    FunctionVerifier(module, name).function(*func);
  }
}

}  // namespace tenon::relax
