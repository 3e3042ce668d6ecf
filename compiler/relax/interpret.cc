#include "compiler/relax/interpret.h"

#include <cstring>

#include "compiler/relax/op.h"
#include "compiler/relax/symbols.h"
#include "compiler/relax/value_types.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpret.h"

namespace tenon::relax {

// Variables and symbols of one call of a function.
struct Scope {
  std::map<Expr, Value, IdLess> variables;
  SymbolValues symbols;
};

struct Closure {
  std::string name;
  Expr function;
  Scope scope;
};

namespace {

constexpr int kMaxDepth = 256;  // of calls; a model's functions do not recurse deeply
constexpr std::string_view kPlace = "function ";

tir::AttrValue concrete(const tir::AttrValue& attr, const SymbolValues& symbols) {
  tir::AttrValue result = attr;
  if (auto* e = std::get_if<tir::Expr>(&result.value); e && *e) *e = symbols.substitute(*e);
  if (auto* list = std::get_if<tir::AttrValue::List>(&result.value)) {
    for (tir::AttrValue& item : *list) item = concrete(item, symbols);
  }
  if (auto* map = std::get_if<tir::AttrValue::Map>(&result.value)) {
    for (auto& [key, item] : *map) item = concrete(item, symbols);
  }
  return result;
}

TensorData result_tensor(const Type& type, const SymbolValues& symbols) {
  const auto* tensor = type.as<TensorType>();
  if (!tensor || !tensor->shape || !tensor->dtype) {
    throw UserError("the result's type has no shape or no element type");
  }
  TensorData result;
  result.dtype = *tensor->dtype;
  result.shape = symbols.evaluate(*tensor->shape);
  return result;
}

// An operator call for the sizes at hand: arguments are variables of constant shape.
struct ConcreteCall {
  Call call;
  std::vector<TensorRef> tensors;

  Expr leaf_of(const Value& value) {
    if (const auto* tensor = value.as<TensorRef>()) {
      tensors.push_back(*tensor);
      return make_var("x", tensor_type((*tensor)->shape, (*tensor)->dtype));
    }
    if (const auto* shape = value.as<ShapeValue>()) {
      ShapeExpr e;
      for (const std::int64_t dim : shape->dims) e.values.push_back(tir::i64(dim));
      return e;
    }
    if (const auto* number = value.as<PrimNumber>()) {
      return PrimValue{tir::int_imm(number->dtype, number->value)};
    }
    if (const auto* tuple = value.as<Value::Tuple>()) {
      Tuple e;
      for (const Value& field : *tuple) e.values.push_back(leaf_of(field));
      return e;
    }
    throw UserError("an operator takes no function as argument");
  }
};

class Interpreter {
 public:
  Interpreter(const Module& module, const InterpretOptions& options)
      : module_(module), options_(options) {
    for (const auto& [name, func] : module.functions) {
      if (const auto* prim = std::get_if<tir::PrimFunc>(&func)) {
        kernels_.functions.emplace_back(name, *prim);
      }
    }
  }

  Value call_function(const std::string& name, const Function& func, Scope scope,
                      const std::vector<Value>& arguments) {
    if (++depth_ > kMaxDepth) {
      throw UserError(str_cat("function ", name, ": calls are nested deeper than ", kMaxDepth));
    }
    bind_parameters(name, func, arguments, scope);
    const std::string outer = std::exchange(function_, name);
    const Value result = evaluate(func.body, scope);
    function_ = outer;
    --depth_;
    return result;
  }

 private:
  void bind_parameters(const std::string& name, const Function& func,
                       const std::vector<Value>& arguments, Scope& scope) {
    if (arguments.size() != func.params.size()) {
      throw UserError(str_cat("function ", name, " takes ", func.params.size(),
                              " arguments, found ", arguments.size()));
    }
    const auto place = [&](std::size_t i) {
      return str_cat("input ", quote(var(func.params[i]).name), " of ", name);
    };
    // All parameters first: an expression of one may need symbols of a later one.
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      bind_symbols(var(func.params[i]).type, arguments[i], place(i), scope.symbols);
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      check_type(var(func.params[i]).type, arguments[i], place(i), scope.symbols);
      scope.variables.insert_or_assign(func.params[i], arguments[i]);
    }
    for (const SymbolInfo& info : module_.symbols) check_facts(info, scope.symbols);
  }

  static void check_facts(const SymbolInfo& info, const SymbolValues& symbols) {
    if (!symbols.knows(info.var)) return;
    const std::int64_t value = symbols.evaluate(info.var);
    const std::string found = symbols.explain(info.var);
    if (value < info.min) throw UserError(str_cat(found, "; at least ", info.min, " is needed"));
    if (info.max && value > *info.max) {
      throw UserError(str_cat(found, "; at most ", *info.max, " is allowed"));
    }
    if (info.divisor > 1 && value % info.divisor != 0) {
      throw UserError(str_cat(found, "; a multiple of ", info.divisor, " is needed"));
    }
  }

  Value evaluate(const Expr& e, Scope& scope) {
    return match(
        e, [&](const Var& n) -> Value { return variable(e, n, scope); },
        [&](const Constant& n) -> Value { return n.data; },
        [&](const ShapeExpr& n) -> Value { return ShapeValue{scope.symbols.evaluate(n.values)}; },
        [&](const PrimValue& n) -> Value {
          return PrimNumber{tir::dtype_of(n.value), scope.symbols.evaluate(n.value)};
        },
        [&](const StringImm&) -> Value { throw UserError("a string is no value of a program"); },
        [&](const DataTypeImm&) -> Value {
          throw UserError("a data type is no value of a program");
        },
        [&](const GlobalVar& n) -> Value { return global(n.name); },
        [&](const ExternFunc& n) -> Value {
          throw UserError("external function " + quote(n.name) + " cannot be interpreted");
        },
        [&](const OpaqueOp& n) -> Value {
          throw UserError("R." + n.name + " has no definition, so it cannot be interpreted");
        },
        [&](const Tuple& n) -> Value {
          Value::Tuple values;
          for (const Expr& value : n.values) values.push_back(evaluate(value, scope));
          return values;
        },
        [&](const TupleGetItem& n) -> Value { return item(n, scope); },
        [&](const Call& n) -> Value { return call(n, scope); },
        [&](const If& n) -> Value {
          return evaluate(is_true(evaluate(n.condition, scope)) ? n.then_branch : n.else_branch,
                          scope);
        },
        [&](const SeqExpr& n) -> Value {
          for (const BindingBlock& block : n.blocks) {
            for (const Binding& binding : block.bindings) bind(binding, scope);
          }
          return evaluate(n.body, scope);
        },
        [&](const Function&) -> Value {
          return std::make_shared<const Closure>(Closure{"of " + function_, e, scope});
        });
  }

  static Value variable(const Expr& e, const Var& n, const Scope& scope) {
    const auto it = scope.variables.find(e);
    if (it == scope.variables.end()) {
      throw UserError("variable " + n.name + " has no value here");
    }
    return it->second;
  }

  Value global(const std::string& name) const {
    for (const auto& [key, func] : module_.functions) {
      if (key != name) continue;
      const auto* expr = std::get_if<Expr>(&func);
      if (!expr) {
        throw UserError(name + " is a TensorIR function; it is called by R.call_tir");
      }
      return std::make_shared<const Closure>(Closure{name, *expr, {}});
    }
    throw unknown_function(name);
  }

  UserError unknown_function(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& entry : module_.functions) known.push_back(entry.first);
    return UserError("the module has no function " + quote(name), did_you_mean(name, known));
  }

  Value item(const TupleGetItem& n, Scope& scope) {
    const Value value = evaluate(n.tuple, scope);
    const auto* tuple = value.as<Value::Tuple>();
    if (!tuple) throw UserError("an item is taken of " + describe(value) + ", not of a tuple");
    if (n.index < 0 || static_cast<std::size_t>(n.index) >= tuple->size()) {
      throw UserError(str_cat("item ", n.index, " is taken of ", describe(value)));
    }
    return (*tuple)[static_cast<std::size_t>(n.index)];
  }

  static bool is_true(const Value& value) {
    if (const auto* number = value.as<PrimNumber>()) return number->value != 0;
    const auto* tensor = value.as<TensorRef>();
    if (!tensor || !(*tensor)->dtype.is_bool() || (*tensor)->num_elements() != 1) {
      throw UserError("the condition of an if is " + describe(value) +
                      "; a bool tensor of one element is needed");
    }
    return element_at(**tensor, 0) != 0;
  }

  // Refusals are told with function and binding, the innermost one where calls are nested.
  void bind(const Binding& binding, Scope& scope) {
    const std::string& name = var(binding.var).name;
    try {
      const Value value = evaluate(binding.value, scope);
      if (binding.cast_type) {
        bind_symbols(binding.cast_type, value, "match_cast " + name, scope.symbols);
        check_type(binding.cast_type, value, "match_cast " + name, scope.symbols);
      } else if (var(binding.var).type) {
        check_type(var(binding.var).type, value, "its value", scope.symbols);
      }
      scope.variables.insert_or_assign(binding.var, value);
    } catch (const UserError& error) {
      if (std::string_view(error.what()).starts_with(kPlace)) throw;
      throw UserError(str_cat(kPlace, function_, ", binding ", name, ": ", error.what()));
    }
  }

  Value call(const Call& n, Scope& scope) {
    if (n.op) return n.op->name == "call_tir" ? call_tir(n, scope) : call_operator(n, scope);
    if (n.callee.as<ExternFunc>()) return evaluate(n.callee, scope);
    const Value callee = evaluate(n.callee, scope);
    const auto* closure = callee.as<std::shared_ptr<const Closure>>();
    if (!closure) throw UserError("a function is called, found " + describe(callee));
    const auto* func = (*closure)->function.as<Function>();
    CHECK(func) << "a closure holds a function";
    std::vector<Value> arguments;
    for (const Expr& arg : n.args) arguments.push_back(evaluate(arg, scope));
    return call_function((*closure)->name, *func, (*closure)->scope, arguments);
  }

  Value call_operator(const Call& n, Scope& scope) {
    ConcreteCall concrete_call{n, {}};
    for (Expr& arg : concrete_call.call.args) {
      // An operator may look at the value of a constant.
      if (const auto* constant = arg.as<Constant>()) {
        concrete_call.tensors.push_back(constant->data);
      } else {
        arg = concrete_call.leaf_of(evaluate(arg, scope));
      }
    }
    for (auto& [name, attr] : concrete_call.call.attrs) attr = concrete(attr, scope.symbols);
    if (!n.op->define) {
      throw UserError("R." + std::string(n.op->name) + " has no definition to interpret");
    }
    const Type type = infer_type(concrete_call.call);
    const std::vector<TensorData> results{result_tensor(type, scope.symbols)};
    const tir::PrimFunc func = n.op->define(concrete_call.call, type);
    return options_.run_kernel({func, kernels_, concrete_call.tensors, results, {}}).front();
  }

  Value call_tir(const Call& n, Scope& scope) {
    const std::string& name = n.args[0].get<GlobalVar>().name;
    const tir::PrimFunc* func = module_.find_prim_func(name);
    if (!func) throw unknown_function(name);
    const std::vector<TensorRef> tensors = tensors_of(evaluate(n.args[1], scope));
    std::vector<std::int64_t> scalars;
    if (n.args.size() > 2) {
      const Value symbols = evaluate(n.args[2], scope);
      const auto* shape = symbols.as<ShapeValue>();
      if (!shape) throw UserError("the third argument of R.call_tir is no shape");
      scalars = shape->dims;
    }
    const auto* tuple = n.type_args.at(0).as<TupleType>();
    const std::vector<Type> types = tuple ? tuple->fields_ : std::vector<Type>{n.type_args[0]};
    std::vector<TensorData> results;
    for (const Type& type : types) results.push_back(result_tensor(type, scope.symbols));
    const std::vector<TensorRef> made =
        options_.run_kernel({*func, kernels_, tensors, results, scalars});
    CHECK(made.size() == results.size()) << "a kernel gives each of its results";
    if (!tuple) return made.front();
    return Value::Tuple(made.begin(), made.end());
  }

  const Module& module_;
  const InterpretOptions& options_;
  tir::TirModule kernels_;
  std::string function_;
  int depth_ = 0;
};

}  // namespace

std::vector<TensorRef> interpret_kernel(const KernelCall& call) {
  std::vector<tir::Tensor> tensors;
  tensors.reserve(call.arguments.size() + call.results.size());
  std::vector<tir::Argument> arguments;
  for (const TensorRef& from : call.arguments) {
    tensors.push_back({from->dtype, from->shape, {from->bytes, from->bytes + from->size_bytes}});
    arguments.emplace_back(&tensors.back());
  }
  constexpr std::byte kUnwritten{0xff};
  for (const TensorData& result : call.results) {
    tensors.push_back(tir::Tensor::zeros(result.dtype, result.shape));
    std::fill(tensors.back().data.begin(), tensors.back().data.end(), kUnwritten);
    arguments.emplace_back(&tensors.back());
  }
  for (const std::int64_t scalar : call.scalars) arguments.emplace_back(scalar);
  tir::interpret(call.func, arguments, &call.module);
  std::vector<TensorRef> results;
  for (std::size_t i = 0; i < call.results.size(); ++i) {
    const tir::Tensor& made = tensors[call.arguments.size() + i];
    auto [tensor, bytes] = make_tensor(made.dtype, made.shape);
    CHECK(made.data.size() == tensor->size_bytes) << "a result has another size";
    if (!made.data.empty()) std::memcpy(bytes, made.data.data(), made.data.size());
    results.push_back(tensor);
  }
  return results;
}

Value interpret(const Module& module, const std::string& function,
                const std::vector<Value>& arguments, const InterpretOptions& options) {
  const Function* func = module.find_function(function);
  if (!func) {
    std::vector<std::string> known;
    for (const auto& entry : module.functions) known.push_back(entry.first);
    throw UserError("the module has no Relax function " + quote(function),
                    did_you_mean(function, known));
  }
  return Interpreter(module, options).call_function(function, *func, {}, arguments);
}

}  // namespace tenon::relax
