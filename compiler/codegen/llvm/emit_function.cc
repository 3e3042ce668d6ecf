// Functions: declarations with their attributes, and bodies.
#include "compiler/codegen/llvm/emitter.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon::codegen {

using namespace tir;

namespace {

bool is_written(const PrimFunc& func, const Expr& data) {
  for (const Buffer& b : buffers_written(func.body)) {
    if (node(b).data.same_as(data)) return true;
  }
  return false;
}

// Whether the pointer itself is used: passed to a call, or the start of other buffers (the
// workspace). Then nothing may be said about what happens through it.
bool is_passed_on(const PrimFunc& func, const Expr& data) {
  bool found = false;
  walk(func.body, {.expr = [&](const Expr& e) {
         const auto* n = e.as<Call>();
         if (n && n->op == Intrinsic::kPrefetch) return false;
         if (n && n->op == Intrinsic::kAddressOf) {
           const auto* at = n->args[0].as<Load>();
           found = found || (at && node(at->buffer).data.same_as(data));
         }
         found = found || e.same_as(data);
         return !found;
       }});
  return found;
}

}  // namespace

void set_function_attributes(ModuleState& state, llvm::Function* function) {
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr("no-builtins");
  function->addFnAttr("no-trapping-math", "true");
  function->addFnAttr("prefer-vector-width", std::to_string(state.target.vector_bits()));
  function->addFnAttr("target-cpu", state.target.mcpu);
  function->addFnAttr("target-features", state.target.feature_string());
}

llvm::Function* declare_function(ModuleState& state, const std::string& name,
                                 const PrimFunc& func) {
  std::vector<llvm::Type*> types;
  for (const Param& param : func.params) {
    types.push_back(value_type(state.context, dtype_of(param.var)));
  }
  llvm::Type* result = func.ret_type ? value_type(state.context, *func.ret_type)
                                     : llvm::Type::getVoidTy(state.context);
  auto* type = llvm::FunctionType::get(result, types, false);
  auto* function =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, state.module);
  for (std::size_t i = 0; i < func.params.size(); ++i) {
    const Param& param = func.params[i];
    if (!param.buffer) continue;
    llvm::Argument* argument = function->getArg(static_cast<unsigned>(i));
    argument->addAttr(llvm::Attribute::NoAlias);
    if (is_passed_on(func, param.var)) continue;
    argument->addAttr(llvm::Attribute::NoCapture);
    if (!is_written(func, param.var)) argument->addAttr(llvm::Attribute::ReadOnly);
  }
  set_function_attributes(state, function);
  state.functions[name] = function;
  return function;
}

void define_function(ModuleState& state, llvm::Function* function, const PrimFunc& func) {
  FunctionEmitter emitter(state, function);
  for (std::size_t i = 0; i < func.params.size(); ++i) {
    llvm::Argument* argument = function->getArg(static_cast<unsigned>(i));
    emitter.bind(func.params[i].var, argument);
    if (func.params[i].buffer) emitter.bind(node(func.params[i].buffer).data, argument);
  }
  // The context comes last in every function that lowering makes.
  if (!func.params.empty() && !func.params.back().buffer &&
      dtype_of(func.params.back().var).is_handle()) {
    emitter.context = function->getArg(static_cast<unsigned>(func.params.size() - 1));
  }
  emitter.emit(func.body);
  emitter.finish();
}

}  // namespace tenon::codegen
